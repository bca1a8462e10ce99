// SPDX-License-Identifier: GPL-2.0-only

//! A pseudo-terminal, a program on it, and an emulator that keeps the content of the screen.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::pty::{OpenptyResult, Winsize, openpty};
use nix::sys::signal::{Signal, kill};
use nix::sys::termios::{Termios, tcgetattr};
use nix::unistd::Pid;
use vt100::Parser;

/// How long a change may take to appear on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Both ends of a new terminal. Programs that are started do not inherit them.
pub(crate) fn ends(size: Option<&Winsize>) -> OpenptyResult {
    let pty = openpty(size, None).unwrap();
    for end in [&pty.master, &pty.slave] {
        fcntl(end, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC)).unwrap();
    }
    pty
}

/// The terminal, and the program on it.
pub(crate) struct Terminal {
    /// The near end; its attributes are those of the far end.
    master: File,
    before: Termios,
    shown: Arc<Mutex<Shown>>,
    reader: Option<JoinHandle<()>>,
    child: Child,
}

/// The output so far.
struct Shown {
    screen: Parser,
    bytes: Vec<u8>,
}

/// Starts a command on a terminal, in a session of its own. Only the command has the far end open: when it ends, so
/// does its output. Signals have their default actions in it, even if these tests run with some signals ignored, as by
/// nohup.
pub(crate) fn spawn(command: &Command, far_end: OwnedFd) -> Child {
    let stdio = || Stdio::from(far_end.try_clone().unwrap());
    Command::new("setsid")
        .args(["--ctty", "env", "--default-signal"])
        .arg(command.get_program())
        .args(command.get_args())
        .current_dir(command.get_current_dir().unwrap())
        .envs(
            command
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        )
        .env("TERM", "xterm")
        .stdin(stdio())
        .stdout(stdio())
        .stderr(stdio())
        .spawn()
        .unwrap()
}

impl Terminal {
    /// Starts a command on a terminal of this size, in a session of its own; 0 by 0 is an unknown size.
    pub(crate) fn start(command: &Command, columns: u16, rows: u16) -> Self {
        let size = Winsize {
            ws_row: rows,
            ws_col: columns,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        let pty = ends(Some(&size));
        let before = tcgetattr(&pty.master).unwrap();
        let child = spawn(command, pty.slave);
        let master = File::from(pty.master);
        let (columns, rows) = if columns == 0 {
            (80, 24)
        } else {
            (columns, rows)
        };
        let shown = Arc::new(Mutex::new(Shown {
            screen: Parser::new(rows, columns, 0),
            bytes: Vec::new(),
        }));
        let (mut output, seen) = (master.try_clone().unwrap(), Arc::clone(&shown));
        let reader = thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = output.read(&mut bytes) {
                let mut seen = seen.lock().unwrap();
                seen.screen.process(&bytes[..count]);
                seen.bytes.extend_from_slice(&bytes[..count]);
            }
        });
        Self {
            master,
            before,
            shown,
            reader: Some(reader),
            child,
        }
    }

    /// The content of the screen.
    pub(crate) fn text(&self) -> String {
        self.shown.lock().unwrap().screen.screen().contents()
    }

    /// All output so far.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.shown.lock().unwrap().bytes.clone()
    }

    /// Whether a program uses the alternate screen.
    pub(crate) fn is_taken(&self) -> bool {
        self.shown
            .lock()
            .unwrap()
            .screen
            .screen()
            .alternate_screen()
    }

    /// Waits until `holds` is true.
    pub(crate) fn until(&self, what: &str, holds: impl Fn(&Self) -> bool) {
        let end = Instant::now() + PATIENCE;
        while !holds(self) {
            assert!(Instant::now() < end, "{what}\n{}", self.text());
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Waits until `what` is on the screen.
    pub(crate) fn shows(&self, what: &str) {
        self.until(what, |this| this.text().contains(what));
    }

    pub(crate) fn types(&mut self, keys: &str) {
        self.master.write_all(keys.as_bytes()).unwrap();
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id() as i32), signal).unwrap();
    }

    pub(crate) fn resize(&self, columns: u16, rows: u16) {
        self.shown.lock().unwrap().screen.set_size(rows, columns);
        self.claim_size(columns, rows);
    }

    /// Makes the terminal report a size that no terminal has.
    pub(crate) fn claim_size(&self, columns: u16, rows: u16) {
        let status = Command::new("stty")
            .args(["rows", &rows.to_string(), "cols", &columns.to_string()])
            .stdin(Stdio::from(self.master.try_clone().unwrap()))
            .status();
        assert!(status.unwrap().success());
    }

    /// Whether the terminal is in its initial state.
    pub(crate) fn is_as_before(&self) -> bool {
        let now = tcgetattr(&self.master).unwrap();
        let modes = |modes: &Termios| (modes.local_flags, modes.input_flags, modes.output_flags);
        modes(&now) == modes(&self.before)
    }

    /// Waits for the end of the command, which must restore the terminal.
    pub(crate) fn ends(mut self) -> (ExitStatus, String) {
        let end = Instant::now() + PATIENCE;
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(Instant::now() < end, "it does not end\n{}", self.text());
            thread::sleep(Duration::from_millis(10));
        };
        self.reader.take().unwrap().join().unwrap();
        let is_given_back = {
            let shown = self.shown.lock().unwrap();
            let screen = shown.screen.screen();
            !screen.alternate_screen() && !screen.hide_cursor()
        };
        assert!(is_given_back, "{}", self.text());
        assert!(self.is_as_before());
        (status, self.text())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // After a failed test the command still runs.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
