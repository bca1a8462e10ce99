// SPDX-License-Identifier: GPL-2.0-only

//! simructl on a terminal: a pseudo-terminal, and an emulator that keeps the content of its screen.

use nix::{
    pty::{Winsize, openpty},
    sys::{
        signal::{Signal, kill},
        termios::{Termios, tcgetattr},
    },
    unistd::Pid,
};
use simrupt_vm_tests::{eventually, within_20_s};
use std::{
    fs::{self, File},
    io::{Read, Write},
    os::{fd::OwnedFd, unix::net::UnixStream},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex},
    thread,
};
use vt100::Parser;

/// The directory that it runs in, where it saves screenshots.
pub(crate) const FOLDER: &str = "/tmp/top";

/// A terminal, and simructl on it.
pub(crate) struct Terminal {
    master: File,
    slave: OwnedFd,
    before: Termios,
    screen: Arc<Mutex<Parser>>,
    child: Child,
}

/// Why there can be no view on a terminal, if the kernel was built without something that the library needs.
pub(crate) fn missing() -> Option<&'static str> {
    let has_sockets = UnixStream::pair().is_ok();
    (!has_sockets).then_some("this kernel has no Unix sockets, which a view on a terminal takes")
}

impl Terminal {
    /// Starts simructl with these arguments.
    pub(crate) fn start(columns: u16, rows: u16, args: &[&str]) -> Self {
        Self::start_command(columns, rows, "simructl", args)
    }

    /// Starts a program. A size of 0 is an unknown size.
    pub(crate) fn start_command(columns: u16, rows: u16, program: &str, args: &[&str]) -> Self {
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
        // In a session of its own, with this as its terminal: then it is notified when the size changes.
        let child = Command::new("setsid")
            .args(["-c", program])
            .args(args)
            .current_dir(FOLDER)
            .stdin(stdio())
            .stdout(stdio())
            .stderr(stdio())
            .spawn()
            .unwrap();
        let master = File::from(pty.master);
        let (rows, columns) = if columns == 0 {
            (24, 80)
        } else {
            (rows, columns)
        };
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

    pub(crate) fn text(&self) -> String {
        self.screen.lock().unwrap().screen().contents()
    }

    /// Whether a program uses the alternate screen.
    pub(crate) fn has_screen(&self) -> bool {
        self.screen.lock().unwrap().screen().alternate_screen()
    }

    /// The row that begins with `start`.
    pub(crate) fn row(&self, start: &str) -> Option<String> {
        let text = self.text();
        let row = text.lines().find(|row| row.starts_with(start));
        row.map(str::to_string)
    }

    /// Waits until this is on the screen.
    pub(crate) fn shows(&self, what: &str) {
        within_20_s(what, || Ok(self.text().contains(what)))
            .unwrap_or_else(|why| panic!("{why}\n{}", self.text()));
    }

    pub(crate) fn types(&mut self, keys: &str) {
        self.master.write_all(keys.as_bytes()).unwrap();
    }

    pub(crate) fn resize(&self, columns: u16, rows: u16) {
        self.screen.lock().unwrap().set_size(rows, columns);
        let status = Command::new("stty")
            .args(["rows", &rows.to_string(), "cols", &columns.to_string()])
            .stdin(Stdio::from(self.slave.try_clone().unwrap()))
            .status();
        assert!(status.unwrap().success());
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id().try_into().unwrap()), signal).unwrap();
    }

    /// Waits for the end.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }

    /// Waits for the end, which must restore the terminal.
    pub(crate) fn ends(mut self) -> ExitStatus {
        let status = self.wait();
        // Its last output is still under way.
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
        // After a failed test it still runs.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
