//! The file of certificates that commands trust while somebody looks into their
//! connections: those of the system, and the one of this session.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use dam_journal::SessionId;

use crate::error::{CommandError, Kind};

/// Where systems keep the certificates that they trust.
const SYSTEM: &[&str] = &[
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// Not `/tmp`, of which a box may have its own.
const PLACE: &str = "/var/tmp";

/// The file; it goes when this is dropped.
pub struct Bundle {
    directory: PathBuf,
    file: PathBuf,
}

impl Bundle {
    /// Writes it into a directory of its own that nobody else can write to.
    pub fn write(session: &str, more: Option<&[u8]>) -> Result<Self, CommandError> {
        Self::written(session, more).map_err(|error| {
            let text = format!(
                "the certificates of this session cannot be written below {PLACE}: {error}"
            );
            CommandError::new(Kind::Boundary, text)
        })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.file
    }

    fn written(session: &str, more: Option<&[u8]>) -> io::Result<Self> {
        let id = SessionId::generate().map_err(io::Error::other)?;
        let directory = Path::new(PLACE).join(format!("cofferdam-{id}"));
        DirBuilder::new().mode(0o700).create(&directory)?;
        let bundle = Self {
            file: directory.join("certificates.pem"),
            directory,
        };
        let mut options = OpenOptions::new();
        let mut file = options
            .write(true)
            .create_new(true)
            .mode(0o400)
            .open(&bundle.file)?;
        let system = SYSTEM.iter().find_map(|path| fs::read(path).ok());
        for pem in [system.as_deref(), more, Some(session.as_bytes())]
            .into_iter()
            .flatten()
        {
            file.write_all(pem)?;
            file.write_all(b"\n")?;
        }
        Ok(bundle)
    }
}

impl Drop for Bundle {
    fn drop(&mut self) {
        // What is left behind holds no secret.
        let _ = fs::remove_file(&self.file);
        let _ = fs::remove_dir(&self.directory);
    }
}
