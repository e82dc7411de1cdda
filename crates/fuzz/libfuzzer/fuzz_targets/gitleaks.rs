//! libFuzzer over the target `gitleaks`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| dam_fuzz::run("gitleaks", input));
