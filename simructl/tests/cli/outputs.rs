// SPDX-License-Identifier: GPL-2.0-only

//! Files that commands write: never a file that they read, never one file for two outputs, and complete or unchanged.
//! Results are not lost, whatever fails after the measurement.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions, Permissions};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::thread;

use nix::sys::stat::Mode;
use nix::unistd::{geteuid, mkfifo};
use serde_json::Value;

use crate::bench;
use crate::fake::{Fake, debugfs};

/// A trace of two lines.
const TRACE: &str = include_str!("../trace.txt");

/// A result file.
fn sample() -> String {
    let path = "crates/simrupt-bench/tests/result.json";
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// A directory with a result file under several names, a profile and a trace.
fn desk() -> Fake {
    let fake = Fake::with_lines(1);
    fake.write("a.json", &sample());
    fs::hard_link(fake.path("a.json"), fake.path("hard.json")).unwrap();
    symlink("a.json", fake.path("soft.json")).unwrap();
    fake.write("p.toml", "[line0]\nrate_hz = 7\n");
    fake.write("t.txt", TRACE);
    fake
}

fn stderr(run: &Output) -> String {
    String::from_utf8(run.stderr.clone()).unwrap()
}

/// Everything in the directory: names and contents.
fn contents(fake: &Fake) -> Vec<(std::ffi::OsString, Vec<u8>)> {
    let entries = fs::read_dir(fake.path("")).unwrap().map(Result::unwrap);
    let mut files: Vec<_> = entries
        .filter(|entry| entry.path().is_file())
        .map(|entry| (entry.file_name(), fs::read(entry.path()).unwrap()))
        .collect();
    files.sort();
    files
}

#[test]
fn a_file_that_is_read_is_not_written_under_any_name() {
    let fake = desk();
    let before = contents(&fake);
    for (arguments, input) in [
        ("report a.json --json a.json", None),
        ("report a.json --csv hard.json", None),
        ("report a.json --html soft.json", None),
        ("report hard.json --markdown ./soft.json", None),
        ("report - --json a.json", Some("a.json")),
        ("report /dev/stdin --json hard.json", Some("a.json")),
        ("report /proc/self/fd/0 --json a.json", Some("soft.json")),
        ("trace --from t.txt --perfetto t.txt", None),
        ("trace --from t.txt --html t.txt", None),
        ("trace --from t.txt --svg t.txt", None),
        ("trace --from - --perfetto t.txt", Some("t.txt")),
        ("report a.json --html new.html --csv hard.json", None),
    ] {
        let mut command = fake.bare_command(arguments);
        if let Some(input) = input {
            command.stdin(File::open(fake.path(input)).unwrap());
        }
        let run = command.output().unwrap();
        assert_eq!(run.status.code(), Some(2), "{arguments}: {run:?}");
        let told = stderr(&run);
        assert!(told.contains("it is the file that is read"), "{told}");
        assert!(contents(&fake) == before, "{arguments}");
    }
}

#[test]
fn standard_output_is_not_appended_to_the_file_that_is_read() {
    let fake = desk();
    let before = contents(&fake);
    for (arguments, file) in [
        ("report a.json", "hard.json"),
        ("report a.json --csv -", "a.json"),
        ("trace --from t.txt", "t.txt"),
        ("explain --from t.txt", "t.txt"),
        ("diff p.toml --sysroot .", "p.toml"),
        ("apply p.toml --sysroot .", "p.toml"),
    ] {
        let appended = OpenOptions::new().append(true).open(fake.path(file));
        let mut command = fake.bare_command(arguments);
        let run = command.stdout(appended.unwrap()).output().unwrap();
        assert_eq!(run.status.code(), Some(2), "{arguments}: {run:?}");
        let told = stderr(&run);
        assert!(told.contains("cannot write to standard output"), "{told}");
        assert!(contents(&fake) == before, "{arguments}");
    }
    assert_eq!(fake.read(&debugfs(0, "rate_hz")), "10\n");
}

#[test]
fn two_outputs_are_two_files() {
    let fake = desk();
    fake.write("b", "old");
    fs::hard_link(fake.path("b"), fake.path("c")).unwrap();
    symlink("new", fake.path("dangling")).unwrap();
    let before = contents(&fake);
    symlink("nowhere/at/all", fake.path("lost")).unwrap();
    let lost = fake.bare_command("report a.json --csv lost").output();
    assert_eq!(
        stderr(&lost.unwrap()),
        "simructl: cannot write lost: the directory that it leads to does not exist\n"
    );
    for arguments in [
        "report a.json --csv b --html c",
        "report a.json --csv new --html dangling",
        "report a.json --csv new --html ./new",
    ] {
        let run = fake.bare_command(arguments).output().unwrap();
        assert_eq!(run.status.code(), Some(2), "{arguments}: {run:?}");
        assert!(contents(&fake) == before, "{arguments}");
    }
    // Another name of standard output is standard output as well.
    let out = File::create(fake.path("out")).unwrap();
    let run = fake.bare_command("report a.json --csv /dev/stdout --html out");
    let run = { run }.stdout(out).output().unwrap();
    assert!(
        stderr(&run).contains("the same file as /dev/stdout"),
        "{run:?}"
    );
    let out = File::create(fake.path("out")).unwrap();
    let run = fake.bare_command("report a.json --csv /dev/stdout");
    assert!({ run }.stdout(out).status().unwrap().success());
    assert!(
        fake.read("out").starts_with("mode,"),
        "{}",
        fake.read("out")
    );
}

#[test]
fn a_file_that_is_replaced_keeps_its_mode_and_its_links() {
    let fake = desk();
    fake.write("p.toml", "old");
    fs::set_permissions(fake.path("p.toml"), Permissions::from_mode(0o640)).unwrap();
    symlink("p.toml", fake.path("link.toml")).unwrap();
    assert!(fake.command("dump link.toml").status().unwrap().success());
    assert!(fake.read("p.toml").contains("rate_hz = 10"));
    let mode = fs::metadata(fake.path("p.toml")).unwrap().mode();
    assert_eq!(mode & 0o7777, 0o640);
    assert!(fake.path("link.toml").is_symlink());
    let left = contents(&fake);
    assert!(
        left.iter()
            .all(|(name, _)| !name.as_bytes().starts_with(b"."))
    );
}

#[test]
fn a_file_that_does_not_fit_on_the_disk_stays_unchanged_and_the_others_are_written() {
    let fake = desk();
    for name in ["b.html", "b.md"] {
        fake.write(name, "old");
    }
    let direct = fake.bare_command("report a.json --html b.html --markdown b.md");
    // No file may have more than 100 blocks of 512 or 1024 bytes.
    let run = Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 100; exec \"$@\"", "sh"])
        .arg(direct.get_program())
        .args(direct.get_args())
        .current_dir(fake.path(""))
        .output()
        .unwrap();
    assert_eq!(run.status.code(), Some(1), "{run:?}");
    let told = stderr(&run);
    assert_eq!(told, "simructl: cannot write b.html: File too large\n");
    assert_eq!(fake.read("b.html"), "old");
    assert!(fake.read("b.md").starts_with('#'), "{}", fake.read("b.md"));
    let left = contents(&fake);
    assert!(
        left.iter()
            .all(|(name, _)| !name.as_bytes().starts_with(b"."))
    );
}

#[test]
fn a_directory_of_another_user_is_refused_before_anything_is_written() {
    let fake = desk();
    let path = fake.path("");
    fs::set_permissions(fake.path("a.json"), Permissions::from_mode(0o666)).unwrap();
    let mut command = fake.command_of_nobody("report a.json --csv /dev/null --html b.html");
    if !geteuid().is_root() {
        fs::set_permissions(&path, Permissions::from_mode(0o555)).unwrap();
    }
    let run = match command.output() {
        Ok(run) => run,
        Err(error) => {
            println!("skipped: another user cannot run it here: {error}");
            return;
        }
    };
    fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
    assert_eq!(run.status.code(), Some(1), "{run:?}");
    assert_eq!(
        stderr(&run),
        "simructl: cannot write b.html: Permission denied\n  try: a file in another directory\n"
    );
}

#[test]
fn a_diagram_on_standard_output_is_alone_there() {
    let fake = desk();
    let run = fake.bare_command("trace --from t.txt --perfetto -");
    let run = { run }.output().unwrap();
    assert!(run.status.success(), "{run:?}");
    let file = fake.bare_command("trace --from t.txt --perfetto t.pftrace");
    assert!({ file }.output().unwrap().status.success());
    assert!(run.stdout == fs::read(fake.path("t.pftrace")).unwrap());
}

/// The number of cells in a result file.
fn cells(text: &str) -> usize {
    let results: Value = serde_json::from_str(text).unwrap();
    results["cells"].as_array().unwrap().len()
}

#[test]
fn results_are_kept_even_if_their_outputs_fail() {
    // The table cannot be written, but the document is.
    let fake = bench::fake();
    let full = || OpenOptions::new().write(true).open("/dev/full").unwrap();
    let run = fake.command(&format!("{} --json out.json", bench::SHORT));
    let run = { run }.stdout(full()).output().unwrap();
    assert_eq!(run.status.code(), Some(1));
    assert_eq!(
        stderr(&run).lines().last().unwrap(),
        "simructl: cannot write to standard output: No space left on device"
    );
    assert_eq!(cells(&fake.read("out.json")), 2);
    // One of two documents fails: the other one is written, and the results are kept.
    let run = fake.command(&format!("{} --json /dev/full --csv out.csv", bench::SHORT));
    let run = { run }.env("TMPDIR", fake.path("run")).output().unwrap();
    assert_eq!(run.status.code(), Some(1));
    assert!(fake.read("out.csv").lines().count() > 2);
    assert!(!run.stdout.is_empty());
    let told = stderr(&run);
    assert!(
        told.contains("cannot write /dev/full: No space left"),
        "{told}"
    );
    let kept = told.lines().find_map(|row| {
        let rest = row.strip_prefix("simructl: the results are kept in ")?;
        rest.split_once(": ").map(|(path, _)| path)
    });
    assert_eq!(cells(&fs::read_to_string(kept.unwrap()).unwrap()), 2);
}

#[test]
fn a_name_that_is_not_utf_8_is_a_name() {
    let fake = bench::fake();
    let name = OsStr::from_bytes(b"out\xff\n.json");
    let run = fake.command(bench::SHORT).arg("--json").arg(name).output();
    let run = run.unwrap();
    assert!(run.status.success(), "{run:?}");
    let text = fs::read_to_string(fake.path("").join(name)).unwrap();
    assert_eq!(cells(&text), 2);
    let results: Value = serde_json::from_str(&text).unwrap();
    let command = results["command"].as_array().unwrap();
    assert_eq!(command.last().unwrap(), "out\u{fffd}\n.json");
}

#[test]
fn finished_rounds_are_kept_when_a_later_one_fails() {
    let fake = bench::fake();
    let stats = fake.path(&debugfs(0, "stats"));
    let reset = fake.path(&debugfs(0, "reset"));
    fake.remove(&debugfs(0, "reset"));
    mkfifo(&reset, Mode::S_IRWXU).unwrap();
    // Each round begins with a reset. Before the last of four rounds, the counters become invalid.
    thread::spawn(move || {
        for round in 1.. {
            if fs::read(&reset).is_err() {
                break;
            }
            if round == 4 {
                fs::write(&stats, "events many\n").unwrap();
            }
        }
    });
    let run = fake.command(&format!("{} --json out.json", bench::SHORT));
    let run = { run }.stdin(Stdio::null()).output().unwrap();
    assert_eq!(run.status.code(), Some(1));
    let told = stderr(&run);
    assert!(told.contains("cannot understand"), "{told}");
    assert!(told.contains("the bench is not complete"), "{told}");
    let results: Value = serde_json::from_str(&fake.read("out.json")).unwrap();
    assert_eq!(results["complete"], false);
    assert!(cells(&fake.read("out.json")) > 0, "{told}");
}
