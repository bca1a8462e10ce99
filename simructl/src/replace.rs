// SPDX-License-Identifier: GPL-2.0-only

//! A file that is replaced as a whole: its readers find what was there before, or all of what is new.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use tempfile::Builder;

use simrupt::failure::Failure;

/// Everybody may read it: what collects metrics runs as a user of its own.
const MODE: u32 = 0o644;

/// Says why a file cannot be replaced, as far as that is known before it is written.
pub(crate) fn check(path: &Path) -> Result<(), Failure> {
    destination(path).map(|_| ())
}

/// Has `write` write a file, which takes the place of the one of that name when it is complete.
pub(crate) fn replace(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<&File>) -> io::Result<()>,
) -> Result<(), Failure> {
    let failed = |error: &io::Error| Failure::file("write", path, None, error);
    let (target, folder) = destination(path)?;
    // Not by tempfile itself, whose errors name the temporary file, which says nothing to the user.
    let create = |path: &Path| {
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(MODE)
            .open(path)
    };
    let temporary = Builder::new()
        .prefix(".simructl-")
        .suffix(".tmp")
        .make_in(folder, create);
    let temporary = temporary.map_err(|error| failed(&error))?;
    let write = || {
        let mut output = BufWriter::with_capacity(64 * 1024, temporary.as_file());
        write(&mut output)?;
        output.flush()?;
        drop(output);
        let file = temporary.as_file();
        file.set_permissions(Permissions::from_mode(MODE))?;
        file.sync_all()
    };
    write().map_err(|error| failed(&error))?;
    let persisted = temporary.persist(&target);
    persisted.map_err(|error| failed(&error.error))?;
    Ok(())
}

/// The file that is to be replaced, and its folder: only there a new file can take the other's place at once.
fn destination(path: &Path) -> Result<(PathBuf, PathBuf), Failure> {
    let target = target(path)?;
    let folder = match target.parent() {
        Some(folder) if folder != Path::new("") => folder.to_path_buf(),
        _ => PathBuf::from("."),
    };
    match folder.is_dir() {
        true => Ok((target, folder)),
        false => {
            let what = format!("cannot write {}", path.display());
            let why = format!("there is no folder {}", folder.display());
            Err(Failure::new(what, why))
        }
    }
}

/// The file that is to be replaced: where a symbolic link leads to.
fn target(path: &Path) -> Result<PathBuf, Failure> {
    let what = || format!("cannot write {}", path.display());
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => Err(Failure::new(what(), "it is a directory")),
        Ok(metadata) if !metadata.is_file() => {
            let why = "it is no regular file, and a file would take its place";
            Err(Failure::new(what(), why).remedy("- for standard output"))
        }
        Ok(_) => path
            .canonicalize()
            .map_err(|error| Failure::file("write", path, None, &error)),
        Err(_) => Ok(path.to_path_buf()),
    }
}

/// Whether two names are of one file that exists.
pub(crate) fn is_same_file(a: &Path, b: &Path) -> bool {
    let resolved = |path: &Path| path.canonicalize().ok();
    resolved(a).is_some_and(|a| Some(a) == resolved(b))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_file_is_replaced_as_a_whole_or_stays_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file.prom");
        let write = |text: &str| replace(&path, |output| output.write_all(text.as_bytes()));
        write("one").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "one");
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            MODE
        );
        // A reader that has the old one open still reads that.
        let mut old = File::open(&path).unwrap();
        write("two").unwrap();
        assert_eq!(io::read_to_string(&mut old).unwrap(), "one");
        assert_eq!(fs::read_to_string(&path).unwrap(), "two");
        let full = replace(&path, |output| {
            output.write_all(b"half")?;
            Err(io::ErrorKind::StorageFull.into())
        });
        full.unwrap_err();
        assert_eq!(fs::read_to_string(&path).unwrap(), "two");
        let link = folder.path().join("link");
        symlink(&path, &link).unwrap();
        replace(&link, |output| output.write_all(b"three")).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "three");
        assert!(link.is_symlink());
        // Nothing else is left in the folder.
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn what_is_no_file_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        for path in [folder.path(), Path::new("/dev/null")] {
            check(path).unwrap_err();
            replace(path, |_| Ok(())).unwrap_err();
        }
        replace(&folder.path().join("no/such/folder"), |_| Ok(())).unwrap_err();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn one_file_may_have_several_names() {
        let folder = tempfile::tempdir().unwrap();
        let [a, b] = ["a", "b"].map(|name| folder.path().join(name));
        fs::write(&a, "").unwrap();
        symlink(&a, &b).unwrap();
        assert!(is_same_file(&a, &b));
        assert!(!is_same_file(&a, &folder.path().join("c")));
    }
}
