// SPDX-License-Identifier: GPL-2.0-only

//! The character device of a line, after a check that it is one.

use std::fs::{self, File, Metadata, OpenOptions};
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

use nix::libc::O_NONBLOCK;
use nix::sys::stat::{major, minor};

use crate::failure::Failure;
use crate::sysroot::{Sysroot, read_text};

/// Opens the device of a line for reading. Without `waits`, reads return at once if there is no data.
///
/// # Errors
///
/// Those of opening a file. The file must be the device that sysfs names, otherwise it is not opened: it may be left
/// behind by another program, or made by hand with other numbers.
pub fn open(sysroot: &Sysroot, line: u32, waits: bool) -> Result<File, Failure> {
    let path = sysroot.device(line);
    check(sysroot, line, &path)?;
    let flags = if waits { 0 } else { O_NONBLOCK };
    let device = OpenOptions::new()
        .read(true)
        .custom_flags(flags)
        .open(&path);
    device.map_err(|error| Failure::file("open", &path, Some(line), &error))
}

/// Checks that the file has the numbers in sysfs. If sysfs has none, there is no device, and opening it fails.
fn check(sysroot: &Sysroot, line: u32, path: &Path) -> Result<(), Failure> {
    let Ok(text) = read_text(&sysroot.sys(&format!("class/misc/simrupt{line}/dev"))) else {
        return Ok(());
    };
    let numbers = text.trim();
    let Ok(data) = fs::metadata(path) else {
        return Ok(());
    };
    match other(&data, numbers) {
        None => Ok(()),
        Some(other) => {
            let [path, of_devices] = [path.display().to_string(), numbers.replace(':', " ")];
            let why = format!("it is {other}, and the device of line {line} is {numbers}");
            Err(Failure::new(format!("cannot open {path}"), why)
                .remedy(format!("rm {path} && mknod -m 400 {path} c {of_devices}")))
        }
    }
}

/// The description of a file that is not the character device with these numbers.
fn other(data: &Metadata, numbers: &str) -> Option<String> {
    let kind = data.file_type();
    if kind.is_char_device() {
        let found = format!("{}:{}", major(data.rdev()), minor(data.rdev()));
        return (found != numbers).then(|| format!("the character device {found}"));
    }
    let name = match kind {
        kind if kind.is_file() => "a regular file",
        kind if kind.is_dir() => "a directory",
        kind if kind.is_block_device() => "a block device",
        kind if kind.is_fifo() => "a fifo",
        _ => "something else",
    };
    Some(name.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn only_the_device_that_sysfs_names_is_opened() {
        let directory = tempfile::tempdir().unwrap();
        let sysroot = Sysroot::new(directory.path().to_path_buf());
        let misc = sysroot.sys("class/misc/simrupt0");
        for folder in [&misc, &directory.path().join("dev")] {
            fs::create_dir_all(folder).unwrap();
        }
        let device = sysroot.device(0);
        symlink("/dev/null", &device).unwrap();
        // Nothing is known, or everything is right.
        open(&sysroot, 0, true).unwrap();
        fs::write(misc.join("dev"), "1:3\n").unwrap();
        open(&sysroot, 0, false).unwrap();
        fs::write(misc.join("dev"), "10:121\n").unwrap();
        let told = open(&sysroot, 0, true).unwrap_err().to_string();
        let path = device.display();
        assert_eq!(
            told,
            format!(
                "cannot open {path}: it is the character device 1:3, and the device of line 0 is 10:121\n  \
                 try: rm {path} && mknod -m 400 {path} c 10 121"
            )
        );
        fs::remove_file(&device).unwrap();
        let absent = open(&sysroot, 0, true).unwrap_err().to_string();
        assert!(absent.contains("there is no such file"), "{absent}");
        fs::write(&device, "output for the device").unwrap();
        let told = open(&sysroot, 0, true).unwrap_err().to_string();
        assert!(told.contains("it is a regular file, and"), "{told}");
    }
}
