// SPDX-License-Identifier: GPL-2.0-only

//! The files that a command writes to. All of them are checked before the first one is touched: that they can be
//! written, that none is also read by the command, and that no two are the same file.

use std::ffi::OsString;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, IsTerminal, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use nix::sys::stat::fstat;
use nix::unistd::{AccessFlags, eaccess};

use crate::output::{self, Stream};
use simrupt::failure::{Failure, describe};
use simrupt::replacement::{Replacement, resolve};
use simrupt::sysroot::input_name;

/// The name of standard output, and of standard input.
pub(crate) const DASH: &str = "-";

/// The files that a command reads and writes.
#[derive(Debug, Default, Clone)]
pub(crate) struct Claims(Vec<Claim>);

#[derive(Debug, Clone)]
struct Claim {
    file: Identity,
    name: String,
    is_input: bool,
}

/// The identity of a file, whatever name is used for it.
#[derive(Debug, Clone, PartialEq)]
enum Identity {
    Stdout,
    File {
        device: u64,
        inode: u64,
    },
    /// A file that does not exist yet: its directory and its name there.
    New {
        device: u64,
        inode: u64,
        name: OsString,
    },
}

impl Claims {
    /// A file that the command reads (`-` is standard input), and must not write to.
    pub(crate) fn input(path: &Path) -> Self {
        Self::inputs([path])
    }

    /// As [`input`](Self::input), for several files.
    pub(crate) fn inputs<'a>(paths: impl IntoIterator<Item = &'a Path>) -> Self {
        let found = |path: &Path| match path == Path::new(DASH) {
            true => metadata_of(&io::stdin()),
            // The reader reports a file that does not exist.
            false => fs::metadata(path).ok(),
        };
        let claim = |path: &Path| {
            let data = found(path).filter(is_kept)?;
            Some(Claim {
                file: Identity::of(&data),
                name: input_name(path),
                is_input: true,
            })
        };
        Self(paths.into_iter().filter_map(claim).collect())
    }

    /// Standard output, to which the command prints. Refused if it is closed, or if it is a file that is already
    /// claimed.
    pub(crate) fn stdout(&mut self) -> Result<(), Failure> {
        output::check()?;
        match metadata_of(&io::stdout()).filter(is_kept) {
            Some(data) => self.claim(Identity::of(&data), Path::new(DASH)),
            None => Ok(()),
        }
    }

    /// A file to write to, by the user's name for it; `-` is standard output.
    pub(crate) fn output(&mut self, path: &Path) -> Result<Destination, Failure> {
        let (place, file) = Place::of(path).map_err(|error| unwritable(path, &error))?;
        if let Some(file) = file {
            self.claim(file, path)?;
        }
        if let Place::Stdout = place {
            self.stdout()?;
        }
        Ok(Destination {
            name: path.to_path_buf(),
            place,
        })
    }

    fn claim(&mut self, file: Identity, path: &Path) -> Result<(), Failure> {
        let name = output_name(path);
        let Some(taken) = self.0.iter().find(|taken| taken.file == file) else {
            self.0.push(Claim {
                file,
                name,
                is_input: false,
            });
            return Ok(());
        };
        let why = match (taken.is_input, taken.name == name) {
            (true, true) => "it is the file that is read".to_string(),
            (true, false) => format!("it is the file that is read: {}", taken.name),
            (false, true) => "two outputs go there".to_string(),
            (false, false) => format!("it is the same file as {}", taken.name),
        };
        Err(Failure::new(format!("cannot write to {name}"), why)
            .remedy("a file for each")
            .usage())
    }
}

/// Whether the file keeps what is written to it. Pipes do not: data leave them at another end. Terminals and other
/// devices accept data from several writers.
fn is_kept(data: &Metadata) -> bool {
    let kind = data.file_type();
    kind.is_file() || kind.is_block_device() || kind.is_fifo()
}

fn metadata_of(stream: &impl AsFd) -> Option<Metadata> {
    let file = File::from(stream.as_fd().try_clone_to_owned().ok()?);
    file.metadata().ok()
}

impl Identity {
    fn of(data: &Metadata) -> Self {
        Self::File {
            device: data.dev(),
            inode: data.ino(),
        }
    }
}

/// The name of an output in messages.
fn output_name(path: &Path) -> String {
    match path == Path::new(DASH) {
        true => "standard output".to_string(),
        false => path.display().to_string(),
    }
}

/// A checked place to write to.
#[derive(Debug, Clone)]
pub(crate) struct Destination {
    /// The user's name for it.
    name: PathBuf,
    place: Place,
}

#[derive(Debug, Clone, Copy)]
enum Place {
    Stdout,
    /// Not a regular file: a pipe, or a device.
    Direct,
    /// A regular file, or one that does not exist yet.
    Replaced,
}

impl Place {
    /// The place with this name, and its identity if no other output may have the same.
    fn of(path: &Path) -> io::Result<(Self, Option<Identity>)> {
        if path == Path::new(DASH) {
            return Ok((Self::Stdout, Some(Identity::Stdout)));
        }
        match fs::metadata(path) {
            Ok(data) if data.is_dir() => Err(nix::errno::Errno::EISDIR.into()),
            // By another name, like /dev/stdout.
            Ok(data) if is_stdout(path, &data) => Ok((Self::Stdout, Some(Identity::Stdout))),
            Ok(data) => {
                eaccess(path, AccessFlags::W_OK)?;
                // A file that was deleted while open has no name, so it cannot be replaced.
                let is_replaced = data.is_file() && path.canonicalize().is_ok();
                if is_replaced {
                    can_be_made(&resolve(path)?)?;
                }
                let place = if is_replaced {
                    Self::Replaced
                } else {
                    Self::Direct
                };
                Ok((place, is_kept(&data).then(|| Identity::of(&data))))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let whole = resolve(path)?;
                let directory = can_be_made(&whole)?;
                let name = whole.file_name().unwrap_or_default().to_os_string();
                let file = Identity::New {
                    device: directory.dev(),
                    inode: directory.ino(),
                    name,
                };
                Ok((Self::Replaced, Some(file)))
            }
            Err(error) => Err(error),
        }
    }
}

/// Whether standard output leads to this very file. A device such as `/dev/null` does not count, even if standard
/// output leads there too.
fn is_stdout(path: &Path, data: &Metadata) -> bool {
    const NAMES: [&str; 3] = ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"];
    if NAMES.iter().any(|name| path == Path::new(name)) {
        return true;
    }
    if data.file_type().is_char_device() && !io::stdout().is_terminal() {
        return false;
    }
    fstat(io::stdout())
        .is_ok_and(|stdout| (stdout.st_dev, stdout.st_ino) == (data.dev(), data.ino()))
}

/// Whether a file can be created in the directory of this one; returns the directory.
fn can_be_made(path: &Path) -> io::Result<Metadata> {
    let directory = path.parent().unwrap_or(Path::new("/"));
    eaccess(directory, AccessFlags::W_OK | AccessFlags::X_OK)?;
    fs::metadata(directory)
}

/// The failure for a file that cannot be written. If something does not exist, it is the file's directory.
pub(crate) fn unwritable(path: &Path, error: &io::Error) -> Failure {
    let what = format!("cannot write {}", path.display());
    match (error.kind(), path.parent()) {
        (io::ErrorKind::NotFound, _) if path.is_symlink() => {
            Failure::new(what, "the directory that it leads to does not exist")
        }
        (io::ErrorKind::NotFound, Some(parent)) => Failure::new(what, "there is no such directory")
            .remedy(format!("mkdir -p {}", parent.display())),
        (io::ErrorKind::IsADirectory, _) => Failure::new(what, "it is a directory"),
        // Other directories may be writable.
        (io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem, _) => {
            Failure::new(what, describe(error)).remedy("a file in another directory")
        }
        _ => Failure::file("write", path, None, error),
    }
}

impl Destination {
    /// Its name in messages.
    pub(crate) fn name(&self) -> String {
        output_name(&self.name)
    }

    /// Whether it is standard output.
    pub(crate) fn is_stdout(&self) -> bool {
        matches!(self.place, Place::Stdout)
    }

    /// Begins to write. A regular file is replaced at the end, by [`Sink::finish`]. Until the first write nothing
    /// exists that a killed program could leave behind.
    pub(crate) fn open(self) -> Result<Sink, Failure> {
        let target = match self.place {
            Place::Stdout => Ok(Target::Stdout),
            Place::Direct => {
                let file = OpenOptions::new().write(true).open(&self.name);
                file.map(Target::Direct)
            }
            Place::Replaced => Ok(Target::Pending),
        };
        match target {
            Ok(target) => Ok(Sink {
                name: self.name,
                target,
            }),
            Err(error) => Err(unwritable(&self.name, &error)),
        }
    }
}

/// The writer. If it is dropped before [`finish`](Self::finish), a regular file stays as it was.
#[derive(Debug)]
pub(crate) struct Sink {
    name: PathBuf,
    target: Target,
}

#[derive(Debug)]
enum Target {
    Stdout,
    Direct(File),
    /// A regular file to which nothing was written yet.
    Pending,
    Replacement(Replacement),
}

impl Sink {
    /// Calls `write` to write the content, and finishes.
    pub(crate) fn write_by(
        mut self,
        write: impl FnOnce(&mut Stream<'_>) -> io::Result<()>,
    ) -> Result<(), Failure> {
        if let Target::Stdout = self.target {
            return output::stream(write).map(|_| ());
        }
        let written = output::buffered(&mut self, write);
        written.map_err(|error| self.failed(&error))?;
        self.finish()
    }

    /// Writes a whole text, and finishes.
    pub(crate) fn write_text(mut self, text: &str) -> Result<(), Failure> {
        if let Target::Stdout = self.target {
            return output::print_document(text);
        }
        let written = self.write_all(text.as_bytes());
        written.map_err(|error| self.failed(&error))?;
        self.finish()
    }

    /// Puts the written file in its place.
    pub(crate) fn finish(self) -> Result<(), Failure> {
        let Self { name, target } = self;
        let finished = match target {
            Target::Stdout | Target::Direct(_) => Ok(()),
            Target::Pending => Replacement::begin(&name).and_then(Replacement::commit),
            Target::Replacement(new) => new.commit(),
        };
        finished.map_err(|error| unwritten(&output_name(&name), &error))
    }

    /// The failure for an error while writing.
    pub(crate) fn failed(&self, error: &io::Error) -> Failure {
        unwritten(&output_name(&self.name), error)
    }
}

/// The failure for the output of this name.
pub(crate) fn unwritten(name: &str, error: &io::Error) -> Failure {
    Failure::new(format!("cannot write {name}"), describe(error))
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Target::Pending = self.target {
            self.target = Target::Replacement(Replacement::begin(&self.name)?);
        }
        match &mut self.target {
            Target::Stdout => output::write_document(bytes).map(|()| bytes.len()),
            Target::Direct(file) => file.write(bytes),
            Target::Replacement(new) => new.write(bytes),
            Target::Pending => Ok(0),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.target {
            // Each write was complete.
            Target::Stdout | Target::Pending => Ok(()),
            Target::Direct(file) => file.flush(),
            Target::Replacement(new) => new.flush(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::sys::stat::Mode;
    use nix::unistd::mkfifo;
    use simrupt::failure::Kind;
    use std::os::unix::fs::symlink;
    use tempfile::{TempDir, tempdir};

    fn count(directory: &TempDir) -> usize {
        fs::read_dir(directory.path()).unwrap().count()
    }

    fn refused(claims: &mut Claims, path: &Path) -> String {
        let failure = claims.output(path).unwrap_err();
        assert_eq!(failure.kind(), Kind::Usage, "{failure}");
        failure.to_string()
    }

    #[test]
    fn a_check_creates_nothing_and_a_text_replaces_the_whole_file() {
        let directory = tempdir().unwrap();
        let path = directory.path().join("out.json");
        let destination = Claims::default().output(&path).unwrap();
        assert_eq!(count(&directory), 0);
        drop(destination.open().unwrap());
        assert_eq!(count(&directory), 0);
        fs::write(&path, "old").unwrap();
        let sink = Claims::default().output(&path).unwrap().open().unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        sink.write_text("new").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(count(&directory), 1);
    }

    #[test]
    fn a_file_that_is_not_regular_is_written_directly() {
        let open = |path: &Path| Claims::default().output(path).unwrap().open().unwrap();
        open(Path::new("/dev/null")).write_text("x").unwrap();
        let error = open(Path::new("/dev/full")).write_text("x").unwrap_err();
        assert!(error.to_string().contains("/dev/full"), "{error}");
        let directory = tempdir().unwrap();
        let path = directory.path().join("fifo");
        mkfifo(&path, Mode::S_IRWXU).unwrap();
        let both = OpenOptions::new().read(true).write(true).open(&path);
        let mut reader = both.unwrap();
        open(&path).write_text("news").unwrap();
        let mut bytes = [0; 4];
        io::Read::read_exact(&mut reader, &mut bytes).unwrap();
        assert_eq!((&bytes, count(&directory)), (b"news", 1));
    }

    #[test]
    fn an_unwritable_file_is_refused_and_nothing_changes() {
        let directory = tempdir().unwrap();
        let path = directory.path();
        fs::write(path.join("file"), "").unwrap();
        for (name, why) in [
            (".", "it is a directory"),
            ("new/", "it is a directory"),
            ("absent/x.json", "no such directory\n  try: mkdir -p"),
            ("file/x.json", "Not a directory"),
        ] {
            let failure = Claims::default().output(&path.join(name)).unwrap_err();
            assert!(failure.to_string().contains(why), "{failure}");
        }
        assert_eq!(count(&directory), 1);
    }

    #[test]
    fn no_two_outputs_are_one_file_by_whatever_names() {
        let directory = tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        fs::write(at("file"), "").unwrap();
        fs::create_dir(at("dir")).unwrap();
        fs::hard_link(at("file"), at("hard")).unwrap();
        symlink("file", at("soft")).unwrap();
        symlink("new", at("dangling")).unwrap();
        mkfifo(&at("fifo"), Mode::S_IRWXU).unwrap();
        for (one, other) in [
            ("file", "file"),
            ("file", "hard"),
            ("soft", "hard"),
            ("file", "dir/../file"),
            ("new", "new"),
            ("new", "dir/../new"),
            ("new", "dangling"),
            ("fifo", "fifo"),
        ] {
            let mut claims = Claims::default();
            claims.output(&at(one)).unwrap();
            let why = refused(&mut claims, &at(other));
            let said = if one == other {
                "two outputs go there"
            } else {
                "it is the same file as"
            };
            assert!(why.contains(said), "{one} {other}: {why}");
        }
        let mut claims = Claims::default();
        for name in ["file", "new", "dir/new", "/dev/null", "/dev/null", "-"] {
            claims.output(&at(name)).unwrap();
        }
        assert!(refused(&mut claims, &at("file")).contains("two outputs"));
        let mut claims = Claims::default();
        claims.output(Path::new(DASH)).unwrap();
        let why = refused(&mut claims, Path::new(DASH));
        assert!(
            why.contains("cannot write to standard output: two outputs"),
            "{why}"
        );
    }

    #[test]
    fn a_file_that_is_read_is_not_written_under_any_name() {
        let directory = tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        fs::write(at("file"), "precious").unwrap();
        fs::hard_link(at("file"), at("hard")).unwrap();
        symlink("file", at("soft")).unwrap();
        let held = File::open(at("file")).unwrap();
        let by_number = format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&held));
        for name in ["file", "hard", "soft", &by_number] {
            for input in ["file", "hard", &by_number] {
                let why = refused(&mut Claims::input(&at(input)), &at(name));
                assert!(why.contains("it is the file that is read"), "{why}");
            }
        }
        // A file of that name, not standard output.
        let mut claims = Claims::input(&at("file"));
        assert!(!claims.output(&at("./-")).unwrap().is_stdout());
        // A file that does not exist, or that keeps no data, needs no protection as an input.
        Claims::input(&at("absent")).output(&at("absent")).unwrap();
        let null = Path::new("/dev/null");
        Claims::input(null).output(null).unwrap();
    }
}
