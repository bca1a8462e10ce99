// SPDX-License-Identifier: GPL-2.0-only

//! What results are written to: opened before anything runs, complete or not there afterwards.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::cli::Outputs;
use crate::output;
use simrupt::failure::{Failure, describe};
use simrupt_bench::report;
use simrupt_bench::results::Results;

/// Makes a document of results.
type Render = fn(&Results) -> Result<String, String>;

/// What stands for standard output.
const STDOUT: &str = "-";

/// All outputs that were asked for.
#[derive(Debug)]
pub(crate) struct Documents {
    files: Vec<(Output, Render)>,
    /// The directory of the charts.
    charts: Option<PathBuf>,
}

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
        let asked: [(&Option<PathBuf>, Render); 4] = [
            (&outputs.json, json),
            (&outputs.csv, |results| Ok(report::csv(results))),
            (&outputs.markdown, |results| Ok(report::markdown(results))),
            (&outputs.html, report::html),
        ];
        let mut files: Vec<(Output, Render)> = Vec::new();
        for (name, render) in asked {
            let Some(name) = name else { continue };
            if files.iter().any(|(output, _)| output.name == *name) {
                return Err(twice(name));
            }
            files.push((Output::open(name)?, render));
        }
        if let Some(directory) = &outputs.svg {
            check_directory(directory)?;
        }
        Ok(Self {
            files,
            charts: outputs.svg.clone(),
        })
    }

    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.files.is_empty() && self.charts.is_none()
    }

    /// Whether one of them is standard output.
    pub(crate) fn take_stdout(&self) -> bool {
        let is_stdout = |(one, _): &(Output, _)| matches!(one.target, Target::Stdout);
        self.files.iter().any(is_stdout)
    }

    /// Writes all of them; all are made before the first is written.
    pub(crate) fn write(self, results: &Results) -> Result<(), Failure> {
        let failed = |name: &Path| {
            let what = format!("cannot make {}", name.display());
            move |why: String| Failure::new(what, why)
        };
        let mut made = Vec::new();
        for (output, render) in self.files {
            let text = render(results).map_err(failed(&output.name))?;
            made.push((output, text));
        }
        if let Some(directory) = &self.charts {
            let charts = report::svgs(results).map_err(failed(directory))?;
            let unwritable = |error| Failure::file("write", directory, None, &error);
            fs::create_dir_all(directory).map_err(unwritable)?;
            for (name, text) in charts {
                made.push((Output::open(&directory.join(name))?, text));
            }
        }
        made.into_iter()
            .try_for_each(|(output, text)| output.write(&text))
    }
}

fn json(results: &Results) -> Result<String, String> {
    let text = serde_json::to_string(results).map_err(|error| error.to_string())?;
    Ok(text + "\n")
}

/// Two documents would go to the same place.
fn twice(name: &Path) -> Failure {
    let place = match name == Path::new(STDOUT) {
        true => "standard output".to_string(),
        false => name.display().to_string(),
    };
    Failure::new(format!("cannot write to {place}"), "two reports go there")
        .remedy("a file for each")
        .usage()
}

/// Tries whether files can be made in a directory, or the directory itself, and leaves all as it is.
fn check_directory(directory: &Path) -> Result<(), Failure> {
    if directory == Path::new(STDOUT) {
        let failure = Failure::new("cannot write charts", "--svg makes many files");
        return Err(failure.remedy("the name of a directory").usage());
    }
    let tried = match fs::metadata(directory) {
        Ok(_) => {
            let trial = directory.join(format!(".simructl-{}", std::process::id()));
            File::create_new(&trial).and_then(|_| fs::remove_file(&trial))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            fs::create_dir(directory).and_then(|()| fs::remove_dir(directory))
        }
        Err(error) => Err(error),
    };
    tried.map_err(|error| unwritable(directory, &error))
}

/// Why something cannot be written; what is not there is then the directory that it should be in.
fn unwritable(path: &Path, error: &io::Error) -> Failure {
    match (error.kind(), path.parent()) {
        (io::ErrorKind::NotFound, Some(parent)) => Failure::new(
            format!("cannot write {}", path.display()),
            "there is no such directory",
        )
        .remedy(format!("mkdir -p {}", parent.display())),
        _ => Failure::file("write", path, None, error),
    }
}

impl Output {
    fn open(name: &Path) -> Result<Self, Failure> {
        let failed = |error: io::Error| unwritable(name, &error);
        let target = if name == Path::new(STDOUT) {
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
    use simrupt::failure::Kind;
    use simrupt_bench::load;

    use super::*;

    fn outputs(directory: &Path) -> Outputs {
        Outputs {
            json: Some(directory.join("a.json")),
            csv: Some(directory.join("a.csv")),
            markdown: Some(directory.join("a.md")),
            html: Some(directory.join("a.html")),
            svg: Some(directory.join("charts")),
        }
    }

    fn results() -> Results {
        let file = "crates/simrupt-bench/tests/result.json";
        load::results(&Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap()
    }

    fn count(directory: &Path) -> usize {
        fs::read_dir(directory).unwrap().count()
    }

    #[test]
    fn a_file_is_there_complete_or_as_it_was() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("out.json");
        drop(Output::open(&path).unwrap());
        assert_eq!(count(directory.path()), 0);
        fs::write(&path, "old").unwrap();
        let output = Output::open(&path).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        output.write("new").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(count(directory.path()), 1);
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
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path();
        fs::write(path.join("file"), "").unwrap();
        for (name, why) in [
            (".", "it is a directory"),
            ("absent/x.json", "no such directory\n  try: mkdir -p"),
            ("file/x.json", "Not a directory"),
        ] {
            let failure = Output::open(&path.join(name)).unwrap_err().to_string();
            assert!(failure.contains(why), "{failure}");
        }
        for (name, why) in [("file", "file: Not a directory"), ("a/b", "mkdir -p")] {
            let outputs = Outputs {
                svg: Some(path.join(name)),
                ..Outputs::default()
            };
            let failure = Documents::open(&outputs).unwrap_err().to_string();
            assert!(failure.contains(why), "{failure}");
        }
        assert_eq!(count(path), 1);
    }

    #[test]
    fn two_documents_do_not_share_a_place() {
        for place in ["-", "/tmp/simructl-both"] {
            let outputs = Outputs {
                json: Some(PathBuf::from(place)),
                html: Some(PathBuf::from(place)),
                ..Outputs::default()
            };
            let failure = Documents::open(&outputs).unwrap_err();
            assert_eq!(failure.kind(), Kind::Usage);
            assert!(failure.to_string().contains("two reports go there"));
        }
        let outputs = Outputs {
            svg: Some(PathBuf::from("-")),
            ..Outputs::default()
        };
        let failure = Documents::open(&outputs).unwrap_err().to_string();
        assert!(failure.contains("--svg makes many"), "{failure}");
    }

    #[test]
    fn all_that_is_wanted_is_written() {
        let directory = tempfile::tempdir().unwrap();
        let results = results();
        let documents = Documents::open(&outputs(directory.path())).unwrap();
        assert!(!documents.is_empty() && !documents.take_stdout());
        documents.write(&results).unwrap();
        let charts = count(&directory.path().join("charts"));
        assert_eq!(charts, report::svgs(&results).unwrap().len());
        assert_eq!(count(directory.path()), 5);
        let text = fs::read_to_string(directory.path().join("a.json")).unwrap();
        assert_eq!(serde_json::from_str::<Results>(&text).unwrap(), results);
    }
}
