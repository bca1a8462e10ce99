// SPDX-License-Identifier: GPL-2.0-only

//! Files that are replaced as a whole: a reader finds the old content or the new one, never a mixture.
//!
//! The new content is written to a temporary file in the same directory, which is then renamed. A failure before that
//! leaves the old file unchanged, and no temporary file unless the process is killed.

use std::ffi::OsStr;
use std::fs::{self, File, Metadata, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use tempfile::NamedTempFile;

/// How many symbolic links may follow each other: as many as the kernel allows.
const MOST_LINKS: usize = 40;
/// The mode of a new file, before the umask.
const NEW_MODE: u32 = 0o666;

/// The new content of a file, before it replaces the old one. Dropping it deletes it.
///
/// ```
/// use std::io::Write;
///
/// use simrupt::replacement::Replacement;
///
/// let directory = tempfile::tempdir()?;
/// let path = directory.path().join("figures.prom");
/// std::fs::write(&path, "old")?;
/// let mut new = Replacement::begin(&path)?;
/// new.write_all(b"new")?;
/// assert_eq!(std::fs::read_to_string(&path)?, "old");
/// new.commit()?;
/// assert_eq!(std::fs::read_to_string(&path)?, "new");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Replacement {
    new: NamedTempFile,
    path: PathBuf,
}

impl Replacement {
    /// Begins the new content of a regular file, or of one that does not exist yet. For a symbolic link, the file that
    /// it leads to is replaced. The mode and, if possible, owner and group stay the same.
    ///
    /// # Errors
    ///
    /// Those of creating a file in the directory.
    pub fn begin(path: &Path) -> io::Result<Self> {
        let path = resolve(path)?;
        let directory = path.parent().unwrap_or(Path::new("/"));
        let mut prefix = OsStr::new(".").to_os_string();
        prefix.push(path.file_name().unwrap_or_default());
        prefix.push(".");
        // Not by tempfile's own function, whose error has no number.
        let make = |path: &Path| {
            let mut options = OpenOptions::new();
            options
                .write(true)
                .create_new(true)
                .mode(NEW_MODE)
                .open(path)
        };
        let new = tempfile::Builder::new()
            .prefix(short(&prefix))
            .make_in(directory, make)?;
        if let Ok(old) = fs::metadata(&path) {
            keep_attributes(new.as_file(), &old)?;
        }
        Ok(Self { new, path })
    }

    /// Renames the new content to the file's name. It is on the disk when this returns.
    ///
    /// # Errors
    ///
    /// Those of writing and renaming; then the old file is unchanged.
    pub fn commit(self) -> io::Result<()> {
        self.new.as_file().sync_all()?;
        self.new.persist(&self.path).map_err(|error| error.error)?;
        sync_directory(&self.path)
    }

    /// As [`commit`](Self::commit), but replaces nothing.
    ///
    /// # Errors
    ///
    /// `EEXIST` if a file with this name exists.
    pub fn commit_new(self) -> io::Result<()> {
        self.new.as_file().sync_all()?;
        let named = self.new.persist_noclobber(&self.path);
        named.map_err(|error| error.error)?;
        sync_directory(&self.path)
    }
}

impl Write for Replacement {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // Written to the file itself, whose errors have numbers.
        self.new.as_file_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.new.as_file_mut().flush()
    }
}

/// Replaces a file by this text.
///
/// # Errors
///
/// Those of writing; then the old file is unchanged.
pub fn replace(path: &Path, text: &str) -> io::Result<()> {
    let mut new = Replacement::begin(path)?;
    new.write_all(text.as_bytes())?;
    new.commit()
}

/// The file that a name leads to, as an absolute path without links. The file itself need not exist, but its directory
/// must.
///
/// # Errors
///
/// `ENOENT` if the directory does not exist, `EISDIR` for a name that can only be a directory's, `ELOOP` for links
/// without an end.
pub fn resolve(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_path_buf();
    for _ in 0..MOST_LINKS {
        if path.as_os_str().as_bytes().ends_with(b"/") {
            return Err(Errno::EISDIR.into());
        }
        let name = path.file_name().ok_or(io::Error::from(Errno::EISDIR))?;
        let directory = match path.parent() {
            Some(parent) if parent != Path::new("") => parent,
            _ => Path::new("."),
        };
        let directory = directory.canonicalize()?;
        let whole = directory.join(name);
        match fs::read_link(&whole) {
            // An absolute target replaces the directory.
            Ok(leads_to) => path = directory.join(leads_to),
            Err(_) => return Ok(whole),
        }
    }
    Err(Errno::ELOOP.into())
}

/// Gives a new file the owner, the group and the mode of the one that it will replace.
fn keep_attributes(new: &File, old: &Metadata) -> io::Result<()> {
    // Only root can give files away. Other users can only change the group, to one of their own.
    let _ = fchown(new, Some(old.uid()), None);
    let _ = fchown(new, None, Some(old.gid()));
    let now = new.metadata()?;
    let is_same = (now.uid(), now.gid()) == (old.uid(), old.gid());
    // Set-ID bits are those of the old owner. Set last, because a change of the owner clears them.
    let bits = if is_same { 0o7777 } else { 0o777 };
    new.set_permissions(Permissions::from_mode(old.mode() & bits))
}

/// A part of a name, short enough that something can be added: names have at most 255 bytes.
fn short(name: &OsStr) -> &OsStr {
    let bytes = name.as_bytes();
    OsStr::from_bytes(&bytes[..bytes.len().min(200)])
}

/// Writes the new name to the disk. Some file systems cannot do that for a directory, and need not.
fn sync_directory(path: &Path) -> io::Result<()> {
    let directory = path.parent().unwrap_or(Path::new("/"));
    match File::open(directory).and_then(|directory| directory.sync_all()) {
        Err(error) if error.raw_os_error() == Some(Errno::EIO as i32) => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;
    use tempfile::{TempDir, tempdir};

    fn names(directory: &TempDir) -> Vec<String> {
        let entries = fs::read_dir(directory.path()).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = names.collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_is_complete_or_unchanged() {
        let directory = tempdir().unwrap();
        let path = directory.path().join("out");
        let mut new = Replacement::begin(&path).unwrap();
        new.write_all(b"half").unwrap();
        drop(new);
        assert_eq!(names(&directory), [""; 0]);
        fs::write(&path, "old").unwrap();
        let mut new = Replacement::begin(&path).unwrap();
        new.write_all(b"new").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        new.commit().unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(names(&directory), ["out"]);
    }

    #[test]
    fn the_mode_of_a_file_is_kept() {
        let directory = tempdir().unwrap();
        let path = directory.path().join("out");
        let mode = || fs::metadata(&path).unwrap().mode() & 0o7777;
        replace(&path, "1").unwrap();
        let plain = directory.path().join("plain");
        fs::write(&plain, "").unwrap();
        assert_eq!(mode(), fs::metadata(plain).unwrap().mode() & 0o7777);
        for wanted in [0o600, 0o644, 0o4755, 0o666] {
            fs::set_permissions(&path, Permissions::from_mode(wanted)).unwrap();
            replace(&path, "2").unwrap();
            assert_eq!(mode(), wanted);
        }
    }

    #[test]
    fn the_owner_is_kept_if_possible() {
        if !nix::unistd::geteuid().is_root() {
            println!("skipped: only root can give files away");
            return;
        }
        let directory = tempdir().unwrap();
        let path = directory.path().join("out");
        fs::write(&path, "").unwrap();
        std::os::unix::fs::chown(&path, Some(1234), Some(2345)).unwrap();
        replace(&path, "new").unwrap();
        let now = fs::metadata(&path).unwrap();
        assert_eq!((now.uid(), now.gid()), (1234, 2345));
    }

    #[test]
    fn a_link_stays_a_link_and_its_target_is_replaced() {
        let directory = tempdir().unwrap();
        let [file, link, far, dangling] =
            ["file", "link", "far", "dangling"].map(|name| directory.path().join(name));
        fs::write(&file, "old").unwrap();
        symlink("file", &link).unwrap();
        symlink(&link, &far).unwrap();
        replace(&far, "new").unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "new");
        symlink("late", &dangling).unwrap();
        replace(&dangling, "late").unwrap();
        assert_eq!(fs::read_link(&dangling).unwrap(), Path::new("late"));
        assert_eq!(
            names(&directory),
            ["dangling", "far", "file", "late", "link"]
        );
        symlink("round", directory.path().join("round")).unwrap();
        let error = resolve(&directory.path().join("round")).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(Errno::ELOOP as i32));
    }

    #[test]
    fn an_error_has_the_number_of_the_kernel() {
        let error = Replacement::begin(Path::new("/proc/self/new")).unwrap_err();
        assert!(error.raw_os_error().is_some(), "{error}");
    }

    #[test]
    fn a_name_of_a_directory_is_not_the_name_of_a_file() {
        for name in ["/", "/tmp/..", "out/"] {
            let error = resolve(Path::new(name)).unwrap_err();
            assert_eq!(error.raw_os_error(), Some(Errno::EISDIR as i32), "{name}");
        }
        assert!(resolve(Path::new("/nowhere/at/all")).is_err());
        assert!(resolve(Path::new("out")).unwrap().is_absolute());
    }

    #[test]
    fn a_new_file_does_not_take_an_existing_name() {
        let directory = tempdir().unwrap();
        let path = directory.path().join("out");
        Replacement::begin(&path).unwrap().commit_new().unwrap();
        let error = Replacement::begin(&path).unwrap().commit_new();
        assert_eq!(error.unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(names(&directory), ["out"]);
    }

    #[test]
    fn a_name_may_have_the_greatest_length() {
        let directory = tempdir().unwrap();
        let path = directory.path().join("é".repeat(127));
        replace(&path, "new").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
    }
}
