// SPDX-License-Identifier: GPL-2.0-only

//! `simructl trace`: what it makes of a trace that was kept, and what it needs of the kernel.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use snapbox::{Assert, Data};

use crate::fake::{Fake, compare, transcript};

/// Two events of line 0, the second coalesced with a third; one of line 1 that is lost; a knob; the
/// bottom half of a fourth had not ended.
const TRACE: &str = include_str!("../trace.txt");

#[test]
fn a_trace_is_told_event_by_event() {
    let fake = Fake::unloaded();
    fake.write("trace.txt", TRACE);
    let path = fake.path("trace.txt");
    let path = path.display();
    fake.check("trace", &format!("trace --from {path}"));
    fake.check("trace-line", &format!("trace --from {path} --line 1"));
    fake.check("trace-lines", &format!("trace --from {path} --line 0,1"));
    fake.check("trace-count", &format!("trace --from {path} -n 1"));
    fake.check("trace-json", &format!("trace --from {path} --json"));
}

#[test]
fn one_event_is_told_step_by_step() {
    let fake = Fake::unloaded();
    fake.write("trace.txt", TRACE);
    fake.check("explain", "explain --from trace.txt");
    fake.check("explain-lost", "explain --from trace.txt --line 1");
    fake.check("explain-json", "explain --from trace.txt --json");
    fake.check("explain-none", "explain --from trace.txt --line 2");
    let begun: Vec<&str> = TRACE.split_inclusive('\n').take(3).collect();
    fake.write("begun.txt", &begun.concat());
    fake.check("explain-begun", "explain --from begun.txt");
    fake.check("explain-no-file", "explain --from nowhere.txt");
    fake.check("explain-usage", "explain --from trace.txt --patience 1s");
    fake.check("explain-unloaded", "explain");
    let fake = Fake::with_lines(1);
    fake.check("explain-no-line", "explain --line 3");
    fake.check("explain-all", "explain --line all");
    fake.check("explain-no-tracefs", "explain");
}

#[test]
fn a_diagram_is_a_file_of_its_own() {
    let fake = Fake::unloaded();
    fake.write("trace.txt", TRACE);
    let [from, to] = ["trace.txt", "trace.pftrace"].map(|name| fake.path(name));
    let arguments = format!(
        "trace --from {} --perfetto {}",
        from.display(),
        to.display()
    );
    assert!(fake.command(&arguments).output().unwrap().status.success());
    let bytes = fs::read(&to).unwrap();
    // A packet begins with its number and its length.
    assert_eq!(bytes[0], 0x0a);
    let mut at = 0;
    while at < bytes.len() {
        assert_eq!(bytes[at], 0x0a, "at {at}");
        let (length, size) = varint(&bytes[at + 1..]);
        at += 1 + size + length;
    }
    assert_eq!(at, bytes.len());
    fake.check(
        "trace-no-perfetto",
        &format!("trace --from {} --perfetto /nowhere/at/all", from.display()),
    );
}

#[test]
fn pictures_are_files_of_their_own() {
    let fake = Fake::unloaded();
    fake.write("trace.txt", TRACE);
    let run = fake.command("trace --from trace.txt --html page.html --svg picture.svg");
    let run = { run }.output().unwrap();
    assert!(run.status.success(), "{run:?}");
    // It is told all the same.
    assert!(String::from_utf8_lossy(&run.stdout).contains("line 0 event 7"));
    compare("trace-svg", &fake.read("picture.svg"));
    let page = fake.read("page.html");
    assert!(page.contains("<h1>simrupt trace: 4 events of 2 lines</h1>"));
    assert!(page.contains("3 hits of tracepoints were lost"));
    // Of one line and one event, and to standard output: then nothing else goes there.
    let printed = |arguments: &str| {
        let run = fake.command(arguments).output().unwrap();
        assert!(run.status.success(), "{run:?}");
        String::from_utf8(run.stdout).unwrap()
    };
    let svg = printed("trace --from trace.txt --line 1 --svg -");
    assert!(
        svg.starts_with("<svg ") && svg.ends_with("</svg>\n"),
        "{svg}"
    );
    assert!(
        svg.contains("The way of event 0 of line 1: 1.000 µs"),
        "{svg}"
    );
    let svg = printed("trace --from trace.txt --event 8 --svg -");
    assert!(svg.contains("The way of event 8 of line 0"), "{svg}");
    let html = printed("trace --from trace.txt -n 1 --html -");
    assert!(html.starts_with("<!DOCTYPE html>"), "{html}");
    assert!(html.contains("1 event of line 0"), "{html}");
}

/// `make pictures` makes both.
#[test]
fn the_pictures_of_the_documentation_are_drawn_from_the_traces_that_are_kept() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    for flavor in ["bound", "bh", "irq-thread", "napi"] {
        let trace = folder.join(format!("tests/traces/{flavor}.txt"));
        let fake = Fake::unloaded();
        let run = fake.command(&format!("trace --from {} --svg -", trace.display()));
        let run = { run }.output().unwrap();
        assert!(run.status.success(), "{run:?}");
        let drawn = String::from_utf8(run.stdout).unwrap();
        let picture = folder.join(format!("../Documentation/pictures/event-{flavor}.svg"));
        let picture = Data::read_from(&picture, None).raw();
        Assert::new()
            .action_env("SNAPSHOTS")
            .eq(Data::text(drawn).raw(), picture);
    }
}

#[test]
fn a_picture_that_cannot_be_made_leaves_what_was_there() {
    let fake = Fake::unloaded();
    fake.write("trace.txt", TRACE);
    fake.write("empty.txt", "# tracer: nop\n");
    fake.write("old.svg", "old");
    fake.check(
        "trace-no-event",
        "trace --from trace.txt --event 99 --svg old.svg",
    );
    fake.check("trace-usage-event", "trace --from trace.txt --event 8");
    fake.check(
        "trace-no-picture",
        "trace --from empty.txt --svg old.svg --html new.html",
    );
    fake.check("trace-picture-directory", "trace --from trace.txt --html .");
    fake.check(
        "trace-picture-nowhere",
        "trace --from trace.txt --svg nowhere/picture.svg",
    );
    fake.check(
        "trace-picture-input",
        "trace --from trace.txt --svg trace.txt",
    );
    fake.check(
        "trace-picture-twice",
        "trace --from trace.txt --svg new --html new",
    );
    assert_eq!(fake.read("old.svg"), "old");
    assert_eq!(fake.read("trace.txt"), TRACE);
    assert!(!fake.path("new").exists() && !fake.path("new.html").exists());
    // The other picture is written all the same.
    fake.check(
        "trace-picture-full",
        "trace --from trace.txt -n 1 --html /dev/full --svg old.svg",
    );
    assert!(fake.read("old.svg").starts_with("<svg "));
}

/// A number in seven bits a byte, and how many bytes it has.
fn varint(bytes: &[u8]) -> (usize, usize) {
    let size = bytes.iter().position(|byte| byte & 0x80 == 0).unwrap() + 1;
    let number = bytes[..size].iter().rev();
    let number = number.fold(0, |number, byte| (number << 7) | usize::from(byte & 0x7f));
    (number, size)
}

#[test]
fn what_is_no_trace_is_refused() {
    let fake = Fake::unloaded();
    fake.write(
        "odd.txt",
        "cat-9 [000] ..... 1.0: simrupt_emit: line=0 seq=x due_ns=1 ns=2\n",
    );
    fake.check(
        "trace-odd",
        &format!("trace --from {}", fake.path("odd.txt").display()),
    );
    fake.check("trace-no-file", "trace --from /nowhere/at/all");
    // Nothing in it is about the module, or about the line that is meant.
    fake.write("empty.txt", "# tracer: nop\n");
    fake.check(
        "trace-empty",
        "trace --from empty.txt --perfetto no.pftrace",
    );
    assert!(!fake.path("no.pftrace").exists());
    fake.check("explain-empty", "explain --from empty.txt");
    fake.write("trace.txt", TRACE);
    fake.check("trace-other-line", "trace --from trace.txt --line 2-3");
    let mut junk = fake.command("trace --from -");
    junk.stdin(fs::File::open(fake.path("empty.txt")).unwrap());
    compare("trace-junk", &transcript("trace --from -", &mut junk));
}

#[test]
fn the_kernel_must_have_what_it_takes() {
    let fake = Fake::with_lines(1);
    fake.check("trace-not-mounted", "trace");
    fs::create_dir_all(fake.path("sys/kernel/tracing/instances")).unwrap();
    fake.check("trace-no-tracepoints", "trace");
    fake.check("trace-no-line", "trace --line 5");
}

#[test]
fn somebody_who_is_not_root_is_told_so() {
    let fake = Fake::with_lines(1);
    let tracing = fake.path("sys/kernel/tracing");
    fs::create_dir_all(tracing.join("instances")).unwrap();
    fs::set_permissions(&tracing, fs::Permissions::from_mode(0o000)).unwrap();
    for command in ["trace", "explain"] {
        let run = match fake.command_of_nobody(command).output() {
            Ok(run) => run,
            Err(error) => {
                println!("skipped: another user cannot run it here: {error}");
                return;
            }
        };
        assert_eq!(run.status.code(), Some(1));
        let told = String::from_utf8(run.stderr).unwrap();
        assert_eq!(
            told,
            "simructl: cannot trace: needs root\n  try: run with sudo\n"
        );
    }
    fs::set_permissions(&tracing, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn what_makes_no_sense_is_refused() {
    let fake = Fake::with_lines(1);
    fake.check("trace-usage-for", "trace --for 2days");
    fake.check("trace-usage-both", "trace --for 2s --from x");
    fake.check("trace-usage-count", "trace -n -1");
}
