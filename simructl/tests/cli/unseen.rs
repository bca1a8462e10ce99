// SPDX-License-Identifier: GPL-2.0-only

//! Control characters in files. In a file or a pipe, texts show them by their numbers; other formats keep them as the
//! format says. (Output to a terminal is tested in `screens`.)

use std::fs;
use std::process::Command;

use serde_json::Value;

use crate::fake::{Fake, debugfs};

/// A window title, a cleared screen, red; and text from right to left.
const EVIL: &str = "\u{1b}]0;title\u{7}\u{1b}[2J\u{9b}31m\u{202e}";
/// The same, as a text shows it.
const SHOWN: &str = "\\u001b]0;title\\u0007\\u001b[2J\\u009b31m\\u202e";

/// Files of all kinds that contain such a text, and a module that shows it.
fn fake() -> Fake {
    let fake = Fake::with_lines(1);
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/crates/simrupt-bench/tests/result.json"
    );
    let mut results: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    results["environment"]["cpu_model"] = EVIL.into();
    fake.write("evil.json", &results.to_string());
    results["environment"]["cpu_model"] = "another".into();
    results["environment"]["kernel"] = "another".into();
    fake.write("other.json", &results.to_string());
    fake.write("evil.toml", "[line0]\n\"\\u001b[2J\" = 1\n");
    let trace = include_str!("../trace.txt").replace("cat-99", &format!("{EVIL}-99"));
    fake.write("trace.txt", &trace);
    let handlers = include_str!("../handlers.txt");
    let damaged = format!("<idle>-0 [001] d.h2. 10.0: irq_handler_entry: irq={EVIL} name=x\n");
    fake.write(
        "handlers.txt",
        &(handlers.replace("nvme0q1", EVIL) + &damaged),
    );
    fake.write(
        "interrupts",
        &format!("           CPU0\n 24:  7  IO-APIC    4-edge      {EVIL}\n"),
    );
    fake.write(&debugfs(0, "workqueue"), &format!("[{EVIL}]\n"));
    fake
}

/// The standard output of a run, and its messages.
fn run(command: &mut Command) -> (String, String) {
    let run = command.output().unwrap();
    let [stdout, stderr] = [run.stdout, run.stderr].map(|text| String::from_utf8(text).unwrap());
    (stdout, stderr)
}

/// The first character that would have an effect on a terminal.
fn odd(text: &str) -> Option<char> {
    let is_odd = |letter: char| letter.is_control() && !matches!(letter, '\n' | '\t');
    text.chars()
        .find(|letter| is_odd(*letter) || *letter == '\u{202e}')
}

#[test]
fn a_text_shows_them_by_their_numbers() {
    let fake = fake();
    for arguments in [
        "report evil.json",
        "report evil.json other.json",
        "compare evil.json other.json",
        "apply evil.toml",
        "trace --from trace.txt",
        "handlers --from handlers.txt",
        "irqs --from interrupts",
        "irqs --from interrupts --transpose",
        "status",
        "get workqueue",
        "top --once --interval 0.01",
        "schema \u{1b}[2J",
        "\u{1b}[2J",
        "report \u{1b}[2J.json",
    ] {
        let is_of_a_kernel =
            ["status", "get", "top", "apply"].map(|name| arguments.starts_with(name));
        let mut command = match is_of_a_kernel.contains(&true) {
            true => fake.command(arguments),
            false => fake.bare_command(arguments),
        };
        let (stdout, stderr) = run(&mut command);
        assert_eq!(odd(&stdout), None, "{arguments}: {stdout}");
        assert_eq!(odd(&stderr), None, "{arguments}: {stderr}");
        let both = stdout + &stderr;
        let is_drawn = arguments.starts_with("top");
        assert!(is_drawn || both.contains("\\u001b"), "{arguments}: {both}");
        // Escaped once, not twice.
        assert!(!both.contains("\\\\"), "{arguments}: {both}");
    }
}

#[test]
fn a_text_with_a_newline_stays_in_its_row() {
    let fake = Fake::unloaded();
    let text = include_str!("../../crates/simrupt-bench/tests/result.json");
    fake.write("a.json", text);
    let mut results: Value = serde_json::from_str(text).unwrap();
    results["label"] = "x\nforged".into();
    results["environment"]["cpu_model"] = "x\nforged".into();
    results["foreign_changes"] = vec!["x\nforged"].into();
    for cell in results["cells"].as_array_mut().unwrap() {
        cell["metrics"]["x\nforged"] = cell["metrics"]["irq_bh_p50_ns"].clone();
        for round in cell["rounds"].as_array_mut().unwrap() {
            round["metrics"]["x\nforged"] = 1.into();
        }
    }
    fake.write("b.json", &results.to_string());
    let mut told = 0;
    for arguments in [
        "compare a.json b.json",
        "compare a.json b.json --ktap",
        "compare a.json b.json --lava",
        "report b.json",
        "report a.json b.json",
        "report b.json --ktap -",
        "report b.json --lava -",
        "report b.json --markdown -",
    ] {
        let (stdout, stderr) = run(&mut fake.bare_command(arguments));
        assert!(!stdout.is_empty(), "{arguments}: {stderr}");
        for row in stdout.lines().chain(stderr.lines()) {
            assert!(!row.starts_with("forged"), "{arguments}: {row}");
            told += usize::from(row.contains("nforged"));
        }
    }
    assert!(told > 5, "{told}");
}

#[test]
fn json_and_csv_keep_them() {
    let fake = fake();
    for (arguments, pointer) in [
        ("irqs --from interrupts --json", "/rows/0/actions/0"),
        ("get workqueue --json", "/lines/0/knobs/workqueue"),
        ("report evil.json --json -", "/environment/cpu_model"),
    ] {
        let mut command = match arguments.starts_with("get") {
            true => fake.command(arguments),
            false => fake.bare_command(arguments),
        };
        let (stdout, stderr) = run(&mut command);
        let document: Value = serde_json::from_str(&stdout).expect(&stderr);
        assert_eq!(document.pointer(pointer), Some(&EVIL.into()), "{arguments}");
    }
    let (stdout, stderr) = run(&mut fake.bare_command("handlers --from handlers.txt --json"));
    let document: Value = serde_json::from_str(&stdout).unwrap();
    let mut rows = document["rows"].as_array().unwrap().iter();
    assert!(rows.any(|row| row["name"] == EVIL), "{stdout}");
    // A message does, too.
    let note: Value = serde_json::from_str(&stderr).unwrap();
    let note = note["note"].as_str().unwrap();
    assert!(note.starts_with("1 row not understood: "), "{note}");
    assert!(note.contains(EVIL) && !note.contains(SHOWN), "{note}");
    for arguments in [
        "irqs --from interrupts --csv",
        "handlers --from handlers.txt --csv",
    ] {
        let (stdout, _) = run(&mut fake.bare_command(arguments));
        assert!(stdout.contains(EVIL), "{arguments}: {stdout}");
    }
}

#[test]
fn pairs_have_them_as_bytes_that_a_shell_can_restore() {
    let fake = fake();
    let (stdout, _) = run(&mut fake.bare_command("irqs --from interrupts --pairs"));
    let expected = r"\x1b]0;title\x07\x1b[2J\xc2\x9b31m\xe2\x80\xae";
    assert!(
        stdout.contains(&format!("ACTIONS=\"{expected}\"")),
        "{stdout}"
    );
    let shell = "eval \"$1\"; printf %b \"$ACTIONS\"";
    let (together, _) = run(Command::new("bash").args(["-c", shell, "bash", stdout.trim()]));
    assert_eq!(together, EVIL);
}
