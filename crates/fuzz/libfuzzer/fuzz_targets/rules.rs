//! libFuzzer over the target `rules`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| dam_fuzz::run("rules", input));
