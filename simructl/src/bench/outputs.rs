// SPDX-License-Identifier: GPL-2.0-only

//! The files that results go to: opened before anything runs, complete or not there afterwards.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::bench::results::Results;
use crate::cli::Outputs;
use crate::failure::{Failure, describe};
use crate::output;

/// Makes a document of results.
type Render = fn(&Results) -> Result<String, String>;

/// All outputs that were asked for.
#[derive(Debug)]
pub(crate) struct Documents(Vec<(Output, Render)>);

/// One file.
#[derive(Debug)]
struct Output {
    /// The name by which it was asked for.
    name: PathBuf,
    target: Target,
}

#[derive(Debug)]
enum Target {
    Stdout,
    /// No plain file: a pipe, or a terminal.
    Direct(File),
    /// Written beside the file, and moved over it when it is complete.
    Beside {
        file: File,
        new: PathBuf,
        path: PathBuf,
    },
}

impl Documents {
    /// Opens all of them, and changes none of what is there.
    pub(crate) fn open(outputs: &Outputs) -> Result<Self, Failure> {
        let asked: [(&Option<PathBuf>, Render); 1] = [(&outputs.json, json)];
        let mut documents = Vec::new();
        for (name, render) in asked {
            if let Some(name) = name {
                documents.push((Output::open(name)?, render));
            }
        }
        Ok(Self(documents))
    }

    /// Whether one of them is standard output.
    pub(crate) fn take_stdout(&self) -> bool {
        let is_stdout = |(one, _): &(Output, _)| matches!(one.target, Target::Stdout);
        self.0.iter().any(is_stdout)
    }

    /// Writes all of them.
    pub(crate) fn write(self, results: &Results) -> Result<(), Failure> {
        for (output, render) in self.0 {
            let what = format!("cannot make {}", output.name.display());
            let text = render(results).map_err(|why| Failure::new(what, why))?;
            output.write(&text)?;
        }
        Ok(())
    }
}

fn json(results: &Results) -> Result<String, String> {
    let text = serde_json::to_string(results).map_err(|error| error.to_string())?;
    Ok(text + "\n")
}

impl Output {
    fn open(name: &Path) -> Result<Self, Failure> {
        let failed = |error: io::Error| Failure::file("write", name, None, &error);
        let target = if name == Path::new("-") {
            Target::Stdout
        } else {
            // A link stays one, and what it leads to is replaced.
            let path = fs::canonicalize(name).unwrap_or_else(|_| name.to_path_buf());
            match fs::metadata(&path) {
                Ok(meta) if meta.is_dir() => {
                    let what = format!("cannot write {}", name.display());
                    return Err(Failure::new(what, "it is a directory"));
                }
                Ok(meta) if !meta.is_file() => {
                    let file = OpenOptions::new().write(true).open(&path);
                    Target::Direct(file.map_err(failed)?)
                }
                is_there => {
                    if is_there.is_ok() {
                        OpenOptions::new()
                            .append(true)
                            .open(&path)
                            .map_err(failed)?;
                    }
                    let mut new = path.clone().into_os_string();
                    new.push(format!(".{}.new", std::process::id()));
                    let new = PathBuf::from(new);
                    let file = File::create(&new).map_err(failed)?;
                    Target::Beside { file, new, path }
                }
            }
        };
        Ok(Self {
            name: name.to_path_buf(),
            target,
        })
    }

    fn write(mut self, text: &str) -> Result<(), Failure> {
        let bytes = text.as_bytes();
        let written = match &mut self.target {
            Target::Stdout => return output::print(text),
            Target::Direct(file) => file.write_all(bytes),
            Target::Beside { file, new, path } => {
                let written = file.write_all(bytes).and_then(|()| file.sync_all());
                written.and_then(|()| fs::rename(new, path))
            }
        };
        written.map_err(|error| {
            let what = format!("cannot write {}", self.name.display());
            Failure::new(what, describe(&error))
        })
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        if let Target::Beside { new, .. } = &self.target {
            // Once it was moved, it is there no more.
            let _ = fs::remove_file(new);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_there_complete_or_as_it_was() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("out.json");
        drop(Output::open(&path).unwrap());
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
        fs::write(&path, "old").unwrap();
        let output = Output::open(&path).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        output.write("new").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_is_no_plain_file_is_written_as_it_is() {
        Output::open(Path::new("/dev/null"))
            .unwrap()
            .write("x")
            .unwrap();
        let error = Output::open(Path::new("/dev/full")).unwrap().write("x");
        assert!(error.unwrap_err().to_string().contains("/dev/full"));
    }

    #[test]
    fn what_cannot_be_written_is_refused_at_once() {
        for (name, why) in [
            ("/tmp", "it is a directory"),
            ("/nowhere/x.json", "no such file"),
        ] {
            let failure = Output::open(Path::new(name)).unwrap_err().to_string();
            assert!(failure.contains(name) && failure.contains(why), "{failure}");
        }
    }
}
