//! libFuzzer over the target `dns`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| dam_fuzz::run("dns", input));
