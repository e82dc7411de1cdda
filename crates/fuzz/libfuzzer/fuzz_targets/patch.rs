//! libFuzzer over the target `patch`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| dam_fuzz::run("patch", input));
