// SPDX-License-Identifier: GPL-2.0-only

//! Files from the virtual machine: the guest's init sends a tar archive through a port of its own, which QEMU writes to
//! a file. The archive is unpacked when the machine is off.
//!
//! A file is used, not a socket: it takes everything at once, so the host's reading speed cannot affect the guest's
//! time.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The folder for the guest's files.
#[derive(Debug)]
pub(crate) struct Files {
    folder: PathBuf,
}

impl Files {
    /// Creates `folder`, which must be absent or empty: no link in it may lead the unpacked files elsewhere.
    pub(crate) fn create(folder: &Path) -> Result<Self, String> {
        let failed = |error: io::Error| format!("{}: {error}", folder.display());
        fs::create_dir_all(folder).map_err(failed)?;
        if fs::read_dir(folder).map_err(failed)?.next().is_some() {
            return Err(format!(
                "{} is not empty: --files wants a new folder",
                folder.display()
            ));
        }
        Ok(Self {
            folder: folder.to_owned(),
        })
    }

    /// Unpacks the guest's archive, which may be empty. Status and messages are tar's. tar refuses members whose names
    /// leave the folder, and links are not accepted at all.
    pub(crate) fn unpack(&self, archive: &Path) -> Result<(), String> {
        let is_empty = fs::metadata(archive).map_or(true, |data| data.len() == 0);
        if is_empty {
            return Ok(());
        }
        let tar = Command::new("tar")
            .args(["--extract", "--no-same-owner", "--no-same-permissions"])
            .arg("--directory")
            .arg(&self.folder)
            .arg("--file")
            .arg(archive)
            .stdin(Stdio::null())
            .output()
            .map_err(|error| format!("tar: {error}"))?;
        refuse_links(&self.folder)
            .map_err(|error| format!("{}: {error}", self.folder.display()))??;
        if !tar.status.success() {
            let messages = String::from_utf8_lossy(&tar.stderr);
            return Err(messages.trim().replace('\n', "; "));
        }
        Ok(())
    }
}

/// Deletes everything that is neither file nor folder, and returns an error for the first.
fn refuse_links(folder: &Path) -> io::Result<Result<(), String>> {
    let mut outcome = Ok(());
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        let this = if kind.is_dir() {
            refuse_links(&entry.path())?
        } else if kind.is_file() {
            Ok(())
        } else {
            fs::remove_file(entry.path())?;
            Err(format!(
                "{} is neither file nor folder",
                entry.path().display()
            ))
        };
        outcome = outcome.and(this);
    }
    Ok(outcome)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder of its own for each test, deleted with it.
    struct Scratch(PathBuf);

    impl Scratch {
        fn new(name: &str) -> Self {
            let path =
                std::env::temp_dir().join(format!("run-vm-files.{}.{name}", std::process::id()));
            fs::create_dir_all(path.join("source/inner")).unwrap();
            fs::write(path.join("source/one"), "1").unwrap();
            fs::write(path.join("source/inner/two"), "2").unwrap();
            Self(path)
        }

        fn join(&self, name: &str) -> PathBuf {
            self.0.join(name)
        }

        /// Packs files of `source`, with the options `words`.
        fn archive(&self, words: &str) -> PathBuf {
            let archive = self.join("archive");
            let status = Command::new("tar")
                .arg("--create")
                .arg("--file")
                .arg(&archive)
                .args(words.split(' '))
                .current_dir(self.join("source"))
                .stderr(Stdio::null())
                .status()
                .unwrap();
            assert!(status.success());
            archive
        }

        fn unpack(&self, archive: &Path) -> Result<(), String> {
            Files::create(&self.join("files"))?.unpack(archive)
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn the_guests_files_are_unpacked() {
        let scratch = Scratch::new("plain");
        let archive = scratch.archive(".");
        assert_eq!(scratch.unpack(&archive), Ok(()));
        assert_eq!(fs::read(scratch.join("files/one")).unwrap(), b"1");
        assert_eq!(fs::read(scratch.join("files/inner/two")).unwrap(), b"2");
    }

    #[test]
    fn nothing_sent_means_no_files() {
        let scratch = Scratch::new("nothing");
        assert_eq!(scratch.unpack(&scratch.join("absent")), Ok(()));
        fs::write(scratch.join("empty"), "").unwrap();
        assert_eq!(scratch.unpack(&scratch.join("empty")), Ok(()));
        assert_eq!(fs::read_dir(scratch.join("files")).unwrap().count(), 0);
    }

    #[test]
    fn a_name_that_leaves_the_folder_is_refused() {
        let scratch = Scratch::new("dots");
        let archive = scratch.archive("--absolute-names --transform=s,one,../escaped, one");
        let error = scratch.unpack(&archive).unwrap_err();
        assert!(error.contains("'..'"), "{error}");
        assert!(!scratch.join("escaped").exists());
    }

    #[test]
    fn an_absolute_name_stays_in_the_folder() {
        let scratch = Scratch::new("absolute");
        let escaped = scratch.join("escaped");
        let rename = format!("--transform=s,one,{},", escaped.display());
        let archive = scratch.archive(&format!("--absolute-names {rename} one"));
        assert_eq!(scratch.unpack(&archive), Ok(()));
        assert!(!escaped.exists());
    }

    #[test]
    fn a_link_out_of_the_folder_is_neither_followed_nor_kept() {
        let scratch = Scratch::new("link");
        fs::create_dir(scratch.join("outside")).unwrap();
        std::os::unix::fs::symlink("../outside", scratch.join("source/link")).unwrap();
        let archive = scratch.archive("--transform=s,^one,link/escaped, link one");
        let error = scratch.unpack(&archive).unwrap_err();
        assert!(
            error.contains("neither file nor folder") || error.contains("link"),
            "{error}"
        );
        assert!(!scratch.join("outside/escaped").exists());
        assert!(!scratch.join("files/link").is_symlink());
    }

    #[test]
    fn an_archive_cut_off_is_an_error() {
        let scratch = Scratch::new("cut");
        fs::write(scratch.join("source/one"), [1; 5000]).unwrap();
        let archive = scratch.archive("one");
        fs::write(&archive, &fs::read(&archive).unwrap()[..2048]).unwrap();
        assert!(scratch.unpack(&archive).is_err());
    }

    #[test]
    fn a_folder_with_something_in_it_is_refused() {
        let scratch = Scratch::new("full");
        let error = Files::create(&scratch.join("source")).unwrap_err();
        assert!(error.contains("not empty"), "{error}");
    }
}
