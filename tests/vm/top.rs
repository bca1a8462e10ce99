// SPDX-License-Identifier: GPL-2.0-only

//! simructl top on a terminal: a pseudo-terminal, and an emulator that tells what is on its screen.

use nix::{
    pty::{Winsize, openpty},
    sys::{
        signal::{Signal, kill},
        termios::{Termios, tcgetattr},
    },
    unistd::Pid,
};
use simrupt_vm_tests::{Reader, Simrupt, eventually, settle, within_20_s};
use std::{
    fs::{self, File},
    io::{Read, Write},
    os::{fd::OwnedFd, unix::process::ExitStatusExt},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};
use vt100::Parser;

/// Where screenshots come to.
const FOLDER: &str = "/tmp/top";

/// A terminal, and simructl top on it.
struct Terminal {
    master: File,
    slave: OwnedFd,
    before: Termios,
    screen: Arc<Mutex<Parser>>,
    child: Child,
}

impl Terminal {
    fn start(columns: u16, rows: u16, args: &[&str]) -> Self {
        let size = Winsize {
            ws_row: rows,
            ws_col: columns,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        let pty = openpty(&size, None).unwrap();
        let before = tcgetattr(&pty.slave).unwrap();
        let stdio = || Stdio::from(pty.slave.try_clone().unwrap());
        fs::create_dir_all(FOLDER).unwrap();
        // In a session of its own, of which this is the terminal: it is told when that changes its size.
        let child = Command::new("setsid")
            .args(["-c", "simructl", "top"])
            .args(args)
            .current_dir(FOLDER)
            .stdin(stdio())
            .stdout(stdio())
            .stderr(stdio())
            .spawn()
            .unwrap();
        let master = File::from(pty.master);
        let screen = Arc::new(Mutex::new(Parser::new(rows, columns, 0)));
        let (mut output, shown) = (master.try_clone().unwrap(), Arc::clone(&screen));
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = output.read(&mut bytes) {
                shown.lock().unwrap().process(&bytes[..count]);
            }
        });
        Self {
            master,
            slave: pty.slave,
            before,
            screen,
            child,
        }
    }

    fn text(&self) -> String {
        self.screen.lock().unwrap().screen().contents()
    }

    /// The row that begins like this.
    fn row(&self, start: &str) -> Option<String> {
        let text = self.text();
        let row = text.lines().find(|row| row.starts_with(start));
        row.map(str::to_string)
    }

    /// Waits until this is on the screen.
    fn shows(&self, what: &str) {
        within_20_s(what, || Ok(self.text().contains(what)))
            .unwrap_or_else(|why| panic!("{why}\n{}", self.text()));
    }

    fn types(&mut self, keys: &str) {
        self.master.write_all(keys.as_bytes()).unwrap();
    }

    fn resize(&self, columns: u16, rows: u16) {
        self.screen.lock().unwrap().set_size(rows, columns);
        let status = Command::new("stty")
            .args(["rows", &rows.to_string(), "cols", &columns.to_string()])
            .stdin(Stdio::from(self.slave.try_clone().unwrap()))
            .status();
        assert!(status.unwrap().success());
    }

    fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id().try_into().unwrap()), signal).unwrap();
    }

    /// Waits for the end, which must leave the terminal as it was.
    fn ends(mut self) -> ExitStatus {
        let status = self.child.wait().unwrap();
        // What it wrote last is still on its way.
        eventually("the screen from before is back", || {
            let parser = self.screen.lock().unwrap();
            !parser.screen().alternate_screen() && !parser.screen().hide_cursor()
        });
        let after = tcgetattr(&self.slave).unwrap();
        assert_eq!(after.local_flags, self.before.local_flags);
        assert_eq!(after.input_flags, self.before.input_flags);
        assert_eq!(after.output_flags, self.before.output_flags);
        status
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // After a test that failed it is still there.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn lines_are_shown_and_keys_turn_their_knobs() {
    let module = Simrupt::load("lines=3 rate_hz=1000,0,0 format=record workqueue=bound,bh,ordered");
    let lines = [0, 1].map(|index| module.line(index));
    let reader = Reader::start(lines[0], 4096);
    let mut top = Terminal::start(100, 24, &["--interval", "0.2"]);
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
    // A value that the knob does not take: said, and nothing else.
    lines[1].set("fifo_size", "16");
    top.shows("line 1: which stage");
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
    top.shows("since the sample before");
    top.types("k");
    top.shows("line 0: irq→work since");
    top.types("/ord\r");
    top.shows("with \"ord\"");
    eventually("only that", || top.row("   0 ").is_none());
    top.types("/\x1b");
    eventually("all again", || top.row("   0 ").is_some());
    top.types("p");
    top.shows("kept in simructl-top-");
    let kept = fs::read_dir(FOLDER).unwrap().next().unwrap().unwrap();
    let text = fs::read_to_string(kept.path()).unwrap();
    assert!(text.starts_with("simructl top  3 lines"), "{text}");
    fs::remove_dir_all(FOLDER).unwrap();
    top.types("q");
    assert!(top.ends().success());
    settle(&module, lines[0], reader);
}

#[test]
fn it_follows_the_size_of_the_terminal() {
    let _module = Simrupt::load("lines=64 rate_hz=0");
    let mut top = Terminal::start(80, 24, &["--interval", "0.2"]);
    top.shows("lost/s");
    top.shows("q quit");
    top.resize(40, 10);
    eventually("it is narrow", || {
        let text = top.text();
        !text.contains("lost/s  ") && text.contains("events/s") && text.contains("p99")
    });
    top.types("G");
    top.shows("  63 ");
    top.resize(132, 50);
    top.shows("read/s");
    top.resize(1, 1);
    top.resize(80, 24);
    top.shows("q quit");
    // Ctrl-C is a key there.
    top.types("\x03");
    assert!(top.ends().success());
}

#[test]
fn signals_give_the_terminal_back() {
    let _module = Simrupt::load("rate_hz=0");
    for signal in [Signal::SIGTERM, Signal::SIGHUP, Signal::SIGINT] {
        let top = Terminal::start(80, 24, &[]);
        top.shows("1 line ");
        top.signal(signal);
        assert_eq!(top.ends().signal(), Some(signal as i32));
    }
}

#[test]
fn the_module_can_come_and_go() {
    let module = Simrupt::load("rate_hz=0");
    let mut top = Terminal::start(80, 24, &["--interval", "0.2"]);
    top.shows("1 line ");
    drop(module);
    top.shows("the module is not loaded; try: simructl load");
    let module = Simrupt::load("lines=2 rate_hz=0");
    top.shows("2 lines");
    module.line(0).unbind();
    top.shows("its driver is unbound");
    module.line(0).bind();
    top.shows("which stage ran");
    top.types("q");
    assert!(top.ends().success());
}
