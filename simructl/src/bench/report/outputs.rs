// SPDX-License-Identifier: GPL-2.0-only

//! Which reports are wanted and where they go. Before a long run is begun, [`Outputs::check`] tries whether
//! they can be written at all.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::bench::results::Results;
use crate::failure::Failure;
use crate::output;

/// The options that ask for reports.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Outputs {
    /// Write every figure of every cell as CSV; - is standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) csv: Option<PathBuf>,
    /// Write the tables as Markdown; - is standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) markdown: Option<PathBuf>,
    /// Write tables and charts as one HTML page that needs nothing else; - is standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
    /// Write each chart as an SVG file into DIR, which is made if it is not there
    #[arg(long, value_name = "DIR")]
    pub(crate) svg: Option<PathBuf>,
}

/// What stands for standard output.
const STDOUT: &str = "-";

impl Outputs {
    /// Whether no report is asked for.
    pub(crate) fn is_empty(&self) -> bool {
        self.files().next().is_none() && self.svg.is_none()
    }

    /// Whether a report goes to standard output.
    pub(crate) fn on_stdout(&self) -> bool {
        self.files().any(|file| file == Path::new(STDOUT))
    }

    fn files(&self) -> impl Iterator<Item = &Path> {
        let files = [&self.csv, &self.markdown, &self.html];
        files.into_iter().filter_map(Option::as_deref)
    }

    /// Tries whether all can be written, and leaves everything as it is. The failure is of the first that
    /// cannot.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        let mut seen: Vec<&Path> = Vec::new();
        for file in self.files() {
            if seen.contains(&file) {
                let name = match file == Path::new(STDOUT) {
                    true => "standard output".to_string(),
                    false => file.display().to_string(),
                };
                return Err(Failure::new(
                    format!("cannot write to {name}"),
                    "two reports go there",
                )
                .remedy("a file for each")
                .usage());
            }
            seen.push(file);
            check_file(file)?;
        }
        match &self.svg {
            Some(directory) if directory == Path::new(STDOUT) => Err(Failure::new(
                "cannot write charts",
                "--svg makes many files",
            )
            .remedy("the name of a directory")
            .usage()),
            Some(directory) => check_directory(directory),
            None => Ok(()),
        }
    }
}

/// Tries whether a file can be written, and leaves it as it is; `-` always can.
pub(crate) fn check_file(file: &Path) -> Result<(), Failure> {
    if file == Path::new(STDOUT) {
        return Ok(());
    }
    let tried = match fs::metadata(file) {
        // Opening a pipe would wait for its reader.
        Ok(metadata) if !metadata.is_file() && !metadata.is_dir() => Ok(()),
        Ok(_) => OpenOptions::new().append(true).open(file).map(drop),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            File::create_new(file).and_then(|_| fs::remove_file(file))
        }
        Err(error) => Err(error),
    };
    tried.map_err(|error| unwritable(file, &error))
}

/// Tries whether files can be made in a directory, or the directory itself, and leaves all as it is.
fn check_directory(directory: &Path) -> Result<(), Failure> {
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
    match error.kind() {
        io::ErrorKind::NotFound => {
            let parent = path.parent().unwrap_or(Path::new(""));
            Failure::new(
                format!("cannot write {}", path.display()),
                "there is no such directory",
            )
            .remedy(format!("mkdir -p {}", parent.display()))
        }
        _ => Failure::file("write", path, None, error),
    }
}

/// Makes the reports that are wanted, and writes them. All are made before the first is written.
pub(crate) fn write_all(results: &Results, outputs: &Outputs) -> Result<(), Failure> {
    let failed = |what: &str| {
        let what = format!("cannot make the {what}");
        move |why: String| Failure::new(what, why)
    };
    let mut texts: Vec<(&Path, String)> = Vec::new();
    if let Some(file) = &outputs.csv {
        texts.push((file, super::csv(results)));
    }
    if let Some(file) = &outputs.markdown {
        texts.push((file, super::markdown(results)));
    }
    if let Some(file) = &outputs.html {
        texts.push((file, super::html(results).map_err(failed("page"))?));
    }
    let mut charts = Vec::new();
    if outputs.svg.is_some() {
        charts = super::svgs(results).map_err(failed("charts"))?;
    }
    for (file, text) in texts {
        write(file, &text)?;
    }
    if let Some(directory) = &outputs.svg {
        fs::create_dir_all(directory).map_err(|error| unwritable(directory, &error))?;
        for (name, text) in charts {
            write(&directory.join(name), &text)?;
        }
    }
    Ok(())
}

fn write(file: &Path, text: &str) -> Result<(), Failure> {
    match file == Path::new(STDOUT) {
        true => output::print(text),
        false => fs::write(file, text).map_err(|error| unwritable(file, &error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::sample;

    fn outputs(directory: &Path) -> Outputs {
        Outputs {
            csv: Some(directory.join("a.csv")),
            markdown: Some(directory.join("a.md")),
            html: Some(directory.join("a.html")),
            svg: Some(directory.join("charts")),
        }
    }

    #[test]
    fn checking_leaves_everything_as_it_is() {
        let directory = tempfile::tempdir().unwrap();
        let outputs = outputs(directory.path());
        fs::write(directory.path().join("a.csv"), "old").unwrap();
        outputs.check().unwrap();
        let names: Vec<_> = fs::read_dir(directory.path()).unwrap().collect();
        assert_eq!(names.len(), 1);
        let left = fs::read_to_string(directory.path().join("a.csv")).unwrap();
        assert_eq!(left, "old");
    }

    #[test]
    fn what_cannot_be_written_is_named_before_anything_is_done() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path();
        for (file, why) in [
            (
                "absent/a.csv",
                "there is no such directory\n  try: mkdir -p",
            ),
            (".", "Is a directory"),
            ("file/a.csv", "Not a directory"),
        ] {
            fs::write(path.join("file"), "").unwrap();
            let outputs = Outputs {
                csv: Some(path.join(file)),
                ..Outputs::default()
            };
            let failure = outputs.check().unwrap_err().to_string();
            assert!(failure.contains(why), "{failure}");
            let outputs = Outputs {
                svg: Some(path.join("file")),
                ..Outputs::default()
            };
            let failure = outputs.check().unwrap_err().to_string();
            assert!(failure.contains("file: Not a directory"), "{failure}");
        }
    }

    #[test]
    fn two_reports_do_not_share_a_file() {
        let outputs = Outputs {
            csv: Some(PathBuf::from("-")),
            html: Some(PathBuf::from("-")),
            ..Outputs::default()
        };
        let failure = outputs.check().unwrap_err();
        assert_eq!(failure.code, 2);
        assert!(failure.to_string().contains("standard output: two reports"));
        let outputs = Outputs {
            svg: Some(PathBuf::from("-")),
            ..Outputs::default()
        };
        assert!(
            outputs
                .check()
                .unwrap_err()
                .to_string()
                .contains("--svg makes many")
        );
    }

    #[test]
    fn all_that_is_wanted_is_written() {
        let directory = tempfile::tempdir().unwrap();
        let outputs = outputs(directory.path());
        assert!(!outputs.is_empty() && !outputs.on_stdout());
        write_all(&sample::results(), &outputs).unwrap();
        let charts = fs::read_dir(directory.path().join("charts"))
            .unwrap()
            .count();
        assert_eq!(
            charts,
            super::super::svgs(&sample::results()).unwrap().len()
        );
        let page = fs::read_to_string(directory.path().join("a.html")).unwrap();
        assert_eq!(page, super::super::html(&sample::results()).unwrap());
    }
}
