//! libFuzzer over the target `policy`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| dam_fuzz::run("policy", input));
