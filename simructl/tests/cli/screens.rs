// SPDX-License-Identifier: GPL-2.0-only

//! How commands use a terminal: they fit it, and restore it on every way out.

use std::fs;
use std::io::Read;
use std::os::unix::process::ExitStatusExt;
use std::process::Command;

use nix::sys::signal::Signal;
use simrupt_core::invariants::COUNTERS;

use crate::fake::{Fake, debugfs};
use crate::terminal::{Terminal, ends, spawn};

/// Views that take the screen, with words that each of them shows.
const VIEWS: [(&str, &str); 3] = [
    ("top --interval 0.1", "simructl top"),
    ("stats --watch --interval 0.1", "simructl stats"),
    ("irqs --watch --interval 0.1", "eth0"),
];

fn start(fake: &Fake, arguments: &str, columns: u16, rows: u16) -> Terminal {
    Terminal::start(&fake.command(arguments), columns, rows)
}

/// The module with this many lines, on a machine with an interrupt.
fn machine(lines: usize) -> Fake {
    let fake = Fake::with_lines(lines);
    fake.write("proc/interrupts", "CPU0\n 24: 5 PCI-MSI 524288-edge eth0\n");
    fake
}

#[test]
fn a_terminal_that_does_not_know_its_size_has_80_by_24() {
    let fake = machine(2);
    for (arguments, words) in VIEWS {
        let mut view = start(&fake, arguments, 0, 0);
        view.shows(words);
        let text = view.text();
        assert!(text.lines().count() <= 24, "{text}");
        view.types("q");
        assert!(view.ends().0.success());
    }
}

#[test]
fn a_key_ends_a_view_and_signals_do() {
    let fake = machine(1);
    for (arguments, words) in VIEWS {
        for key in ["q", "\x03", "\x1b"] {
            let mut view = start(&fake, arguments, 80, 24);
            view.shows(words);
            assert!(view.is_taken() && !view.is_as_before());
            view.types(key);
            assert!(view.ends().0.success(), "{arguments}");
        }
        for signal in [Signal::SIGTERM, Signal::SIGHUP, Signal::SIGQUIT] {
            let view = start(&fake, arguments, 80, 24);
            view.shows(words);
            view.signal(signal);
            assert_eq!(view.ends().0.signal(), Some(signal as i32), "{arguments}");
        }
    }
}

#[test]
fn a_view_ends_with_its_terminal() {
    let fake = machine(1);
    for (arguments, _) in VIEWS {
        let command = fake.command(arguments);
        let pty = ends(None);
        let mut child = spawn(&command, pty.slave);
        // The view has started.
        let mut master = fs::File::from(pty.master);
        master.read_exact(&mut [0; 100]).unwrap();
        drop(master);
        let status = child.wait().unwrap();
        let is_over = status.signal() == Some(Signal::SIGHUP as i32) || status.code() == Some(1);
        assert!(is_over, "{arguments}: {status}");
    }
}

#[test]
fn a_view_can_be_stopped_and_continues() {
    let fake = machine(1);
    for (arguments, words) in VIEWS {
        let mut shell = Command::new("bash");
        shell
            .args(["--norc", "--noprofile", "-i"])
            .current_dir(fake.path(""));
        let mut terminal = Terminal::start(&shell, 80, 24);
        terminal.shows("bash");
        terminal.types("PS1='ready> '; clear\n");
        terminal.until("the prompt", |this| this.text().starts_with("ready> "));
        let command = fake.command(arguments);
        let words_typed: Vec<_> = [command.get_program()]
            .into_iter()
            .chain(command.get_args())
            .map(|word| word.to_str().unwrap().to_string())
            .collect();
        terminal.types(&format!("{}\n", words_typed.join(" ")));
        terminal.until("it has begun", |this| {
            this.is_taken() && this.text().contains(words)
        });
        for _ in 0..2 {
            terminal.types("\x1a");
            terminal.until("it is stopped", |this| {
                !this.is_taken() && this.text().contains("Stopped")
            });
            terminal.types("clear; echo still $((20 + 3))\n");
            terminal.shows("still 23");
            terminal.types("fg\n");
            terminal.until("it goes on", |this| {
                this.is_taken() && this.text().contains(words)
            });
        }
        terminal.types("q");
        terminal.until("the prompt is back", |this| !this.is_taken());
        terminal.types("echo over $((40 + 2)); exit\n");
        terminal.shows("over 42");
        assert!(terminal.ends().0.success());
    }
}

#[test]
fn a_view_follows_the_size_of_the_terminal() {
    let fake = Fake::with_lines(8);
    let mut view = start(&fake, "stats --watch --interval 60", 80, 24);
    view.shows("line 0-3 of 0-7");
    view.resize(200, 24);
    view.shows("line7");
    // No screen has this size, but a terminal may report it.
    view.claim_size(1, 1);
    view.claim_size(65535, 65535);
    view.resize(40, 10);
    view.shows("line 0 of 0-7");
    view.types("l");
    view.shows("line 1 of 0-7");
    view.types("q");
    assert!(view.ends().0.success());
}

#[test]
fn the_last_of_some_samples_stays_on_the_terminal() {
    let fake = Fake::with_lines(1);
    let view = start(&fake, "stats --watch --interval 0.05 -n 3", 80, 40);
    let (status, text) = view.ends();
    assert!(status.success());
    assert!(text.starts_with("counter"), "{text}");
    assert_eq!(
        text.trim_end().lines().count(),
        1 + COUNTERS.len(),
        "{text}"
    );
}

#[test]
fn top_reports_that_the_module_is_gone_until_it_is_back() {
    let fake = Fake::with_lines(1);
    let mut view = start(&fake, "top --interval 0.1", 80, 24);
    view.shows("1 line ");
    let [there, away] = ["sys/module/simrupt", "sys/module/away"].map(|name| fake.path(name));
    fs::rename(&there, &away).unwrap();
    view.shows("the module is not loaded; try: simructl load");
    fs::rename(&away, &there).unwrap();
    view.until("it is back", |this| {
        let text = this.text();
        text.contains("1 line ") && !text.contains("not loaded")
    });
    view.types("q");
    assert!(view.ends().0.success());
}

#[test]
fn top_says_that_nobody_has_the_device_open() {
    let fake = Fake::with_lines(1);
    let mut view = start(&fake, "top --interval 0.1", 80, 24);
    view.shows("line 0: nobody has its device open; try: simructl read --line 0 > /dev/null");
    view.shows("not open");
    fake.write(&debugfs(0, "rate_hz"), "0\n");
    view.shows("line 0: rate_hz is 0; try: simructl set rate_hz=100 --line 0");
    view.types("q");
    assert!(view.ends().0.success());
}

#[test]
fn a_report_is_in_colours_on_a_terminal() {
    let fake = Fake::with_lines(1);
    let sample = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/crates/simrupt-bench/tests/result.json"
    );
    let mut command = fake.command("report");
    command.arg(sample);
    let terminal = Terminal::start(&command, 120, 100);
    terminal.shows("which flavor?");
    let text = String::from_utf8(terminal.bytes()).unwrap();
    assert!(text.contains("\x1b[1mwhich flavor?\x1b[0m"), "{text}");
    assert!(text.contains("\x1b[1;32m") && !text.contains("\\u001b"));
    terminal.ends();
}

#[test]
fn control_characters_of_a_file_have_no_effect_on_the_terminal() {
    let fake = Fake::with_lines(1);
    let evil = "\u{1b}]0;title\u{7}\u{1b}[2J\u{9b}31m";
    let sample = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/crates/simrupt-bench/tests/result.json"
    );
    let mut results: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(sample).unwrap()).unwrap();
    results["environment"]["cpu_model"] = evil.into();
    results["environment"]["reasons"] = serde_json::json!([evil]);
    fake.write("evil.json", &results.to_string());
    fake.write("evil.toml", &format!("[line0]\n\"{}\" = 1\n", "\\u001b[2J"));
    fake.write(
        "evil.txt",
        &format!(
            "{}\n",
            include_str!("../trace.txt").replace("cat-99", &format!("{evil}-99"))
        ),
    );
    fake.write(&debugfs(0, "workqueue"), &format!("[{evil}]\n"));
    for arguments in [
        "report evil.json",
        "report evil.json --markdown -",
        "report evil.json --json -",
        "apply evil.toml",
        "trace --from evil.txt",
        "trace --from evil.txt --json",
        "status",
        "get workqueue",
        "report \u{1b}[2J.json",
        "top --once --interval 0.01",
    ] {
        let mut command = fake.command(arguments);
        if arguments.starts_with("trace") {
            command = fake.bare_command(arguments);
        }
        command.env("NO_COLOR", "1");
        let terminal = Terminal::start(&command, 80, 24);
        // Until no more output comes.
        let seen = std::cell::RefCell::new(Vec::new());
        terminal.until("all is shown", |this| {
            let before = seen.replace(this.bytes());
            !before.is_empty() && before == *seen.borrow()
        });
        let text = String::from_utf8(seen.into_inner()).unwrap();
        let odd = text
            .chars()
            .find(|letter| letter.is_control() && !matches!(letter, '\n' | '\r' | '\t'));
        assert_eq!(odd, None, "{arguments}: {text}");
        terminal.ends();
    }
}
