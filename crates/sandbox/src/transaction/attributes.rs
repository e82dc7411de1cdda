//! Extended attributes that a file takes along: the user's own, and access
//! lists. What the kernel notes in a layer, and what would give a program
//! rights, is not among them.

use std::collections::BTreeMap;
use std::ffi::CString;
use std::os::fd::OwnedFd;

use rustix::fs::XattrFlags;
use rustix::io::Errno;

/// As long as the kernel lets a list of names, or a value, be.
const LONGEST: usize = 64 * 1024;

pub(super) type Attributes = BTreeMap<CString, Vec<u8>>;

/// Those of an open file or directory; none where the file system has none.
pub(super) fn of(file: &OwnedFd) -> Result<Attributes, Errno> {
    let mut names = vec![0; LONGEST];
    let length = match rustix::fs::flistxattr(file, &mut names[..]) {
        Ok(length) => length,
        Err(Errno::OPNOTSUPP) => return Ok(Attributes::new()),
        Err(errno) => return Err(errno),
    };
    let mut found = Attributes::new();
    for name in names[..length].split(|byte| *byte == 0) {
        if !is_taken_along(name) {
            continue;
        }
        let name = CString::new(name).map_err(|_| Errno::INVAL)?;
        if let Some(value) = value(file, &name)? {
            found.insert(name, value);
        }
    }
    Ok(found)
}

/// Whether a directory of a layer hides what lies below it.
pub(super) fn is_opaque(directory: &OwnedFd) -> Result<bool, Errno> {
    Ok(value(directory, c"user.overlay.opaque")?.as_deref() == Some(b"y"))
}

/// Makes a file's attributes these.
pub(super) fn set(file: &OwnedFd, wanted: &Attributes) -> Result<(), Errno> {
    let present = of(file)?;
    for name in present.keys().filter(|name| !wanted.contains_key(*name)) {
        rustix::fs::fremovexattr(file, name)?;
    }
    for (name, value) in wanted {
        if present.get(name) != Some(value) {
            rustix::fs::fsetxattr(file, name, value, XattrFlags::empty())?;
        }
    }
    Ok(())
}

fn is_taken_along(name: &[u8]) -> bool {
    name.starts_with(b"user.") && !name.starts_with(b"user.overlay.")
        || name == b"system.posix_acl_access"
        || name == b"system.posix_acl_default"
}

fn value(file: &OwnedFd, name: &std::ffi::CStr) -> Result<Option<Vec<u8>>, Errno> {
    let mut value = vec![0; LONGEST];
    match rustix::fs::fgetxattr(file, name, &mut value[..]) {
        Ok(length) => {
            value.truncate(length);
            Ok(Some(value))
        }
        Err(Errno::NODATA | Errno::OPNOTSUPP) => Ok(None),
        Err(errno) => Err(errno),
    }
}
