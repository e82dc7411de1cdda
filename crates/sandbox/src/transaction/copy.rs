//! What files hold: compared, and copied without filling holes.

use std::fs::File;
use std::io::Read;
use std::os::fd::OwnedFd;

use rustix::fs::SeekFrom;
use rustix::io::Errno;

/// How much is moved at once.
const CHUNK: usize = 256 * 1024;

/// Whether two files hold the same, from their beginning.
pub(super) fn same(a: OwnedFd, b: OwnedFd) -> std::io::Result<bool> {
    let (mut a, mut b) = (File::from(a), File::from(b));
    let (mut from_a, mut from_b) = (vec![0; CHUNK], vec![0; CHUNK]);
    loop {
        let read = fill(&mut a, &mut from_a)?;
        if fill(&mut b, &mut from_b)? != read || from_a[..read] != from_b[..read] {
            return Ok(false);
        }
        if read == 0 {
            return Ok(true);
        }
    }
}

fn fill(file: &mut File, buffer: &mut [u8]) -> std::io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read(&mut buffer[filled..])? {
            0 => break,
            read => filled += read,
        }
    }
    Ok(filled)
}

/// Copies `length` bytes into a new file: shared, where the file system can
/// share; else inside the kernel, data by data, so that holes stay holes.
pub(super) fn copy(from: &OwnedFd, to: &OwnedFd, length: u64) -> Result<(), Errno> {
    if rustix::fs::ioctl_ficlone(to, from).is_ok() {
        return Ok(());
    }
    rustix::fs::ftruncate(to, length)?;
    let mut at = 0;
    while at < length {
        let start = match rustix::fs::seek(from, SeekFrom::Data(at)) {
            Ok(start) => start,
            // Nothing but a hole is left.
            Err(Errno::NXIO) => break,
            Err(Errno::INVAL) => at,
            Err(errno) => return Err(errno),
        };
        let end = match rustix::fs::seek(from, SeekFrom::Hole(start)) {
            Ok(end) => end.min(length),
            Err(Errno::INVAL) => length,
            Err(errno) => return Err(errno),
        };
        copy_range(from, to, start, end)?;
        at = end;
    }
    Ok(())
}

fn copy_range(from: &OwnedFd, to: &OwnedFd, start: u64, end: u64) -> Result<(), Errno> {
    let (mut read, mut written) = (start, start);
    while read < end {
        let wanted = usize::try_from(end - read)
            .unwrap_or(usize::MAX)
            .min(1 << 30);
        match rustix::fs::copy_file_range(from, Some(&mut read), to, Some(&mut written), wanted) {
            // The file has become shorter.
            Ok(0) => return Err(Errno::IO),
            Ok(_) | Err(Errno::INTR) => {}
            Err(Errno::XDEV | Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP | Errno::PERM) => {
                return copy_by_hand(from, to, read, end);
            }
            Err(errno) => return Err(errno),
        }
    }
    Ok(())
}

fn copy_by_hand(from: &OwnedFd, to: &OwnedFd, mut at: u64, end: u64) -> Result<(), Errno> {
    let mut buffer = vec![0; CHUNK];
    while at < end {
        let wanted = usize::try_from(end - at).unwrap_or(CHUNK).min(CHUNK);
        let read = rustix::io::pread(from, &mut buffer[..wanted], at)?;
        if read == 0 {
            return Err(Errno::IO);
        }
        let mut left = &buffer[..read];
        while !left.is_empty() {
            let written = rustix::io::pwrite(to, left, at)?;
            at += written as u64;
            left = &left[written..];
        }
    }
    Ok(())
}
