// SPDX-License-Identifier: GPL-2.0-only

//! The learner's view, with a script instead of builds and machines.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const LAB: &str = r#"
title = "Small"
question = "Is it?"
language = "C"
kernel = "stock"
points = 4
hints = ["look", "look there"]

[[prediction]]
name = "count"
ask = "How many?"
points = 1
case = "first"
shows = 'count=(\d+)'
why = "There are three."

[[case]]
name = "first"
points = 2
run = "cat /proc/small"
output = 'count=\d+'
todo = "Print the count."

[[case]]
name = "alive"
points = 1
run = "echo alive"
expect = "alive"
todo = "Survive."

[[explanation]]
name = "gone"
ends = "panic"
console = "small: falls"
says = "It fell on purpose."
"#;

/// Replaces tests/lab/labs. The learner's file decides the outcome: it fails to compile, or the first case panics, or
/// everything works.
const STEPS: &str = r#"#!/bin/sh
echo "$@" >>"$(dirname "$0")/calls"
case $1 in
build)
    ! grep -q wrong "$2/small.c" || { echo "$2/small.c:1: error: wrong"; exit 2; } ;;
boot)
    for script in "$3"/labs/*/[0-9]*.sh; do
        run="0 $(basename "$script" .sh)"
        echo "@lab begin $run"
        printf '[    1.0] lab: begin %s\n' "$run" >>"$4"
        if grep -q proc "$script"; then
            if grep -q falls "$(dirname "$0")/falls" 2>/dev/null; then
                echo '[    1.1] small: falls' >>"$4"
                echo 'verdict: PANIC: x'
                exit 3
            fi
            echo count=3
        else
            echo alive
        fi
        echo "@lab end $run 0"
    done ;;
esac
"#;

struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let place = Self { folder };
        let lab = place.path("labs/07-small");
        fs::create_dir_all(lab.join("skeleton")).unwrap();
        fs::create_dir_all(lab.join("solution")).unwrap();
        fs::write(lab.join("lab.toml"), LAB).unwrap();
        fs::write(lab.join("skeleton/small.c"), "/* TODO */\n").unwrap();
        fs::write(lab.join("solution/small.c"), "/* done */\n").unwrap();
        fs::write(place.path("steps"), STEPS).unwrap();
        fs::set_permissions(place.path("steps"), fs::Permissions::from_mode(0o755)).unwrap();
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn work(&self, name: &str) -> PathBuf {
        self.path("mine/07-small").join(name)
    }

    fn calls(&self) -> String {
        fs::read_to_string(self.path("calls")).unwrap_or_default()
    }

    /// The exit status and the output.
    fn grade(&self, words: &[&str]) -> (i32, String) {
        let option = |name: &str, path: &Path| [name.to_owned(), path.display().to_string()];
        let Output {
            status,
            stdout,
            stderr,
        } = Command::new(env!("CARGO_BIN_EXE_grade-labs"))
            .args(option("--labs", &self.path("labs")))
            .args(option("--steps", &self.path("steps")))
            .args(option("--build", &self.path("build")))
            .args(option("--work", &self.path("mine")))
            .args(words)
            .output()
            .unwrap();
        let text = [stdout, stderr].concat();
        (
            status.code().unwrap(),
            String::from_utf8_lossy(&text).into_owned(),
        )
    }

    /// A learner with a prediction.
    fn begun(count: &str) -> Self {
        let place = Self::new();
        place.grade(&["run", "7"]);
        fs::write(place.work("answers.toml"), format!("count = {count}\n")).unwrap();
        place
    }
}

#[test]
fn the_first_run_makes_a_copy_and_asks_and_boots_nothing() {
    let place = Place::new();
    let (status, text) = place.grade(&["run", "07"]);
    assert_eq!(status, 1, "{text}");
    assert!(
        text.contains("count = \"\"") && text.contains("How many?"),
        "{text}"
    );
    assert!(
        text.contains("answers.toml") && text.contains("up to \"You should"),
        "{text}"
    );
    let again = format!("make lab LAB=07 WORK={}", place.path("mine").display());
    assert!(text.contains(&format!("then: {again}\n")), "{text}");
    let answers = fs::read_to_string(place.work("answers.toml")).unwrap();
    assert!(answers.contains(&format!("run `{again}`.")), "{answers}");
    assert!(place.work("small.c").exists());
    assert_eq!(place.calls(), "");
}

#[test]
fn good_files_and_a_right_prediction_get_all_points() {
    let place = Place::begun("3");
    let (status, text) = place.grade(&["run", "7"]);
    assert_eq!(status, 0, "{text}");
    assert!(text.contains("Points: 4 of 4: solved"), "{text}");
    let ktap = fs::read_to_string(place.work("tests.ktap")).unwrap();
    assert!(ktap.contains("# points: 4 of 4"), "{ktap}");
    assert!(place.work("tests.xml").exists());
    let (_, list) = place.grade(&["list"]);
    assert!(list.contains("solved, 4 of 4"), "{list}");
}

#[test]
fn a_panic_is_an_outcome_and_the_next_case_gets_another_machine() {
    let place = Place::begun("3");
    fs::write(place.path("falls"), "falls").unwrap();
    let (status, text) = place.grade(&["run", "7"]);
    assert_eq!(status, 1, "{text}");
    assert!(text.contains("It fell on purpose."), "{text}");
    assert!(text.contains("Case alive, 1 of 1: passed"), "{text}");
    assert!(text.contains("Points: 1 of 4"), "{text}");
    assert_eq!(place.calls().matches("boot ").count(), 2);
}

#[test]
fn a_build_error_names_the_learners_own_file() {
    let place = Place::begun("3");
    fs::write(place.work("small.c"), "wrong\n").unwrap();
    let (status, text) = place.grade(&["run", "7"]);
    assert_eq!(status, 1, "{text}");
    let name = format!("{}:1: error: wrong", place.work("small.c").display());
    assert!(text.contains(&name), "{text}");
    assert!(!place.calls().contains("boot "));
}

#[test]
fn a_wrong_answer_or_lab_is_named() {
    let place = Place::begun("[3]");
    let (status, text) = place.grade(&["run", "7"]);
    assert_eq!(status, 1);
    assert!(
        text.contains("answers.toml") && text.contains("count"),
        "{text}"
    );
    let (status, text) = place.grade(&["run", "9"]);
    assert_eq!(status, 2);
    assert!(text.contains("'9'") && text.contains("07"), "{text}");
}

#[test]
fn a_class_is_graded_at_once() {
    let place = Place::begun("4");
    let (status, text) = place.grade(&["run", "all"]);
    assert_eq!(status, 1, "{text}");
    assert!(text.contains("3 of   4  Small"), "{text}");
    assert!(text.contains("all 3 of 4"), "{text}");
}

#[test]
fn upkeep_wants_a_skeleton_that_fails() {
    let place = Place::new();
    fs::write(
        place.path("labs/07-small/solution/answers.toml"),
        "count = 3\n",
    )
    .unwrap();
    let (status, text) = place.grade(&["check"]);
    assert_eq!(status, 1, "{text}");
    assert!(text.contains("skeleton: it passes all cases"), "{text}");
    assert!(!text.contains("solution:"), "{text}");
}
