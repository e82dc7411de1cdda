# A crate with a build script and one that it depends on: built, tested, run.
# needs: cargo cc
mkdir -p dep/src app/src app/tests
printf '[package]\nname = "dep"\nversion = "0.1.0"\nedition = "2021"\n' >dep/Cargo.toml
echo 'pub fn twice(x: u32) -> u32 { x * 2 }' >dep/src/lib.rs
cat >app/Cargo.toml <<'END'
[package]
name = "app"
version = "0.1.0"
edition = "2021"
[dependencies]
dep = { path = "../dep" }
END
cat >app/build.rs <<'END'
use std::{env, fs, path::Path, process::Command};
fn main() {
    let out = env::var("OUT_DIR").unwrap();
    let said = Command::new("sh").args(["-c", "echo 21"]).output().unwrap();
    let number = String::from_utf8(said.stdout).unwrap();
    fs::write(Path::new(&out).join("number.rs"), format!("pub const N: u32 = {};", number.trim())).unwrap();
    println!("cargo:rerun-if-changed=build.rs");
}
END
cat >app/src/main.rs <<'END'
include!(concat!(env!("OUT_DIR"), "/number.rs"));
fn main() { println!("{}", dep::twice(N)); }
#[test] fn is_right() { assert_eq!(dep::twice(N), 42); }
END
cat >app/tests/whole.rs <<'END'
#[test] fn runs() {
    let said = std::process::Command::new(env!("CARGO_BIN_EXE_app")).output().unwrap();
    assert_eq!(said.stdout, b"42\n");
    std::fs::write(std::env::temp_dir().join(format!("app-{}", std::process::id())), "x").unwrap();
    std::fs::remove_file(std::env::temp_dir().join(format!("app-{}", std::process::id()))).unwrap();
}
#[test] fn fails() { if std::env::var_os("FAIL").is_some() { panic!("as asked") } }
END
export CARGO_HOME=$PWD/cargo-home
cd app
cargo build --offline --quiet
cargo test --offline --quiet >tests.log
grep -c '^test result: ok. 1 passed\|^test result: ok. 2 passed' tests.log
cargo run --offline --quiet
touch src/main.rs
cargo build --offline --quiet
FAIL=1 cargo test --offline --quiet >tests.log 2>&1 || echo "a failing test: $?"
cargo clean --offline --quiet && ! test -e target
