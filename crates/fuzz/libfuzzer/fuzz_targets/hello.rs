//! libFuzzer over the target `hello`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| dam_fuzz::run("hello", input));
