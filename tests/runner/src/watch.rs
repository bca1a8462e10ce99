// SPDX-License-Identifier: GPL-2.0-only

//! Starts QEMU and watches it to its end: shows the program's output, and enforces the limits.
//!
//! Threads read the sockets and pass the data to the main thread through a channel; only that one decides. QEMU runs in
//! the build root's own process namespace, so it ends even if this program is killed.

use std::fs;
use std::io::{self, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use crate::args::Args;
use crate::files::Files;
use crate::guest::{self, Message};
use crate::qemu::{self, Accelerator, Time};
use crate::verdict::{End, Outcome};

/// How long the guest may take to power off.
const POWER_OFF_LIMIT: Duration = Duration::from_secs(30);

/// The messages of the reading threads.
enum Event {
    Output(Vec<u8>),
    Control(Vec<u8>),
    /// QEMU has ended: its error output is closed.
    Gone,
}

/// Runs the machine to its end, or to a limit.
pub(crate) fn run(args: &Args, accelerator: Accelerator, time: Time) -> Outcome {
    let start = Instant::now();
    let mut run = Run::new(args, start);
    let mut files_error = None;
    let end = match start_machine(args, accelerator, time) {
        Ok(mut machine) => {
            let end = run.watch(&mut machine);
            if end == End::Off {
                files_error = machine.unpack_files().err();
            }
            end
        }
        Err(error) => End::CannotStart(error),
    };
    if !run.last_line.is_empty() && !run.line_is_over {
        println!();
    }
    if args.is_interactive() && end == End::Off {
        // A user may switch the machine off.
        run.exit.get_or_insert(0);
        run.taint.get_or_insert(0);
    }
    Outcome {
        end,
        booted: run.booted.is_some(),
        exit: run.exit,
        taint: run.taint,
        files_error,
        last_line: String::from_utf8_lossy(&run.last_line).into_owned(),
        boot: run.booted.unwrap_or_else(Instant::now) - start,
        all: start.elapsed(),
    }
}

/// A running QEMU and its output.
struct Machine {
    qemu: Child,
    events: mpsc::Receiver<Event>,
    /// The folder of its sockets, and of the archive of the guest's files.
    folder: PathBuf,
    files: Option<Files>,
}

fn start_machine(args: &Args, accelerator: Accelerator, time: Time) -> Result<Machine, String> {
    let files = args.files.as_deref().map(Files::create).transpose()?;
    let folder = std::env::temp_dir().join(format!("run-vm.{}", std::process::id()));
    let (sender, events) = mpsc::channel();
    let listen = |name: &str| UnixListener::bind(folder.join(name));
    let (output, control) = fs::create_dir(&folder)
        .and_then(|()| Ok((listen(qemu::OUTPUT_SOCKET)?, listen(qemu::CONTROL_SOCKET)?)))
        .map_err(|error| format!("{}: {error}", folder.display()))?;
    // QEMU appends to an existing file.
    fs::write(&args.console_log, "")
        .map_err(|error| format!("{}: {error}", args.console_log.display()))?;

    let mut command = qemu::command(args, accelerator, time, &folder);
    if !args.is_interactive() {
        command.stdin(Stdio::null()).stdout(Stdio::null());
    }
    let mut qemu = command
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("{}: {error}", args.architecture.emulator()))?;
    read_socket(output, sender.clone(), Event::Output);
    read_socket(control, sender.clone(), Event::Control);
    if let Some(mut stderr) = qemu.stderr.take() {
        thread::spawn(move || {
            let _ = io::copy(&mut stderr, &mut io::stderr());
            let _ = sender.send(Event::Gone);
        });
    }
    Ok(Machine {
        qemu,
        events,
        folder,
        files,
    })
}

/// Passes on all data from a socket, until its other end closes.
fn read_socket(listener: UnixListener, sender: Sender<Event>, event: fn(Vec<u8>) -> Event) {
    thread::spawn(move || {
        let Ok((mut stream, _)) = listener.accept() else {
            return;
        };
        let mut buffer = [0; 4096];
        while let Ok(length @ 1..) = stream.read(&mut buffer) {
            if sender.send(event(buffer[..length].to_vec())).is_err() {
                return;
            }
        }
    });
}

impl Machine {
    /// Lets threads that still wait for a connection end when QEMU is gone.
    fn release_readers(&self) {
        for name in [qemu::OUTPUT_SOCKET, qemu::CONTROL_SOCKET] {
            let _ = UnixStream::connect(self.folder.join(name));
        }
    }

    /// Called when QEMU has ended.
    fn unpack_files(&self) -> Result<(), String> {
        match &self.files {
            Some(files) => files.unpack(&self.folder.join(qemu::FILES_ARCHIVE)),
            None => Ok(()),
        }
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let _ = self.qemu.kill();
        let _ = self.qemu.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// The state of the run so far.
struct Run<'a> {
    args: &'a Args,
    start: Instant,
    booted: Option<Instant>,
    last_output: Instant,
    /// The program's last line of output, which for a hung test is its name.
    last_line: Vec<u8>,
    line_is_over: bool,
    control: Vec<u8>,
    exit: Option<u8>,
    taint: Option<u64>,
}

impl<'a> Run<'a> {
    fn new(args: &'a Args, start: Instant) -> Self {
        Self {
            args,
            start,
            booted: None,
            last_output: start,
            last_line: Vec::new(),
            line_is_over: false,
            control: Vec::new(),
            exit: None,
            taint: None,
        }
    }

    fn watch(&mut self, machine: &mut Machine) -> End {
        loop {
            let (deadline, what) = self.deadline();
            let event = match deadline {
                Some(at) => machine
                    .events
                    .recv_timeout(at.saturating_duration_since(Instant::now())),
                None => machine.events.recv().map_err(RecvTimeoutError::from),
            };
            match event {
                Ok(Event::Output(bytes)) => self.show(&bytes),
                Ok(Event::Control(bytes)) => self.hear(&bytes),
                Ok(Event::Gone) => machine.release_readers(),
                Err(RecvTimeoutError::Timeout) => return End::OutOfTime(what),
                Err(RecvTimeoutError::Disconnected) => return self.gone(machine),
            }
        }
    }

    /// The time until which something must happen, and the meaning if it does not.
    fn deadline(&self) -> (Option<Instant>, String) {
        let args = self.args;
        let Some(booted) = self.booted else {
            let limit = args.boot_limit();
            return (
                Some(self.start + limit),
                format!("no boot within {limit:?}"),
            );
        };
        if args.is_interactive() && self.taint.is_none() {
            return (None, String::new());
        }
        if self.taint.is_some() {
            let text = format!("no power-off within {POWER_OFF_LIMIT:?}");
            return (Some(self.last_output + POWER_OFF_LIMIT), text);
        }
        let silent = self.last_output.max(booted) + args.silence_limit();
        let over = self.start + args.limit();
        let last_line = String::from_utf8_lossy(&self.last_line);
        let text = if silent < over {
            format!(
                "no output for {:?} after: {last_line}",
                args.silence_limit()
            )
        } else {
            format!("not done after {:?}, in: {last_line}", args.limit())
        };
        (Some(silent.min(over)), text)
    }

    fn show(&mut self, bytes: &[u8]) {
        self.last_output = Instant::now();
        let mut stdout = io::stdout();
        let _ = stdout.write_all(bytes).and_then(|()| stdout.flush());
        for &byte in bytes {
            if byte == b'\n' {
                self.line_is_over = true;
                continue;
            }
            if self.line_is_over {
                self.last_line.clear();
                self.line_is_over = false;
            }
            self.last_line.push(byte);
        }
    }

    fn hear(&mut self, bytes: &[u8]) {
        self.last_output = Instant::now();
        self.control.extend_from_slice(bytes);
        while let Some(end) = self.control.iter().position(|&byte| byte == b'\n') {
            let line: Vec<u8> = self.control.drain(..=end).collect();
            match guest::parse(&String::from_utf8_lossy(&line)) {
                Some(Message::Booted) => self.booted = Some(Instant::now()),
                Some(Message::Exit(status)) => self.exit = Some(status),
                Some(Message::Taint(mask)) => self.taint = Some(mask),
                None => {}
            }
        }
    }

    /// Called when QEMU has ended and all of its output is read.
    fn gone(&self, machine: &mut Machine) -> End {
        let silent = self.booted.is_none() && is_empty(&self.args.console_log);
        match machine.qemu.wait() {
            Ok(status) if silent && !status.success() => {
                End::CannotStart(format!("QEMU: {status}"))
            }
            _ => End::Off,
        }
    }
}

fn is_empty(path: &Path) -> bool {
    fs::metadata(path).map_or(true, |data| data.len() == 0)
}
