// SPDX-License-Identifier: GPL-2.0-only

//! The documents with the results of a benchmark. They are checked before anything runs. If one cannot be written, the
//! others are written all the same.

use std::env;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::unistd::{AccessFlags, eaccess};

use crate::cli::Outputs;
use crate::destination::{Claims, DASH, Destination, Sink, unwritable};
use simrupt::failure::{Failure, describe};
use simrupt_bench::report;
use simrupt_bench::results::Results;

/// A kind of document that is one file.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Json,
    Csv,
    Markdown,
    Html,
    Ktap,
    Lava,
}

/// All requested documents.
#[derive(Debug)]
pub(crate) struct Documents {
    files: Vec<Document>,
    /// The directory of the charts.
    charts: Option<PathBuf>,
    takes_stdout: bool,
    claims: Claims,
}

/// Documents that can be written.
#[derive(Debug)]
pub(crate) struct Checked {
    files: Vec<(PathBuf, Kind, Destination)>,
    claims: Claims,
}

impl Checked {
    /// Whether the JSON of the results goes to standard output.
    pub(crate) fn has_json_on_stdout(&self) -> bool {
        let is_that =
            |(_, kind, place): &(_, Kind, Destination)| *kind == Kind::Json && place.is_stdout();
        self.files.iter().any(is_that)
    }
}

/// A file, and the kind of its content.
#[derive(Debug)]
struct Document {
    name: PathBuf,
    kind: Kind,
    sink: Sink,
}

/// The outcome of writing the documents.
#[derive(Debug, Default)]
pub(crate) struct Written {
    /// Whether the results themselves are in a file.
    pub(crate) has_json: bool,
    /// Why some of them could not be written.
    pub(crate) failures: Vec<Failure>,
}

impl Kind {
    /// Makes the document.
    fn render(self, results: &Results) -> Result<String, String> {
        match self {
            Self::Json => report::json(results),
            Self::Csv => Ok(report::csv(results)),
            Self::Markdown => Ok(report::markdown(results)),
            Self::Html => Ok(report::html(results)),
            Self::Ktap => Ok(report::ktap(results)),
            Self::Lava => Ok(report::lava(results)),
        }
    }
}

impl Documents {
    /// Checks all of them, then opens them, and changes no existing file. The parameters are those of
    /// [`check`](Self::check).
    pub(crate) fn open(
        outputs: &Outputs,
        claims: Claims,
        results: Option<&Results>,
    ) -> Result<Self, Failure> {
        let Checked { files, claims } = Self::check(outputs, claims, results)?;
        let takes_stdout = files.iter().any(|(.., place)| place.is_stdout());
        let open = |(name, kind, place): (PathBuf, Kind, Destination)| {
            let sink = place.open()?;
            Ok(Document { name, kind, sink })
        };
        Ok(Self {
            files: files.into_iter().map(open).collect::<Result<_, _>>()?,
            charts: outputs.svg.clone(),
            takes_stdout,
            claims,
        })
    }

    /// Checks that all of them can be written, and opens none. `claims` has the files that the command reads. If the
    /// results are known already, the charts are checked as well, and tables are printed only if no document is asked
    /// for.
    pub(crate) fn check(
        outputs: &Outputs,
        mut claims: Claims,
        results: Option<&Results>,
    ) -> Result<Checked, Failure> {
        let asked = [
            // JSON is written first: all other documents can be made from it.
            (&outputs.json, Kind::Json),
            (&outputs.csv, Kind::Csv),
            (&outputs.markdown, Kind::Markdown),
            (&outputs.html, Kind::Html),
            (&outputs.ktap, Kind::Ktap),
            (&outputs.lava, Kind::Lava),
        ];
        let mut checked = Vec::new();
        for (name, kind) in asked {
            if let Some(name) = name {
                checked.push((name.clone(), kind, claims.output(name)?));
            }
        }
        let takes_stdout = checked.iter().any(|(.., place)| place.is_stdout());
        let has_tables = results.is_none() || (checked.is_empty() && outputs.svg.is_none());
        if !takes_stdout && has_tables {
            claims.stdout()?;
        }
        if let Some(directory) = &outputs.svg {
            check_directory(directory)?;
            if let (Some(results), true) = (results, directory.is_dir()) {
                charts(directory, results, &mut claims.clone())?;
            }
        }
        Ok(Checked {
            files: checked,
            claims,
        })
    }

    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.files.is_empty() && self.charts.is_none()
    }

    /// Whether one of them is standard output.
    pub(crate) fn take_stdout(&self) -> bool {
        self.takes_stdout
    }

    /// Writes all that can be written.
    pub(crate) fn write(mut self, results: &Results) -> Written {
        let mut written = Written::default();
        for Document { name, kind, sink } in self.files {
            let text = kind.render(results).map_err(|why| unmade(&name, why));
            match text.and_then(|text| sink.write_text(&text)) {
                Ok(()) => written.has_json |= kind == Kind::Json,
                Err(failure) => written.failures.push(failure),
            }
        }
        if let Some(directory) = &self.charts {
            let failures = write_charts(directory, results, &mut self.claims);
            written.failures.extend(failures);
        }
        written
    }
}

/// Keeps results that could not be written to their output, in a new temporary file; returns its name.
pub(crate) fn rescue(results: &Results) -> Result<PathBuf, Failure> {
    let directory = env::temp_dir();
    let failed = |why: String| {
        let what = format!("cannot keep the results in {}", directory.display());
        Failure::new(what, why)
    };
    let text = report::json(results).map_err(failed)?;
    let kept = || -> io::Result<PathBuf> {
        let mut file = tempfile::Builder::new()
            .prefix("simructl-bench-")
            .suffix(".json")
            .tempfile_in(&directory)?;
        file.as_file_mut().write_all(text.as_bytes())?;
        Ok(file.keep().map_err(|error| error.error)?.1)
    };
    kept().map_err(|error| failed(describe(&error)))
}

/// The charts and their files.
fn charts(
    directory: &Path,
    results: &Results,
    claims: &mut Claims,
) -> Result<Vec<(Destination, String)>, Failure> {
    let checked = report::svgs(results).into_iter().map(|(name, text)| {
        let place = claims.output(&directory.join(name))?;
        Ok((place, text))
    });
    checked.collect()
}

/// Creates the directory and writes the charts that can be written; returns the failures of the others.
fn write_charts(directory: &Path, results: &Results, claims: &mut Claims) -> Vec<Failure> {
    let made = fs::create_dir_all(directory)
        .map_err(|error| Failure::file("write", directory, None, &error));
    match made.and_then(|()| charts(directory, results, claims)) {
        Ok(charts) => {
            let written = charts
                .into_iter()
                .map(|(place, text)| place.open()?.write_text(&text));
            let failures: Vec<Failure> = written.filter_map(Result::err).collect();
            together(failures).into_iter().collect()
        }
        Err(failure) => vec![failure],
    }
}

/// The first failure, with the number of others.
fn together(failures: Vec<Failure>) -> Option<Failure> {
    let others = failures.len().saturating_sub(1);
    let first = failures.into_iter().next()?;
    Some(match others {
        0 => first,
        1 => first.because("another chart has failed, too"),
        _ => first.because(&format!("{others} other charts have failed, too")),
    })
}

fn unmade(name: &Path, why: String) -> Failure {
    Failure::new(format!("cannot make {}", name.display()), why)
}

/// Whether files can be made in a directory, or the directory itself.
fn check_directory(directory: &Path) -> Result<(), Failure> {
    if directory == Path::new(DASH) {
        let failure = Failure::new("cannot write charts", "--svg makes many files");
        return Err(failure.remedy("the name of a directory").usage());
    }
    let may_make = AccessFlags::W_OK | AccessFlags::X_OK;
    let checked = match fs::metadata(directory) {
        Ok(data) if !data.is_dir() => Err(Errno::ENOTDIR.into()),
        Ok(_) => eaccess(directory, may_make).map_err(io::Error::from),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let parent = match directory.parent() {
                Some(parent) if parent != Path::new("") => parent,
                _ => Path::new("."),
            };
            eaccess(parent, may_make).map_err(io::Error::from)
        }
        Err(error) => Err(error),
    };
    checked.map_err(|error| unwritable(directory, &error))
}

#[cfg(test)]
mod tests {
    use simrupt::failure::Kind;
    use simrupt_bench::load;

    use super::*;

    fn outputs(directory: &Path) -> Outputs {
        Outputs {
            label: None,
            json: Some(directory.join("a.json")),
            csv: Some(directory.join("a.csv")),
            markdown: Some(directory.join("a.md")),
            html: Some(directory.join("a.html")),
            ktap: Some(directory.join("a.ktap")),
            lava: Some(directory.join("a.lava")),
            svg: Some(directory.join("charts")),
        }
    }

    fn results() -> Results {
        let file = "crates/simrupt-bench/tests/result.json";
        load::results(&Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap()
    }

    fn open(outputs: &Outputs) -> Result<Documents, Failure> {
        Documents::open(outputs, Claims::default(), None)
    }

    fn count(directory: &Path) -> usize {
        fs::read_dir(directory).unwrap().count()
    }

    #[test]
    fn a_directory_that_charts_cannot_go_to_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path();
        fs::write(path.join("file"), "").unwrap();
        for (name, why) in [("file", "file: Not a directory"), ("a/b", "mkdir -p")] {
            let outputs = Outputs {
                svg: Some(path.join(name)),
                ..Outputs::default()
            };
            let failure = open(&outputs).unwrap_err().to_string();
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
            let failure = open(&outputs).unwrap_err();
            assert_eq!(failure.kind(), Kind::Usage);
            assert!(failure.to_string().contains("two outputs go there"));
        }
        let outputs = Outputs {
            svg: Some(PathBuf::from("-")),
            ..Outputs::default()
        };
        let failure = open(&outputs).unwrap_err().to_string();
        assert!(failure.contains("--svg makes many"), "{failure}");
    }

    #[test]
    fn all_that_is_wanted_is_written() {
        let directory = tempfile::tempdir().unwrap();
        let results = results();
        let documents = open(&outputs(directory.path())).unwrap();
        assert!(!documents.is_empty() && !documents.take_stdout());
        let written = documents.write(&results);
        assert!(written.has_json && written.failures.is_empty());
        let charts = count(&directory.path().join("charts"));
        assert_eq!(charts, report::svgs(&results).len());
        assert_eq!(count(directory.path()), 7);
        let text = fs::read_to_string(directory.path().join("a.json")).unwrap();
        assert_eq!(serde_json::from_str::<Results>(&text).unwrap(), results);
    }

    #[test]
    fn a_document_that_cannot_be_written_does_not_stop_the_others() {
        let directory = tempfile::tempdir().unwrap();
        let results = results();
        let outputs = Outputs {
            json: Some(PathBuf::from("/dev/full")),
            ..outputs(directory.path())
        };
        let written = open(&outputs).unwrap().write(&results);
        assert!(!written.has_json);
        let failures: Vec<String> = written.failures.iter().map(Failure::to_string).collect();
        assert_eq!(
            failures,
            ["cannot write /dev/full: No space left on device"]
        );
        assert_eq!(count(directory.path()), 6);
        let kept = rescue(&results).unwrap();
        assert!(load::results(&kept).unwrap() == results);
        fs::remove_file(kept).unwrap();
    }

    #[test]
    fn a_chart_never_replaces_a_file_that_is_read() {
        let directory = tempfile::tempdir().unwrap();
        let results = results();
        let (name, _) = &report::svgs(&results)[0];
        let [input, chart] = ["a.json", name].map(|name| directory.path().join(name));
        fs::write(&input, "precious").unwrap();
        fs::hard_link(&input, &chart).unwrap();
        let outputs = Outputs {
            json: Some(directory.path().join("b.json")),
            svg: Some(directory.path().to_path_buf()),
            ..Outputs::default()
        };
        let refused = Documents::open(&outputs, Claims::input(&input), Some(&results));
        let why = refused.unwrap_err().to_string();
        assert!(why.contains("it is the file that is read"), "{why}");
        assert_eq!(count(directory.path()), 2);
        // The charts of a benchmark are known only when it is over.
        let documents = Documents::open(&outputs, Claims::input(&input), None).unwrap();
        let written = documents.write(&results);
        assert!(written.has_json && written.failures.len() == 1);
        assert_eq!(fs::read_to_string(&chart).unwrap(), "precious");
    }
}
