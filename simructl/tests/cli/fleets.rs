// SPDX-License-Identifier: GPL-2.0-only

//! The test definitions in `packaging/fleets`, run as LAVA and lkp run them, with a directory that looks like a kernel,
//! and stand-ins for the programs of LAVA and lkp.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use saphyr::{LoadableYamlNode, Yaml};
use tempfile::TempDir;

use crate::bench::{SHORT, fake};
use crate::fake::Fake;
use crate::ktap;

/// The top of the sources.
fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_path_buf()
}

fn folder() -> PathBuf {
    top().join("packaging/fleets")
}

/// Runs a command of a shell as a job does, with a `simructl` that uses the fake's directory. `programs` are on its
/// path: name and script.
fn job(fake: &Fake, script: &str, programs: &[(&str, &str)]) -> (TempDir, Output) {
    let directory = TempDir::new().unwrap();
    let bin = directory.path().join("bin");
    fs::create_dir(&bin).unwrap();
    // `load` and `unload` must not change the running kernel.
    let simructl = format!(
        "case $1 in\nload | unload) echo 'cannot load the module' >&2; exit 1 ;;\n\
         compare) exec {0} \"$@\" ;;\nesac\nexec {0} --sysroot {1} \"$@\"",
        env!("CARGO_BIN_EXE_simructl"),
        fake.path("").display()
    );
    for (name, script) in programs.iter().chain(&[("simructl", simructl.as_str())]) {
        let path = bin.join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(path, Permissions::from_mode(0o755)).unwrap();
    }
    let paths = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let output = Command::new("sh")
        .args(["-ec", script])
        .current_dir(directory.path())
        .env("PATH", paths)
        .env("FLEETS", folder())
        .env("LKP_SRC", directory.path())
        .output();
    (directory, output.unwrap())
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// The options of a bench that takes almost no time.
fn short() -> &'static str {
    SHORT.strip_prefix("bench ").unwrap()
}

fn load(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    assert_eq!(
        Yaml::load_from_str(&text).unwrap().len(),
        1,
        "{}",
        path.display()
    );
    text
}

#[test]
fn a_job_leaves_its_results_and_prints_ktap() {
    let (directory, run) = job(&fake(), &format!("$FLEETS/run {}", short()), &[]);
    let file = |name: &str| fs::read_to_string(directory.path().join("output").join(name)).unwrap();
    assert_eq!(run.status.code(), Some(0), "{}", text(&run.stderr));
    let tests = ktap::parse(&text(&run.stdout)).unwrap();
    let names: Vec<&str> = tests.iter().map(|test| test.name.as_str()).collect();
    assert_eq!(names, ["bound-1000hz", "bh-1000hz"]);
    let lines = file("result.txt");
    assert!(lines.starts_with("simrupt-bench pass\n"), "{lines}");
    assert!(lines.contains("\nbh-1000hz-irq_bh_p50 pass "), "{lines}");
    assert!(lines.ends_with("\nsimrupt-verify pass\n"), "{lines}");
    assert!(ktap::parse(&file("verify.ktap")).unwrap().len() > 4);
    assert!(file("tables.txt").contains("irq→work"));
    assert!(file("result.json").starts_with('{'));
}

#[test]
fn a_job_with_a_baseline_compares_figure_by_figure() {
    let fake = fake();
    let script = format!(
        "$FLEETS/run -o before {0} > /dev/null; $FLEETS/run -o after -b before/result.json {0}",
        short()
    );
    let (directory, run) = job(&fake, &script, &[]);
    let lines = fs::read_to_string(directory.path().join("after/result.txt")).unwrap();
    // Two rounds are too few for a verdict.
    assert!([Some(0), Some(4)].contains(&run.status.code()), "{run:?}");
    assert!(lines.contains("bh-1000hz-irq_bh_p50 "), "{lines}");
    assert!(!lines.contains("bh-1000hz-events "), "{lines}");
}

#[test]
fn a_job_that_cannot_load_the_module_fails_and_says_so() {
    let (directory, run) = job(&Fake::unloaded(), "$FLEETS/run", &[]);
    assert!(!run.status.success() && run.stdout.is_empty(), "{run:?}");
    assert!(
        text(&run.stderr).contains("cannot load the module"),
        "{run:?}"
    );
    let lines = fs::read_to_string(directory.path().join("output/result.txt")).unwrap();
    assert_eq!(lines, "simrupt-load fail\n");
    let (_, run) = job(&fake(), "$FLEETS/run --no-such-option", &[]);
    assert_eq!(run.status.code(), Some(2));
}

#[test]
fn the_job_of_a_fleet_is_valid() {
    let fake = Fake::unloaded();
    let script = "simructl bench --dry-run --job $FLEETS/job.toml";
    let (_, run) = job(&fake, script, &[]);
    assert!(text(&run.stdout).contains("12 rounds"), "{run:?}");
}

#[test]
fn lava_gets_each_figure_with_its_unit() {
    let path = folder().join("lava/simrupt.yaml");
    let text_of = load(&path);
    let documents = Yaml::load_from_str(&text_of).unwrap();
    let definition = &documents[0];
    assert_eq!(
        definition["metadata"]["format"].as_str(),
        Some("Lava-Test Test Definition 1.0")
    );
    let params = definition["params"].as_mapping().unwrap();
    assert!(params.values().all(|value| value.as_str().is_some()));
    let steps = definition["run"]["steps"].as_sequence().unwrap();
    let steps: Vec<&str> = steps.iter().map(|step| step.as_str().unwrap()).collect();
    // Jobs begin at the top of the sources; the test removes the files that they leave.
    let output = TempDir::new().unwrap();
    let steps = steps
        .join("\n")
        .replace("-o output", &format!("-o {}", output.path().display()));
    let script = format!("cd {}; OPTIONS='{}'\n{steps}", top().display(), short());
    let log = output.path().join("handed-on");
    let stub = format!("echo \"$@\" >> {}", log.display());
    let (_, run) = job(&fake(), &script, &[("lava-test-case", &stub)]);
    assert!(run.status.success(), "{run:?}");
    let handed_on = fs::read_to_string(log).unwrap();
    let lines = fs::read_to_string(output.path().join("result.txt")).unwrap();
    assert_eq!(handed_on.lines().count(), lines.lines().count());
    assert!(
        handed_on.starts_with("simrupt-bench --result pass\n"),
        "{handed_on}"
    );
    let figure = "bh-1000hz-irq_bh_p50 --result pass --measurement 0.064 --units us\n";
    assert!(handed_on.contains(figure), "{handed_on}");
}

#[test]
fn lkp_gets_statistics() {
    let programs = folder().join("lkp/programs/simrupt");
    for file in [
        folder().join("lkp/jobs/simrupt.yaml"),
        programs.join("meta.yaml"),
    ] {
        load(&file);
    }
    let script = format!(
        "mkdir lib; echo 'log_cmd() {{ \"$@\"; }}' > lib/reproduce-log.sh\n\
         preset=quick options='{}' $FLEETS/lkp/programs/simrupt/run > log\n\
         $FLEETS/lkp/programs/simrupt/parse < log",
        short()
    );
    let (_, run) = job(&fake(), &script, &[]);
    let printed = text(&run.stdout);
    assert!(run.status.success(), "{run:?}");
    assert!(
        printed.contains("\nbh-1000hz-irq_bh_p50: 0.064\n"),
        "{printed}"
    );
    for row in printed.lines() {
        let (name, value) = row.split_once(": ").unwrap();
        assert!(!name.contains(' ') && value.parse::<f64>().is_ok(), "{row}");
    }
}
