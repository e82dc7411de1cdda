//! libFuzzer over the target `http`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| dam_fuzz::run("http", input));
