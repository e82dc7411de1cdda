//! libFuzzer over the target `shell`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| dam_fuzz::run("shell", input));
