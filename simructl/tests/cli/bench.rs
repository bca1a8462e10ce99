// SPDX-License-Identifier: GPL-2.0-only

//! `simructl report`: it needs no module, only result files.
//!
//! `tests/bench/result.json` is made by the unit tests; see `bench::sample`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::fake::{compare, transcript};

/// A directory with a copy of the result file.
struct Desk(TempDir);

impl Desk {
    fn new() -> Self {
        let desk = Self(TempDir::new().unwrap());
        fs::copy(sample(), desk.path("a.json")).unwrap();
        desk
    }

    fn path(&self, file: &str) -> PathBuf {
        self.0.path().join(file)
    }

    fn write(&self, file: &str, text: &[u8]) {
        fs::write(self.path(file), text).unwrap();
    }

    /// Writes the result file with changes.
    fn changed(&self, file: &str, change: impl Fn(&mut Value)) {
        let text = fs::read(sample()).unwrap();
        let mut results = serde_json::from_slice(&text).unwrap();
        change(&mut results);
        self.write(file, results.to_string().as_bytes());
    }

    fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_simructl"));
        command
            .args(arguments.split_whitespace())
            .current_dir(self.0.path())
            .stdin(Stdio::null());
        command
    }

    fn check(&self, golden: &str, arguments: &str) {
        compare(golden, &transcript(arguments, &mut self.command(arguments)));
    }

    /// What a run that must go well prints.
    fn printed(&self, arguments: &str) -> String {
        let run = self.command(arguments).output().unwrap();
        let stderr = String::from_utf8(run.stderr).unwrap();
        assert!(run.status.success() && stderr.is_empty(), "{stderr}");
        String::from_utf8(run.stdout).unwrap()
    }
}

fn sample() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bench/result.json")
}

#[test]
fn a_result_file_is_shown_as_tables() {
    let desk = Desk::new();
    desk.check("report", "report a.json");
    desk.check("report-markdown", "report a.json --markdown -");
    desk.check("report-csv", "report a.json --csv -");
}

#[test]
fn a_result_may_come_from_standard_input() {
    let desk = Desk::new();
    let mut piped = desk.command("report -");
    piped.stdin(fs::File::open(sample()).unwrap());
    let piped = piped.output().unwrap().stdout;
    assert_eq!(
        String::from_utf8(piped).unwrap(),
        desk.printed("report a.json")
    );
}

#[test]
fn reports_are_written_where_they_are_wanted_and_nothing_else_is_said() {
    let desk = Desk::new();
    let all = "report a.json --csv a.csv --markdown a.md --html a.html --svg charts";
    assert_eq!(desk.printed(all), "");
    let csv = fs::read_to_string(desk.path("a.csv")).unwrap();
    assert_eq!(csv, desk.printed("report a.json --csv -"));
    let page = fs::read_to_string(desk.path("a.html")).unwrap();
    assert_eq!(page, desk.printed("report a.json --html -"));
    for file in fs::read_dir(desk.path("charts")).unwrap() {
        let path = file.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        let document = roxmltree::Document::parse(&text).unwrap();
        assert!(
            document
                .root_element()
                .has_tag_name(("http://www.w3.org/2000/svg", "svg"))
        );
        assert!(path.extension().is_some_and(|extension| extension == "svg"));
    }
}

#[test]
fn the_page_has_every_flavor_in_every_chart_of_its_group() {
    let desk = Desk::new();
    let page = desk.printed("report a.json --html -");
    for section in page.split("<section id=\"rate-").skip(1) {
        let section = section.split("</section>").next().unwrap();
        for chart in section.split("<svg xmlns").skip(1) {
            for flavor in ["none", "bound", "unbound", "bh"] {
                let series = format!("data-series=\"{flavor}\"");
                assert!(chart.contains(&series), "{flavor}: {}", &chart[..300]);
            }
        }
    }
    assert_eq!(page.matches("<section id=\"rate-20000").count(), 3);
}

#[test]
fn what_is_no_result_is_told_with_its_name_and_a_remedy() {
    let desk = Desk::new();
    let whole = fs::read(sample()).unwrap();
    desk.write("cut.json", &whole[..whole.len() / 2]);
    desk.write("empty.json", b"");
    desk.write("text.json", b"simrupt\n");
    desk.write("foreign.json", b"{\"jobs\": []}");
    desk.changed("newer.json", |results| {
        results["schema"] = json!("simrupt-bench/2")
    });
    desk.changed("odd.json", |results| {
        results["cells"][0]["setting"]["burst"] = json!("one")
    });
    for name in ["cut", "empty", "text", "foreign", "newer", "odd", "absent"] {
        desk.check(&format!("report-{name}"), &format!("report {name}.json"));
    }
}

#[test]
fn outputs_that_cannot_be_written_are_told() {
    let desk = Desk::new();
    desk.check("report-no-directory", "report a.json --html absent/a.html");
    desk.check("report-directory", "report a.json --csv .");
    desk.check("report-two", "report a.json --csv - --markdown -");
    desk.check("report-svg-stdout", "report a.json --svg -");
    desk.check("report-svg-file", "report a.json --svg a.json");
    desk.check("report-json", "report a.json --json");
}

#[test]
fn a_result_without_cells_is_a_report() {
    let desk = Desk::new();
    desk.changed("none.json", |results| {
        results["cells"] = json!([]);
        results["knees"] = json!([]);
        results["complete"] = json!(false);
    });
    desk.check("report-none", "report none.json");
    let page = desk.printed("report none.json --html -");
    assert!(page.contains("no cell had a finished round"));
}
