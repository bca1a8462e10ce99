// SPDX-License-Identifier: GPL-2.0-only

//! The place of the kernel's files: `/`, or a directory that replaces it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

use nix::errno::Errno;

use crate::plain::Plain;

/// Most text files of the kernel are far smaller; a longer file is cut, and then refused by its parser.
const TEXT_LIMIT: u64 = 64 * 1024;
/// The longest are those of histograms, with up to some thousand buckets for each of their stages.
const WHOLE_LIMIT: u64 = 4 * 1024 * 1024;

/// The root of `/sys`, `/proc` and `/dev`.
#[derive(Debug)]
pub struct Sysroot(PathBuf);

impl Sysroot {
    /// `root` is the directory above `sys`, `proc` and `dev`.
    pub fn new(root: PathBuf) -> Self {
        Self(root)
    }

    /// Whether this is the running system.
    pub fn is_live(&self) -> bool {
        self.0
            .canonicalize()
            .is_ok_and(|root| root == Path::new("/"))
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The loaded module: `sys/module/simrupt`.
    pub fn module(&self) -> PathBuf {
        self.0.join("sys/module/simrupt")
    }

    /// The module parameters, one file per knob.
    pub fn parameters(&self) -> PathBuf {
        self.module().join("parameters")
    }

    /// The module's debugfs directory.
    pub fn debugfs(&self) -> PathBuf {
        self.0.join("sys/kernel/debug/simrupt")
    }

    /// The character device of a line.
    pub fn device(&self, line: u32) -> PathBuf {
        self.0.join(format!("dev/simrupt{line}"))
    }

    /// The platform device of a line.
    pub fn platform_device(&self, line: u32) -> PathBuf {
        self.0
            .join(format!("sys/bus/platform/devices/simrupt.{line}"))
    }

    /// A file under `proc`.
    pub fn proc(&self, name: &str) -> PathBuf {
        self.0.join("proc").join(name)
    }

    /// A file under `sys`.
    pub fn sys(&self, name: &str) -> PathBuf {
        self.0.join("sys").join(name)
    }

    /// A file under `run`, which is empty after a reboot.
    pub fn run(&self, name: &str) -> PathBuf {
        self.0.join("run").join(name)
    }

    /// Whether debugfs is mounted at its usual place.
    pub fn debugfs_is_mounted(&self) -> bool {
        // The name of a mount need not be UTF-8.
        fs::read(self.proc("mounts")).is_ok_and(|mounts| {
            String::from_utf8_lossy(&mounts).lines().any(|mount| {
                let mut fields = mount.split(' ').skip(1);
                fields.next() == Some("/sys/kernel/debug") && fields.next() == Some("debugfs")
            })
        })
    }
}

/// Reads a text file, at most 64 KiB of it.
pub fn read_text(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?
        .take(TEXT_LIMIT)
        .read_to_string(&mut text)?;
    Ok(text)
}

/// Opens a text file of the user; `-` is standard input. Reading fails if it is not plain text, and a byte order mark
/// at the beginning is skipped.
pub fn open_or_stdin(path: &Path) -> io::Result<Box<dyn Read>> {
    Ok(Box::new(Plain::new(open_bytes(path)?)))
}

/// Opens a file of the user, with any content; `-` is standard input.
pub fn open_bytes(path: &Path) -> io::Result<Box<dyn Read>> {
    match path == Path::new("-") {
        // std::io::Stdin is not used, because it treats a closed standard input as empty.
        true => Ok(Box::new(File::from(
            io::stdin().as_fd().try_clone_to_owned()?,
        ))),
        false => Ok(Box::new(File::open(path)?)),
    }
}

/// The name in messages of a file of the user; `-` is standard input.
pub fn input_name(path: &Path) -> String {
    match path == Path::new("-") {
        true => "standard input".to_string(),
        false => path.display().to_string(),
    }
}

/// Reads a text to its end; fails if it has more than 4 MiB.
pub fn read_whole(source: impl Read) -> io::Result<String> {
    read_within(WHOLE_LIMIT, source)
}

/// Reads a text to its end; fails if it has more than `limit` bytes, because a cut text could be mistaken for the
/// whole.
pub fn read_within(limit: u64, source: impl Read) -> io::Result<String> {
    let mut text = String::new();
    source.take(limit + 1).read_to_string(&mut text)?;
    if text.len() as u64 > limit {
        return Err(io::Error::from_raw_os_error(Errno::EFBIG as i32));
    }
    Ok(text)
}

/// Writes a value and a newline to an existing file, in one write.
pub fn write_value(path: &Path, value: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).truncate(true).open(path)?;
    file.write_all(format!("{value}\n").as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debugfs_is_found_among_mounts_of_any_name() {
        let directory = tempfile::tempdir().unwrap();
        let sysroot = Sysroot::new(directory.path().to_path_buf());
        assert!(!sysroot.debugfs_is_mounted());
        fs::create_dir(directory.path().join("proc")).unwrap();
        let mut mounts = b"none /mnt/\xff tmpfs rw 0 0\n".repeat(5000);
        fs::write(sysroot.proc("mounts"), &mounts).unwrap();
        assert!(!sysroot.debugfs_is_mounted());
        mounts.extend_from_slice(b"none /sys/kernel/debug debugfs rw 0 0\n");
        fs::write(sysroot.proc("mounts"), &mounts).unwrap();
        assert!(sysroot.debugfs_is_mounted());
    }

    #[test]
    fn a_text_is_read_whole_or_not_at_all() {
        let most = WHOLE_LIMIT as usize;
        let text = "x".repeat(most + 1);
        assert_eq!(read_whole(&text.as_bytes()[..most]).unwrap().len(), most);
        let error = read_whole(text.as_bytes()).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(Errno::EFBIG as i32));
    }
}
