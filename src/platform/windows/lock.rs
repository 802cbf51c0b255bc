//! Locks of files, between programs.

use std::{
    fs::{File, OpenOptions},
    io,
    os::windows::fs::OpenOptionsExt as _,
    path::Path,
    thread,
    time::Duration,
};

// Access rights.
const DELETE: u32 = 0x0001_0000;
const GENERIC_WRITE: u32 = 0x4000_0000;

/// Flag of a file that is removed when it is closed.
const FILE_FLAG_DELETE_ON_CLOSE: u32 = 0x0400_0000;

/// Error number: another program has opened the file.
const ERROR_SHARING_VIOLATION: i32 = 32;

/// Error number: no permission, or the file is being removed.
const ERROR_ACCESS_DENIED: i32 = 5;

/// Number of attempts to open a file that may be in the process of being removed.
const RETRIES: u32 = 10;

/// Delay before such an attempt.
const RETRY_DELAY: Duration = Duration::from_millis(10);

/// Locks the file at `path`, which is created if it does not exist, until the result is dropped. Returns `None` if another
/// program has locked it.
///
/// Nothing else can open the file in the meantime: Rust 1.88 has no other locks. The file is removed when it is unlocked,
/// because an open file cannot be removed by its path.
pub(crate) fn try_lock(path: &Path) -> io::Result<Option<File>> {
    let mut retries = RETRIES;
    loop {
        let error = match open(path) {
            Ok(file) => return Ok(Some(file)),
            Err(error) => error,
        };
        match error.raw_os_error() {
            Some(ERROR_SHARING_VIOLATION) => return Ok(None),
            Some(ERROR_ACCESS_DENIED) if retries > 0 => thread::sleep(RETRY_DELAY),
            _ => return Err(error),
        }
        retries -= 1;
    }
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .access_mode(GENERIC_WRITE | DELETE)
        .share_mode(0)
        .custom_flags(FILE_FLAG_DELETE_ON_CLOSE)
        .open(path)
}
