// SPDX-License-Identifier: GPL-2.0-only

//! Files that commands read: a file that is not plain text is refused by name, a byte order mark does not matter, and
//! standard input is read only once.

use std::fs;

use crate::fake::Fake;

/// The byte order mark of UTF-8.
const MARK: &str = "\u{feff}";
const INTERRUPTS: &str = "           CPU0\n 24:  7  IO-APIC    4-edge      x\n";

/// A file of each kind.
fn fake() -> Fake {
    let fake = Fake::with_lines(1);
    for (name, text) in [
        (
            "a.json",
            include_str!("../../crates/simrupt-bench/tests/result.json"),
        ),
        ("job.toml", "[[matrix]]\nflavors = ['bh']\n"),
        ("profile.toml", "[line0]\nrate_hz = 10\n"),
        ("trace.txt", include_str!("../trace.txt")),
        ("handlers.txt", include_str!("../handlers.txt")),
        ("interrupts", INTERRUPTS),
    ] {
        fake.write(name, text);
        fake.write(&format!("marked-{name}"), &format!("{MARK}{text}"));
    }
    fake
}

/// The commands that read a file, with the file.
const READING: [(&str, &str); 9] = [
    ("report", "a.json"),
    ("compare a.json", "a.json"),
    ("bench --dry-run --job", "job.toml"),
    ("apply", "profile.toml"),
    ("diff", "profile.toml"),
    ("trace --from", "trace.txt"),
    ("explain --from", "trace.txt"),
    ("handlers --from", "handlers.txt"),
    ("irqs --from", "interrupts"),
];

/// The exit code, the output and the messages of a run.
fn run(fake: &Fake, command: &str, file: &str) -> (Option<i32>, String, String) {
    let run = fake.command(&format!("{command} {file}")).output().unwrap();
    let [stdout, stderr] = [run.stdout, run.stderr].map(|text| String::from_utf8(text).unwrap());
    (run.status.code(), stdout, stderr)
}

#[test]
fn a_byte_order_mark_does_not_matter() {
    let fake = fake();
    for (command, file) in READING {
        let plain = run(&fake, command, file);
        assert_eq!(plain.0, Some(0), "{command}: {plain:?}");
        let (code, stdout, stderr) = run(&fake, command, &format!("marked-{file}"));
        let unmarked = |text: String| text.replace("marked-", "");
        let marked = (code, unmarked(stdout), unmarked(stderr));
        assert!(marked == plain, "{command}: {marked:?}");
    }
}

#[test]
fn a_file_that_is_not_plain_text_is_refused_by_name() {
    let fake = fake();
    for (name, bytes, why, remedy) in [
        (
            "packed",
            &b"\x1f\x8b\x08\0\0\0\0\0\0\x03"[..],
            "it is gzip-compressed, not plain text",
            "unpack it or convert it first",
        ),
        (
            "wide",
            b"\xff\xfe{\0}\0",
            "it is UTF-16 text, not plain text",
            "unpack it or convert it first",
        ),
    ] {
        fs::write(fake.path(name), bytes).unwrap();
        for (command, _) in READING {
            if command.starts_with("irqs") {
                // It unpacks gzip, and reports other formats in its own words.
                continue;
            }
            let (code, _, told) = run(&fake, command, name);
            let expected = format!("simructl: cannot read {name}: {why}\n  try: {remedy}\n");
            assert_eq!((code, told), (Some(1), expected), "{command}");
        }
    }
    fs::write(fake.path("latin"), b"# \xe9\n").unwrap();
    for command in ["bench --dry-run --job", "apply", "diff"] {
        let (code, _, told) = run(&fake, command, "latin");
        let expected = "simructl: cannot read latin: it is not UTF-8 text\n";
        assert_eq!((code, told.as_str()), (Some(1), expected), "{command}");
    }
}

#[test]
fn a_file_of_another_kind_is_refused_with_the_command_for_it() {
    let fake = fake();
    fake.check("bench-job-json", "bench --dry-run --job a.json");
    fake.check("apply-json-file", "apply a.json");
    fake.check("diff-json-file", "diff a.json");
}

#[test]
fn standard_input_is_read_once() {
    let fake = fake();
    fake.check("irqs-diff-stdin", "irqs --diff - -");
    for arguments in [
        "irqs --diff - /dev/stdin",
        "softirqs --diff /dev/fd/0 -",
        "compare - -",
        "report - a.json -",
        "compare --before - a.json --after /proc/self/fd/0",
    ] {
        let run = fake.bare_command(arguments).output().unwrap();
        assert_eq!(run.status.code(), Some(2), "{arguments}");
        let told = String::from_utf8(run.stderr).unwrap();
        assert!(told.contains("read only once"), "{arguments}: {told}");
    }
}
