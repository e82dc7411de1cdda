//! libFuzzer over the target `socks`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| dam_fuzz::run("socks", input));
