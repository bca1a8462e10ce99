// SPDX-License-Identifier: GPL-2.0-only

//! simructl top on a terminal.

use crate::terminal::{self, Terminal};
use nix::sys::signal::Signal;
use simrupt_vm_tests::{Reader, Simrupt, eventually, settle, simructl};
use std::{fs, os::unix::process::ExitStatusExt, thread, time::Duration};

#[test]
fn lines_are_shown_and_keys_change_their_knobs() {
    let module = Simrupt::load("lines=3 rate_hz=1000,0,0 format=record workqueue=bound,bh,ordered");
    let lines = [0, 1].map(|index| module.line(index));
    let reader = Reader::start(lines[0], 4096);
    let mut top = Terminal::start(100, 24, &["top", "--interval", "0.2"]);
    top.shows("3 lines");
    top.shows("irq→work");
    eventually("the rate is shown", || {
        let row = top.row("   0 ");
        row.is_some_and(|row| row.contains("bound") && row.contains("1000 "))
    });
    top.types("+");
    top.shows("rate_hz 1000 -> 2000");
    assert_eq!(lines[0].get("rate_hz"), "2000");
    top.types("w");
    top.shows("workqueue bound -> unbound");
    top.types("jf");
    top.shows("line1 fifo_size 4096 -> 8192");
    assert_eq!(lines[1].get("fifo_size"), "8192");
    top.types("F");
    top.shows("line1 fifo_size 8192 -> 4096");
    // A value that the knob does not take is reported, and nothing changes.
    lines[1].set("fifo_size", "16");
    top.shows("line 1: runs of each stage");
    top.types(" ");
    top.shows("PAUSED");
    top.types(" ");
    eventually("it goes on", || !top.text().contains("PAUSED"));
    eventually("the smaller fifo is known", || {
        top.types("F");
        thread::sleep(Duration::from_millis(300));
        top.text().contains("cannot set fifo_size to 8: ")
    });
    assert_eq!(lines[1].get("fifo_size"), "16");
    top.types("?");
    top.shows("the next workqueue");
    top.types("?v");
    top.shows("since the last sample");
    top.types("k");
    top.shows("line 0: irq→work since");
    top.types("/ord\r");
    top.shows("with \"ord\"");
    eventually("only that", || top.row("   0 ").is_none());
    top.types("/\x1b");
    eventually("all again", || top.row("   0 ").is_some());
    top.types("p");
    top.shows("kept in simructl-top-");
    let kept = fs::read_dir(terminal::FOLDER)
        .unwrap()
        .next()
        .unwrap()
        .unwrap();
    let text = fs::read_to_string(kept.path()).unwrap();
    assert!(text.starts_with("simructl top  3 lines"), "{text}");
    fs::remove_dir_all(terminal::FOLDER).unwrap();
    top.types("q");
    assert!(top.ends().success());
    settle(&module, lines[0], reader);
}

#[test]
fn it_follows_the_size_of_the_terminal() {
    let module = Simrupt::load("lines=64 rate_hz=0 format=record");
    let line = module.line(0);
    let reader = Reader::start(line, 4096);
    line.set("rate_hz", "1000");
    let mut top = Terminal::start(80, 24, &["top", "--interval", "0.2"]);
    top.shows("lost/s");
    top.shows("q quit");
    top.resize(40, 10);
    eventually("it is narrow", || {
        let text = top.text();
        let header = text.lines().find(|row| row.starts_with("line "));
        header.is_some_and(|row| row.contains("lost/s") && !row.contains("fifo"))
    });
    top.types("G");
    top.shows("  63 ");
    top.shows("silent");
    top.resize(200, 50);
    top.shows("due→read p99");
    top.shows("line 63: rate_hz is 0; try: simructl set rate_hz=100 --line 63");
    let both = |row: &str| row.contains("by context") && row.contains("since the last sample");
    eventually("both details", || top.text().lines().any(both));
    top.resize(1, 1);
    top.resize(80, 24);
    top.types("g");
    top.shows("q quit");
    // Ctrl-C is a key here.
    top.types("\x03");
    assert!(top.ends().success());
    line.set("rate_hz", "0");
    settle(&module, line, reader);
}

#[test]
fn a_terminal_without_a_size_is_80_by_24() {
    let _module = Simrupt::load("rate_hz=0");
    let mut top = Terminal::start(0, 0, &["top"]);
    top.shows("1 line ");
    top.shows("rate_hz is 0");
    top.types("q");
    assert!(top.ends().success());
}

#[test]
fn a_line_says_what_it_waits_for() {
    // When one line is throttled, the others wait as well, unless they have no limit.
    let module = Simrupt::load("lines=4 rate_hz=1000 workqueue=bh cpu_limit_pct=100,100,5,100");
    let [open, closed, hungry, masked] = [0, 1, 2, 3].map(|index| module.line(index));
    hungry.set("work_us", "10000");
    let readers = [open, hungry, masked].map(|line| Reader::start(line, 4096));
    masked.set("masked", "1");
    let mut top = Terminal::start(100, 24, &["top", "--interval", "0.5"]);
    let state = |top: &Terminal, line: u32| {
        let row = top.row(&format!("{line:>4} "));
        row.unwrap_or_default()
    };
    for (line, word) in [
        (0, "runs"),
        (1, "not open"),
        (2, "throttled"),
        (3, "masked"),
    ] {
        eventually(word, || state(&top, line).contains(word));
    }
    let told = String::from_utf8(simructl(&["status"]).stdout).unwrap();
    let row = |line: &str| {
        told.lines()
            .find(|row| row.starts_with(line))
            .unwrap()
            .to_string()
    };
    assert!(row("line2").ends_with("waits for cpu_limit_pct"), "{told}");
    assert!(row("line3").ends_with("masked"), "{told}");
    closed.unbind();
    eventually("no driver", || state(&top, 1).contains("no driver"));
    closed.bind();
    top.types("q");
    assert!(top.ends().success());
    hungry.set("work_us", "0");
    masked.set("masked", "0");
    for line in [open, closed, hungry, masked] {
        line.set("rate_hz", "0");
    }
    for reader in readers {
        reader.stop();
    }
    module.verify();
}

#[test]
fn a_shell_can_stop_it_and_go_on_with_it() {
    let _module = Simrupt::load("rate_hz=0");
    let mut shell = Terminal::start_command(80, 24, "sh", &["-i"]);
    shell.types("stty -echo; PS1='ready> '\n");
    shell.shows("ready> ");
    for view in ["top --interval 0.2", "stats --watch --interval 0.2"] {
        shell.types(&format!("simructl {view}\n"));
        eventually("it has begun", || shell.has_screen());
        shell.types("\x1a");
        eventually("it is stopped", || !shell.has_screen());
        shell.types("fg\n");
        eventually("it goes on", || shell.has_screen());
        shell.types("q");
        eventually("it is over", || !shell.has_screen());
    }
    shell.types("exit\n");
    shell.wait();
}

#[test]
fn signals_give_the_terminal_back() {
    let _module = Simrupt::load("rate_hz=0");
    for signal in [Signal::SIGTERM, Signal::SIGHUP, Signal::SIGINT] {
        let top = Terminal::start(80, 24, &["top"]);
        top.shows("1 line ");
        top.signal(signal);
        assert_eq!(top.ends().signal(), Some(signal as i32));
    }
}

#[test]
fn the_module_can_come_and_go() {
    let module = Simrupt::load("rate_hz=0");
    let mut top = Terminal::start(80, 24, &["top", "--interval", "0.2"]);
    top.shows("1 line ");
    drop(module);
    top.shows("the module is not loaded; try: simructl load");
    let module = Simrupt::load("lines=2 rate_hz=0");
    top.shows("2 lines");
    eventually("it is loaded again", || !top.text().contains("not loaded"));
    module.line(0).unbind();
    top.shows("its driver is unbound");
    module.line(0).bind();
    eventually("it has its driver again", || {
        !top.text().contains("driver is unbound")
    });
    top.shows("runs of each stage");
    top.types("q");
    assert!(top.ends().success());
}
