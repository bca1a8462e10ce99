// SPDX-License-Identifier: GPL-2.0-only

//! `simructl report` and `compare`: neither needs the module, only result files.
//!
//! The result file is made by the unit tests of the crate simrupt-bench: see its module `sample`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::fake::{compare, transcript};
use crate::ktap;

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

    /// Writes a changed result file.
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

    /// The output of a run that must succeed.
    fn printed(&self, arguments: &str) -> String {
        let run = self.command(arguments).output().unwrap();
        let stderr = String::from_utf8(run.stderr).unwrap();
        assert!(run.status.success() && stderr.is_empty(), "{stderr}");
        String::from_utf8(run.stdout).unwrap()
    }
}

fn sample() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("crates/simrupt-bench/tests/result.json")
}

/// Multiplies a metric of the cells for which `meant` is true, in all rounds.
fn scale(results: &mut Value, metric: &str, factor: f64, meant: impl Fn(&Value) -> bool) {
    let times = |value: &mut Value| *value = json!(value.as_f64().unwrap() * factor);
    for cell in results["cells"].as_array_mut().unwrap() {
        if !meant(&cell["setting"]) {
            continue;
        }
        for end in ["median", "low", "high"] {
            times(&mut cell["metrics"][metric][end]);
        }
        for round in cell["rounds"].as_array_mut().unwrap() {
            times(&mut round["metrics"][metric]);
        }
    }
}

fn is_idle(flavor: &'static str) -> impl Fn(&Value) -> bool {
    move |setting| setting["flavor"] == flavor && setting["stress"] == "idle"
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
fn standard_input_is_called_that() {
    let desk = Desk::new();
    desk.changed("b.json", |results| {
        results["environment"]["machine"] = json!("aarch64");
    });
    for (arguments, expected) in [
        (
            "report a.json -",
            "simructl: cannot join a.json and standard input: ",
        ),
        ("report - b.json", "  standard input  b.json\n"),
        ("compare - b.json", "A standard input, "),
        (
            "compare - b.json",
            "standard input and b.json have rounds of the same run",
        ),
    ] {
        let mut piped = desk.command(arguments);
        piped.stdin(fs::File::open(sample()).unwrap());
        let run = piped.output().unwrap();
        let told = [run.stdout, run.stderr].concat();
        let told = String::from_utf8(told).unwrap();
        assert!(told.contains(expected), "{arguments}: {told}");
    }
}

#[test]
fn reports_are_written_to_their_files_and_nothing_is_printed() {
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
fn a_file_that_is_not_a_result_is_refused_with_its_name_and_a_remedy() {
    let desk = Desk::new();
    let whole = fs::read(sample()).unwrap();
    desk.write("cut.json", &whole[..whole.len() / 2]);
    desk.write("empty.json", b"");
    desk.write("text.json", b"simrupt\n");
    desk.write("foreign.json", b"{\"jobs\": []}");
    desk.changed("older.json", |results| {
        results["schema"] = json!("simrupt-bench/1")
    });
    desk.changed("odd.json", |results| {
        results["cells"][0]["setting"]["burst"] = json!("one")
    });
    for name in ["cut", "empty", "text", "foreign", "older", "odd", "absent"] {
        desk.check(&format!("report-{name}"), &format!("report {name}.json"));
    }
    desk.check("compare-absent", "compare a.json absent.json");
    desk.check("compare-cut", "compare cut.json a.json");
}

#[test]
fn outputs_that_cannot_be_written_are_refused() {
    let desk = Desk::new();
    desk.check("report-no-directory", "report a.json --html absent/a.html");
    desk.check("report-directory", "report a.json --csv .");
    desk.check("report-two", "report a.json --csv - --markdown -");
    desk.check("report-svg-stdout", "report a.json --svg -");
    desk.check("report-svg-file", "report a.json --svg a.json");
    desk.check("report-json", "report a.json --json");
}

#[test]
fn a_result_without_cells_has_a_report_but_no_comparison() {
    let desk = Desk::new();
    desk.changed("none.json", |results| {
        results["cells"] = json!([]);
        results["knees"] = json!([]);
        results["complete"] = json!(false);
    });
    desk.check("report-none", "report none.json");
    let page = desk.printed("report none.json --html -");
    assert!(page.contains("no cell had a finished round"));
    desk.check("compare-none", "compare a.json none.json");
}

#[test]
fn two_runs_are_told_apart_by_their_labels_and_dates() {
    let desk = Desk::new();
    let run = "with <patch>, 2026-01-01 00:00:00 UTC";
    let printed = |arguments: &str| {
        let mut command = desk.command(arguments);
        command.args(["--label", "with <patch>"]);
        let output = command.output().unwrap();
        assert!(output.status.success() && output.stderr.is_empty());
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!(printed("report a.json").lines().next(), Some(run));
    let markdown = printed("report a.json --markdown -");
    let heading = "# simrupt benchmark: with \\<patch\\>, 2026-01-01 00:00:00 UTC";
    assert_eq!(markdown.lines().next(), Some(heading));
    let page = printed("report a.json --html - --svg charts");
    let run = run.replace('<', "&lt;").replace('>', "&gt;");
    for heading in ["title", "h1"] {
        let heading = format!("<{heading}>simrupt benchmark: {run}<");
        assert!(page.contains(&heading), "{heading}");
    }
    let charts = page.matches("<svg xmlns").count();
    assert_eq!(page.matches(&format!(">{run}</text>")).count(), charts);
    for file in fs::read_dir(desk.path("charts")).unwrap() {
        let chart = fs::read_to_string(file.unwrap().path()).unwrap();
        assert!(chart.contains(&format!(">{run}</text>")));
    }
    // A result that is written with a label keeps it.
    desk.write("b.json", printed("report a.json --json -").as_bytes());
    desk.check("compare-labels", "compare a.json b.json --metric runs_hz");
    let mut odd = desk.command("report a.json");
    odd.args(["--label", "two\nlines"]);
    let refused = odd.output().unwrap();
    assert_eq!(refused.status.code(), Some(2));
    assert!(
        String::from_utf8_lossy(&refused.stderr).contains("not 1 to 60 characters of one line")
    );
}

#[test]
fn with_grade_d_nothing_is_called_the_best() {
    let desk = Desk::new();
    desk.changed("d.json", |results| {
        results["environment"]["grade"] = json!("D");
        results["environment"]["reasons"] = json!(["the CPU is emulated in real time"]);
    });
    desk.check("report-grade-d", "report d.json");
    let why = "its grade is D, so nothing is ranked (the CPU is emulated in real time)";
    for output in [
        "report d.json",
        "report d.json --markdown -",
        "report d.json --html -",
    ] {
        let printed = desk.printed(output);
        let words = printed.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains(why), "{output}");
        // The style sheet contains the marks of all tables.
        let shown = printed.rsplit("</style>").next().unwrap();
        for word in ["best", "worst"] {
            assert!(!shown.contains(word), "{output}: {word}");
        }
    }
}

#[test]
fn the_page_begins_with_the_best_flavor() {
    let desk = Desk::new();
    let page = desk.printed("report a.json --html -");
    let place = |text: &str| {
        page.find(text)
            .unwrap_or_else(|| panic!("{text} is not there"))
    };
    let best = place("bh is best, or not told apart from the best, in speed, CPU and loss");
    assert!(best < place("<nav") && best < place("<table"));
}

#[test]
fn a_result_does_not_differ_from_itself() {
    let desk = Desk::new();
    desk.check("compare-same", "compare a.json a.json");
}

#[test]
fn what_is_worse_is_exit_code_3() {
    let desk = Desk::new();
    desk.changed("b.json", |results| {
        scale(results, "irq_bh_p50_ns", 1.25, is_idle("bh"));
        scale(results, "irq_bh_p50_ns", 1.01, is_idle("none"));
        scale(results, "busy_ns_per_event", 0.9, is_idle("unbound"));
        scale(results, "runs_hz", 0.8, |setting| {
            setting["mode"] == "saturate" && setting["flavor"] == "bound"
        });
    });
    desk.check("compare-worse", "compare a.json b.json");
    desk.check(
        "compare-worse-json",
        "compare a.json b.json --metric runs_hz --json",
    );
    desk.check(
        "compare-threshold",
        "compare a.json b.json --threshold 30 --metric irq_bh_p50_ns,runs_hz",
    );
}

#[test]
fn cells_of_one_result_and_different_circumstances_are_listed() {
    let desk = Desk::new();
    desk.changed("b.json", |results| {
        results["environment"]["kernel_release"] = json!("7.4.0");
        results["environment"]["virtual_time"] = json!(false);
        results["environment"]["governor"] = json!("performance");
        results["cells"].as_array_mut().unwrap().truncate(2);
        results["cells"][1]["setting"]["work_us"] = json!(50);
        let metrics = results["cells"][0]["metrics"].as_object_mut().unwrap();
        metrics.remove("busy_ns_per_event");
    });
    desk.check("compare-other", "compare a.json b.json");
}

/// The documentation on reports shows the real output, with some omissions: `…`.
#[test]
fn the_documentation_shows_what_is_printed() {
    let desk = Desk::new();
    let only_bh = |results: &mut Value, label: &str| {
        results["label"] = json!(label);
        let cells = results["cells"].as_array_mut().unwrap();
        cells.retain(|cell| is_idle("bh")(&cell["setting"]));
        results["knees"] = json!([]);
    };
    desk.changed("before.json", |results| only_bh(results, "baseline"));
    desk.changed("after.json", |results| {
        only_bh(results, "with the patch");
        results["started_unix_s"] = json!(1_767_312_000);
        scale(results, "irq_bh_p50_ns", 1.25, |_| true);
        scale(results, "busy_ns_per_event", 0.9, |_| true);
    });
    let arguments = "compare before.json after.json";
    let compared = transcript(arguments, &mut desk.command(arguments));
    compare("compare-documentation", &compared);
    let further = Desk::new();
    further.changed("again.json", |results| {
        measure_again(results);
        results["plan"]["seed"] = json!(7);
    });
    further.changed("b.json", |results| {
        results["environment"]["machine"] = json!("aarch64");
        results["cells"].as_array_mut().unwrap().truncate(2);
    });
    further.changed("worse.json", |results| {
        scale(results, "busy_ns_per_event", 2.0, is_idle("bh"));
    });
    let worse = "compare a.json worse.json --metric busy_ns_per_event --ktap";
    let worse = transcript(worse, &mut further.command(worse));
    let printed = [
        desk.printed("report a.json"),
        compared,
        further.printed("report a.json b.json again.json"),
        worse,
        further.printed("report a.json --lava -"),
    ]
    .concat();
    let printed: Vec<&str> = printed.lines().collect();
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Documentation/bench-reports.md");
    let page = fs::read_to_string(page).unwrap();
    // Behind the marker of each block.
    let blocks = page
        .split("<!-- transcript: made by the tests of simructl")
        .skip(1);
    let blocks: Vec<&str> = blocks
        .map(|rest| rest.split("```").nth(1).unwrap())
        .collect();
    assert_eq!(blocks.len(), 6);
    for line in blocks.iter().flat_map(|block| block.lines()) {
        let is_left_out = matches!(line.trim(), "" | "…");
        let is_command = line.starts_with("$ ");
        assert!(
            is_left_out || is_command || printed.contains(&line),
            "{line}"
        );
    }
}

/// Makes a result look like that of another run.
fn measure_again(results: &mut Value) {
    for cell in results["cells"].as_array_mut().unwrap() {
        for round in cell["rounds"].as_array_mut().unwrap() {
            let elapsed_ns = round["elapsed_ns"].as_u64().unwrap();
            round["elapsed_ns"] = json!(elapsed_ns + 1);
        }
    }
}

/// Leaves this many rounds of a result.
fn truncate(results: &mut Value, rounds: usize) {
    for cell in results["cells"].as_array_mut().unwrap() {
        cell["rounds"].as_array_mut().unwrap().truncate(rounds);
    }
    results["plan"]["rounds"] = json!(rounds);
}

#[test]
fn too_few_rounds_are_no_verdict_and_exit_code_4() {
    let desk = Desk::new();
    desk.changed("a3.json", |results| truncate(results, 3));
    desk.changed("b3.json", |results| {
        truncate(results, 3);
        scale(results, "busy_ns_per_event", 2.0, is_idle("bh"));
    });
    let three = "compare a3.json b3.json --metric busy_ns_per_event";
    desk.check("compare-too-few", three);
    desk.check("compare-too-few-json", &format!("{three} --json"));
    // If there is no difference, the number of rounds does not matter.
    desk.check(
        "compare-too-few-same",
        "compare a3.json a3.json --metric runs_hz",
    );
    // A figure that is worse decides, even if others cannot be judged.
    desk.changed("b.json", |results| {
        scale(results, "busy_ns_per_event", 2.0, is_idle("bh"));
        results["cells"][0]["rounds"]
            .as_array_mut()
            .unwrap()
            .truncate(1);
    });
    let some = "compare a.json b.json --metric busy_ns_per_event";
    desk.check("compare-too-few-some", some);
}

#[test]
fn two_runs_of_one_cpu_in_virtual_time_are_judged_by_size_alone() {
    let desk = Desk::new();
    let one_cpu = |results: &mut Value| results["environment"]["cpus_online"] = json!(1);
    desk.changed("a1.json", one_cpu);
    desk.changed("b1.json", |results| {
        one_cpu(results);
        truncate(results, 2);
        scale(results, "busy_ns_per_event", 1.1, is_idle("bh"));
    });
    let size = "compare a1.json b1.json --metric busy_ns_per_event";
    desk.check("compare-size", size);
    let printed = desk.command(&format!("{size} --json")).output().unwrap();
    let document: Value = serde_json::from_slice(&printed.stdout).unwrap();
    assert_eq!(document["judged_by"], "size");
    assert_eq!(document["outcome"], "worse");
    desk.check(
        "compare-size-same",
        "compare a1.json a1.json --metric runs_hz",
    );
}

#[test]
fn highest_rates_are_compared_too() {
    let desk = Desk::new();
    desk.changed("b.json", |results| {
        measure_again(results);
        let knee = &mut results["knees"][0];
        let rates = knee["rates_hz"].as_array_mut().unwrap();
        rates[..5].fill(Value::Null);
        knee["rate_hz"]["median"] = json!(0.0);
        results["knees"][1]["p99_limit_ns"] = json!(500_000);
    });
    desk.check("compare-knees", "compare a.json b.json --metric knee_hz");
    let document = desk.command("compare a.json b.json --metric knee_hz --json");
    let document = { document }.output().unwrap().stdout;
    let document: Value = serde_json::from_slice(&document).unwrap();
    let knee = &document["knees"][0];
    assert_eq!(knee["change"]["after"], 0.0);
    assert_eq!(knee["change"]["verdict"], "worse");
    assert_eq!(knee["setting"]["flavor"], "bound");
    assert_eq!(document["knees_only_after"][0]["flavor"], "bh");
}

#[test]
fn an_invalid_comparison_is_refused() {
    let desk = Desk::new();
    desk.check(
        "compare-metric",
        "compare a.json a.json --metric irq_bh_p5_ns",
    );
    desk.check("compare-stdin", "compare - -");
    desk.check("compare-percent", "compare a.json a.json --threshold -5");
    desk.changed("b.json", |results| {
        for cell in results["cells"].as_array_mut().unwrap() {
            cell["setting"]["fifo_size"] = json!(16);
        }
    });
    desk.check("compare-nothing", "compare a.json b.json");
}

#[test]
fn ktap_has_a_test_for_each_cell_and_lava_a_line_for_each_figure() {
    let desk = Desk::new();
    desk.check("report-ktap", "report a.json --ktap -");
    desk.check("report-lava", "report a.json --lava -");
    let tests = ktap::parse(&desk.printed("report a.json --ktap -")).unwrap();
    assert!(tests.len() > 10 && tests.iter().all(|test| test.passed));
    assert!(
        tests[0]
            .diagnostics
            .iter()
            .any(|text| text.starts_with("irq_bh_p50_ns "))
    );
    desk.changed("part.json", |results| {
        results["complete"] = json!(false);
        results["cells"][1]["rounds"].as_array_mut().unwrap().pop();
        results["knees"][0]["rate_hz"]["median"] = json!(0.0);
    });
    let tests = ktap::parse(&desk.printed("report part.json --ktap -")).unwrap();
    assert!(!tests[1].passed);
    assert_eq!(tests.iter().filter(|test| !test.passed).count(), 1);
    assert_eq!(tests.iter().filter(|test| test.reason.is_some()).count(), 1);
}

#[test]
fn a_comparison_has_a_test_for_each_figure_for_ci_systems() {
    let desk = Desk::new();
    desk.changed("b.json", |results| {
        scale(results, "busy_ns_per_event", 2.0, is_idle("bh"));
        results["cells"][0]["metrics"]
            .as_object_mut()
            .unwrap()
            .remove("loss_ratio");
    });
    let metrics = "--metric busy_ns_per_event,loss_ratio";
    desk.check(
        "compare-ktap",
        &format!("compare a.json b.json {metrics} --ktap"),
    );
    desk.check(
        "compare-lava",
        &format!("compare a.json b.json {metrics} --lava"),
    );
    desk.check("compare-ktap-lava", "compare a.json b.json --ktap --lava");
    let run = desk
        .command(&format!("compare a.json b.json {metrics} --ktap"))
        .output()
        .unwrap();
    assert_eq!(run.status.code(), Some(3));
    let tests = ktap::parse(&String::from_utf8(run.stdout).unwrap()).unwrap();
    let failed: Vec<_> = tests.iter().filter(|test| !test.passed).collect();
    assert_eq!(failed[0].name, "bh-20000hz-busy_per_event");
    assert!(failed[0].diagnostics[0].ends_with(": worse"), "{failed:?}");
    let skipped = tests.iter().find_map(|test| test.reason.as_deref());
    assert_eq!(skipped, Some("only one of the results has it"));
    // With too few rounds there is no verdict.
    desk.changed("a3.json", |results| truncate(results, 3));
    desk.changed("b3.json", |results| {
        truncate(results, 3);
        scale(results, "busy_ns_per_event", 2.0, is_idle("bh"));
    });
    let few = desk.command("compare a3.json b3.json --metric busy_ns_per_event --ktap");
    let few = { few }.output().unwrap();
    let tests = ktap::parse(&String::from_utf8(few.stdout).unwrap()).unwrap();
    let skipped = tests
        .iter()
        .filter(|test| test.reason.as_deref() == Some("too few rounds to tell"));
    assert_eq!(skipped.count(), 1);
    assert!(tests.iter().all(|test| test.passed));
}

#[test]
fn several_files_of_a_side_are_joined_or_refused_by_name() {
    let desk = Desk::new();
    desk.changed("a2.json", |results| {
        measure_again(results);
        results["plan"]["seed"] = json!(7);
    });
    let slower = |results: &mut Value| {
        truncate(results, 2);
        for knee in results["knees"].as_array_mut().unwrap() {
            knee["rates_hz"].as_array_mut().unwrap().truncate(2);
        }
        scale(results, "busy_ns_per_event", 2.0, is_idle("bh"));
    };
    desk.changed("b.json", slower);
    desk.changed("b2.json", |results| {
        slower(results);
        measure_again(results);
        results["plan"]["seed"] = json!(7);
    });
    // Two rounds are too few, four are enough.
    let metric = "--metric busy_ns_per_event";
    let code = |arguments: &str| desk.command(arguments).output().unwrap().status.code();
    assert_eq!(code(&format!("compare b2.json b.json {metric}")), Some(0));
    assert_eq!(
        code(&format!("compare --before a.json --after b.json {metric}")),
        Some(3)
    );
    desk.check(
        "compare-several",
        &format!("compare --before a.json a2.json --after b.json b2.json {metric}"),
    );
    desk.changed("other.json", |results| {
        results["environment"]["kernel_release"] = json!("7.4.0");
        results["environment"]["governor"] = json!("performance");
    });
    desk.check(
        "compare-several-other",
        "compare --before a.json other.json --after b.json",
    );
    fs::copy(desk.path("a.json"), desk.path("copy.json")).unwrap();
    desk.check(
        "compare-several-twice",
        "compare --before a.json a2.json copy.json --after b.json",
    );
    desk.check("report-twice", "report a.json copy.json");
    desk.changed("cut.json", |results| results["complete"] = json!(false));
    desk.check(
        "compare-several-cut",
        "compare --before a.json --after a2.json cut.json",
    );
    desk.check(
        "compare-several-stdin",
        "compare --before - - --after a.json",
    );
    desk.check("compare-one-side", "compare --before a.json a2.json");
    desk.check(
        "compare-both-forms",
        "compare a.json b.json --before a.json --after a.json",
    );
    desk.check("compare-one-file", "compare a.json");
}

#[test]
fn results_of_several_machines_are_side_by_side() {
    let desk = Desk::new();
    desk.changed("again.json", |results| {
        measure_again(results);
        results["plan"]["seed"] = json!(7);
    });
    desk.changed("b.json", |results| {
        results["environment"]["machine"] = json!("aarch64");
        results["cells"].as_array_mut().unwrap().truncate(2);
    });
    desk.check("report-machines", "report a.json b.json again.json");
    desk.check(
        "report-machines-csv",
        "report a.json b.json --csv - --markdown b.md",
    );
    let markdown = fs::read_to_string(desk.path("b.md")).unwrap();
    assert!(markdown.contains("\n## b.json\n"), "{markdown}");
    desk.check("report-machines-html", "report a.json b.json --html b.html");
    desk.check("report-machines-stdin", "report - a.json -");
    desk.check("report-machines-input", "report a.json b.json --csv b.json");
    // Files of one machine are joined into one result.
    let joined = desk.printed("report a.json again.json --csv -");
    let rows = joined.lines().skip(1);
    // The column before the knobs.
    let rounds: Vec<&str> = rows.map(|row| row.rsplit(',').nth(1).unwrap()).collect();
    assert!(rounds.iter().all(|count| *count == "14"), "{joined}");
    assert_eq!(desk.printed("report a.json again.json --html c.html"), "");
}
