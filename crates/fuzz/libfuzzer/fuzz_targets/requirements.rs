//! libFuzzer over the target `requirements`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| dam_fuzz::run("requirements", input));
