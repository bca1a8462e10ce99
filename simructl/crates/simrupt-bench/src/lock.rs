// SPDX-License-Identifier: GPL-2.0-only

//! One bench at a time: a lock that ends with the process, in any way that it ends.

use std::fs::{File, OpenOptions};
use std::io::Write;

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};

use simrupt::failure::Failure;
use simrupt::sysroot::{Sysroot, read_text};

/// The lock, held.
#[derive(Debug)]
pub struct Lock(Flock<File>);

impl Lock {
    /// Takes the lock, or names the process that has it.
    pub fn take(sysroot: &Sysroot) -> Result<Self, Failure> {
        let path = sysroot.run("simrupt-bench.lock");
        let mut options = OpenOptions::new();
        let file = options
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(|error| Failure::file("open", &path, None, &error))?;
        let mut lock = match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
            Ok(lock) => Self(lock),
            Err((_, Errno::EWOULDBLOCK)) => {
                let pid = read_text(&path).unwrap_or_default();
                let why = format!("another bench runs: process {}", pid.trim());
                return Err(Failure::new("cannot bench", why)
                    .remedy("wait for it to end, or end it with Ctrl-C or kill"));
            }
            Err((_, errno)) => return Err(Failure::file("lock", &path, None, &errno.into())),
        };
        let pid = format!("{}\n", std::process::id());
        // The number is only for the message above.
        let _ = lock.0.set_len(0);
        let _ = lock.0.write_all(pid.as_bytes());
        Ok(lock)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lock_has_one_holder_and_ends_with_it() {
        let directory = tempfile::tempdir().unwrap();
        let sysroot = Sysroot::new(directory.path().to_path_buf());
        assert!(Lock::take(&sysroot).is_err(), "there is no run");
        std::fs::create_dir(directory.path().join("run")).unwrap();
        let lock = Lock::take(&sysroot).unwrap();
        let refused = Lock::take(&sysroot).unwrap_err().to_string();
        let pid = std::process::id();
        assert!(refused.contains(&format!("process {pid}\n")), "{refused}");
        drop(lock);
        Lock::take(&sysroot).unwrap();
    }
}
