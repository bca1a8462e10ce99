// SPDX-License-Identifier: GPL-2.0-only

//! `simructl irqs --watch` on a terminal: what is on the screen, keys, sizes, Ctrl-Z, and the terminal afterwards.

use std::fs::File;
use std::io::{Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use nix::pty::{OpenptyResult, Winsize, openpty};
use nix::sys::signal::{Signal, kill};
use nix::sys::termios::{LocalFlags, tcgetattr};
use nix::unistd::{Pid, pipe, ttyname};

use crate::fake::Fake;

/// As long as a busy machine may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// As much of a terminal as it takes to see what is on it. Writing past its last place fails the test.
struct Screen {
    width: usize,
    rows: Vec<String>,
    row: usize,
    is_alternate: bool,
    /// The text before and after the alternate screen.
    normal: String,
    /// Bytes that may begin a sequence.
    rest: Vec<u8>,
}

impl Screen {
    fn new(width: usize, height: usize) -> Self {
        Self {
            width,
            rows: vec![String::new(); height],
            row: 0,
            is_alternate: false,
            normal: String::new(),
            rest: Vec::new(),
        }
    }

    fn take(&mut self, bytes: &[u8]) {
        self.rest.extend(bytes);
        let bytes = std::mem::take(&mut self.rest);
        // Cut within a character or a sequence: the rest of it follows.
        let whole = match bytes.iter().rposition(|byte| *byte == 0x1b) {
            Some(at) if !bytes[at..].iter().skip(2).any(u8::is_ascii_alphabetic) => at,
            _ => bytes.len(),
        };
        let text = match std::str::from_utf8(&bytes[..whole]) {
            Ok(text) => text.to_string(),
            Err(error) => String::from_utf8_lossy(&bytes[..error.valid_up_to()]).into_owned(),
        };
        self.rest = bytes[text.len()..].to_vec();
        self.write(&text);
    }

    fn write(&mut self, mut text: &str) {
        while let Some(c) = text.chars().next() {
            if let Some(sequence) = text.strip_prefix("\x1b[") {
                let end = sequence.find(|c: char| c.is_ascii_alphabetic()).unwrap();
                self.obey(&sequence[..=end]);
                text = &sequence[end + 1..];
                continue;
            }
            text = &text[c.len_utf8()..];
            match c {
                _ if !self.is_alternate => self.normal.push(c),
                '\r' => {}
                '\n' => {
                    self.row += 1;
                    assert!(self.row < self.rows.len(), "it scrolled:\n{}", self.text());
                }
                _ => {
                    let row = &mut self.rows[self.row];
                    row.push(c);
                    assert!(row.chars().count() <= self.width, "too wide: {row}");
                }
            }
        }
    }

    fn obey(&mut self, sequence: &str) {
        match sequence {
            "?1049h" => {
                self.is_alternate = true;
                self.rows.fill(String::new());
                self.row = 0;
            }
            "?1049l" => self.is_alternate = false,
            "H" => self.row = 0,
            "2K" => self.rows[self.row].clear(),
            "J" => self.rows[self.row..].fill(String::new()),
            "?25l" | "?25h" => {}
            other => panic!("an unknown sequence: {other}"),
        }
    }

    fn text(&self) -> String {
        self.rows.join("\n").trim_end().to_string()
    }

    /// The names of the rows below the titles.
    fn names(&self) -> Vec<&str> {
        let titles = self
            .rows
            .iter()
            .position(|row| row.trim_start().starts_with("irq "));
        let rows = titles
            .map(|titles| &self.rows[titles + 1..])
            .unwrap_or_default();
        let rows = rows.iter().map_while(|row| row.split_whitespace().next());
        // The footer is no row.
        rows.take_while(|name| name.parse::<u32>().is_ok())
            .collect()
    }
}

/// A program on a terminal.
struct Session {
    child: Child,
    pty: OpenptyResult,
    output: Receiver<Vec<u8>>,
    screen: Screen,
}

impl Session {
    /// Runs the command on a terminal of this size.
    fn start(mut command: Command, width: u16, height: u16, stdin: Option<Stdio>) -> Self {
        let size = Winsize {
            ws_row: height,
            ws_col: width,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        let pty = openpty(Some(&size), None).unwrap();
        let stdio = || Stdio::from(pty.slave.try_clone().unwrap());
        let child = command
            .stdin(stdin.unwrap_or_else(stdio))
            .stdout(stdio())
            .stderr(stdio())
            .env("TERM", "xterm")
            .spawn()
            .unwrap();
        let mut master = File::from(pty.master.try_clone().unwrap());
        let (sender, output) = channel();
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count) = master.read(&mut bytes) {
                if sender.send(bytes[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        let screen = Screen::new(width.into(), height.into());
        Self {
            child,
            pty,
            output,
            screen,
        }
    }

    fn watch(fake: &Fake, arguments: &str, width: u16, height: u16) -> Self {
        let arguments = format!("irqs --watch --interval 0.02 {arguments}");
        Self::start(fake.command(&arguments), width, height, None)
    }

    /// Waits until the screen is as it should be.
    fn until(&mut self, what: &str, is_so: impl Fn(&Screen) -> bool) {
        let end = Instant::now() + PATIENCE;
        while !is_so(&self.screen) {
            match self
                .output
                .recv_timeout(end.saturating_duration_since(Instant::now()))
            {
                Ok(bytes) => self.screen.take(&bytes),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    let Screen { normal, .. } = &self.screen;
                    panic!("never {what}:\n{}\n--- {normal}", self.screen.text())
                }
            }
        }
    }

    /// Waits until another whole frame was drawn.
    fn frames(&mut self, count: usize) {
        for _ in 0..count {
            let bytes = self.output.recv_timeout(PATIENCE).unwrap();
            self.screen.take(&bytes);
        }
    }

    fn press(&mut self, keys: &str) {
        let mut master = File::from(self.pty.master.try_clone().unwrap());
        master.write_all(keys.as_bytes()).unwrap();
    }

    fn resize(&mut self, width: usize, height: usize) {
        self.screen = Screen::new(width, height);
        self.screen.is_alternate = true;
        let tty = ttyname(&self.pty.slave).unwrap();
        let status = Command::new("stty")
            .arg("-F")
            .arg(tty)
            .args(["rows", &height.to_string(), "cols", &width.to_string()])
            .status();
        assert!(status.unwrap().success());
    }

    /// Waits for the program's end; the terminal is as it was before.
    fn end(&mut self) -> ExitStatus {
        let status = self.child.wait().unwrap();
        self.until("given back", |screen| !screen.is_alternate);
        let flags = tcgetattr(&self.pty.slave).unwrap().local_flags;
        assert!(flags.contains(LocalFlags::ICANON | LocalFlags::ECHO));
        status
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// So many interrupts on so many CPUs.
fn machine(rows: usize, cpus: usize) -> Fake {
    let mut text = " ".repeat(11);
    for cpu in 0..cpus {
        text += &format!("CPU{cpu:<8}");
    }
    text.push('\n');
    for row in 0..rows {
        text += &format!("{:3}:", 100 + row);
        for cpu in 0..cpus {
            text += &format!(" {:10}", (row * 7 + cpu) % 13);
        }
        text += &format!("  PCI-MSI {row:4}-edge      device{:02}\n", rows - row);
    }
    let fake = Fake::unloaded();
    fake.write("proc/interrupts", &text);
    fake
}

#[test]
fn the_table_fits_every_terminal() {
    let fake = machine(40, 60);
    for (width, height) in [
        (80, 24),
        (40, 24),
        (40, 8),
        (20, 5),
        (3, 3),
        (1, 1),
        (200, 60),
    ] {
        for options in ["", "--cells numbers", "--transpose", "--noheadings"] {
            let mut session = Session::watch(&fake, options, width, height);
            session.until("shown", |screen| !screen.text().is_empty());
            session.frames(2);
            if (width, height, options) == (80, 24, "") {
                let text = session.screen.text();
                assert!(
                    text.contains("60 CPUs") && text.contains("more  q quit"),
                    "{text}"
                );
                assert!(session.screen.names().len() > 12, "{text}");
            }
            session.press("q");
            assert!(session.end().success());
        }
    }
}

#[test]
fn a_cell_more_or_less_than_the_table_makes_no_difference() {
    let fake = machine(6, 2);
    let mut session = Session::watch(&fake, "", 100, 30);
    session.until("shown", |screen| screen.names().len() == 6);
    let table = session.screen.text();
    let lines: Vec<&str> = table.lines().collect();
    let widest = lines
        .iter()
        .take(lines.len() - 1)
        .map(|line| line.chars().count())
        .max()
        .unwrap();
    session.press("q");
    session.end();
    for width in [widest - 1, widest, widest + 1] {
        for height in [lines.len() - 1, lines.len(), lines.len() + 1] {
            let [columns, rows] = [width, height].map(|size| u16::try_from(size).unwrap());
            let mut session = Session::watch(&fake, "", columns, rows);
            session.until("shown", |screen| screen.names().len() >= 5);
            session.frames(2);
            if width >= widest && height >= lines.len() {
                assert_eq!(session.screen.names().len(), 6, "{}", session.screen.text());
            }
            session.press("q");
            session.end();
        }
    }
}

#[test]
fn another_size_is_used_at_once() {
    let fake = machine(40, 60);
    // Only of its controlling terminal a program hears that the size is another.
    let simructl = fake.command("irqs --watch --interval 0.02");
    let mut command = Command::new("setsid");
    command.arg("--ctty");
    command
        .arg(simructl.get_program())
        .args(simructl.get_args());
    let mut session = Session::start(command, 80, 24, None);
    session.until("shown", |screen| screen.names().len() > 12);
    session.press(" ");
    session.until("paused", |screen| screen.text().contains("PAUSED"));
    session.resize(60, 12);
    session.until("smaller", |screen| screen.text().contains("PAUSED"));
    assert!(session.screen.names().len() < 12);
    session.press("q");
    session.end();
}

#[test]
fn keys_order_turn_and_scroll() {
    let fake = machine(40, 2);
    let mut session = Session::watch(&fake, "--sort irq", 120, 24);
    session.until("by number", |screen| screen.names().first() == Some(&"100"));
    session.press("n");
    session.until("by name", |screen| screen.names().first() == Some(&"139"));
    session.press("r");
    session.until("turned", |screen| screen.names().first() == Some(&"100"));
    session.press("ri");
    session.until("by number", |screen| screen.names().first() == Some(&"100"));
    session.press("jj\x1b[B");
    session.until("scrolled", |screen| {
        screen.names().first() == Some(&"103") && screen.text().contains("3 above")
    });
    session.press("G");
    session.until("at the end", |screen| screen.names().contains(&"139"));
    session.press("j\x1b[6~");
    session.press("g");
    session.until("at the beginning", |screen| {
        screen.names().first() == Some(&"100")
    });
    session.press("t");
    // 7 * row + cpu modulo 13, of both CPUs: 11 + 12 is the most.
    session.until("by total", |screen| screen.text().contains("109     23"));
    session.press("\x1b");
    assert!(session.end().success());
}

#[test]
fn a_paused_table_stays() {
    let fake = machine(3, 2);
    let mut session = Session::watch(&fake, "--sort irq", 100, 24);
    session.until("shown", |screen| screen.names() == ["100", "101", "102"]);
    session.press(" ");
    session.until("paused", |screen| screen.text().contains("PAUSED"));
    let text = fake.read("proc/interrupts");
    fake.write("proc/interrupts", &text.replace("device01", "renamed"));
    // It is drawn again for a key, and still shows what it showed.
    session.press("i");
    session.frames(1);
    assert!(session.screen.text().contains("device01"));
    session.press(" ");
    session.until("up to date", |screen| screen.text().contains("renamed"));
    session.press("q");
    session.end();
}

#[test]
fn a_signal_gives_the_terminal_back() {
    let fake = machine(3, 2);
    for signal in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP] {
        let mut session = Session::watch(&fake, "", 100, 24);
        session.until("shown", |screen| screen.names().len() == 3);
        let pid = Pid::from_raw(i32::try_from(session.child.id()).unwrap());
        kill(pid, signal).unwrap();
        let status = session.end();
        assert_eq!(
            std::os::unix::process::ExitStatusExt::signal(&status),
            Some(signal as i32)
        );
    }
}

#[test]
fn ctrl_z_gives_the_terminal_to_the_shell_and_fg_takes_it_again() {
    let fake = machine(3, 2);
    let script = "set -m; \"$@\"; echo STOPPED; stty -a | grep -q ' icanon' && echo COOKED; fg > /dev/null; echo ENDED $?";
    let simructl = fake.command("irqs --watch --interval 0.02");
    let mut command = Command::new("setsid");
    command.args(["--ctty", "bash", "-c", script, "bash"]);
    command
        .arg(simructl.get_program())
        .args(simructl.get_args());
    let mut session = Session::start(command, 100, 24, None);
    session.until("shown", |screen| screen.names().len() == 3);
    session.press("\x1a");
    session.until("stopped, and with the terminal as it was", |screen| {
        screen.normal.contains("STOPPED") && screen.normal.contains("COOKED")
    });
    session.until("continued", |screen| {
        screen.is_alternate && screen.names().len() == 3
    });
    session.press("q");
    session.until("at its end", |screen| screen.normal.contains("ENDED 0"));
    assert!(session.end().success());
}

#[test]
fn a_number_of_samples_leaves_the_last_one_to_be_read() {
    let fake = machine(3, 2);
    let mut session = Session::watch(&fake, "-n 2", 100, 24);
    assert!(session.end().success());
    session.until("to be read", |screen| {
        screen.normal.matches("device").count() == 3
    });
    assert!(!session.screen.normal.contains("q quit"));
}

#[test]
fn standard_input_that_is_no_terminal_is_left_alone() {
    let fake = machine(3, 2);
    let (reader, writer) = pipe().unwrap();
    let mut writer = File::from(writer);
    writer.write_all(b"q for somebody else").unwrap();
    drop(writer);
    let arguments = fake.command("irqs --watch --interval 0.02 -n 3");
    let stdin = Stdio::from(reader.try_clone().unwrap());
    let mut session = Session::start(arguments, 100, 24, Some(stdin));
    session.until("shown", |screen| screen.names().len() == 3);
    assert!(!session.screen.text().contains("q quit"));
    assert!(session.end().success());
    let mut text = String::new();
    File::from(reader).read_to_string(&mut text).unwrap();
    assert_eq!(text, "q for somebody else");
}
