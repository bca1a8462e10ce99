// SPDX-License-Identifier: GPL-2.0-only

//! A terminal whose content is replaced again and again, and which is as it was before when we are done with it.
//!
//! Signals are read from a file, next to the keys: so nothing is interrupted, and Ctrl-Z gives the terminal back
//! before the program stops. Keys are read only where standard input is the terminal, too; without being asked, it
//! is never touched.

use std::io::{self, IsTerminal, Write};
use std::os::fd::AsFd;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, Signal, raise};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::termios::{
    LocalFlags, SetArg, SpecialCharacterIndices, Termios, tcgetattr, tcsetattr,
};
use nix::unistd::read;

use crate::signals;
use crate::terminal;
use simrupt::failure::{Failure, describe};

/// The alternate screen, without the cursor; and back.
const ENTER: &str = "\x1b[?1049h\x1b[?25l";
const LEAVE: &str = "\x1b[?25h\x1b[?1049l";
/// The size of a terminal that does not know it.
const USUAL_SIZE: (usize, usize) = (80, 24);

/// The end of a wait.
#[derive(Debug, PartialEq)]
pub(crate) enum Event {
    /// The time has come.
    Due,
    /// A key was pressed.
    Key(Key),
    /// The terminal has another size, or is ours again.
    Redraw,
    /// The signal is to end the program.
    End(Signal),
}

/// A key.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Key {
    Char(char),
    Escape,
    Up,
    Down,
    PageUp,
    PageDown,
    Home,
    End,
}

/// The terminal.
pub(crate) struct Screen {
    signals: SignalFd,
    /// How the terminal was before; only where standard input is one.
    before: Option<Termios>,
    keys: Vec<Key>,
    is_entered: bool,
}

impl Screen {
    /// Whether standard output is a terminal that can be used as one.
    pub(crate) fn is_there() -> bool {
        let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        io::stdout().is_terminal() && !is_dumb
    }

    /// Takes the terminal.
    pub(crate) fn open() -> Result<Self, Failure> {
        let taken = [
            Signal::SIGINT,
            Signal::SIGTERM,
            Signal::SIGHUP,
            Signal::SIGQUIT,
            Signal::SIGTSTP,
            Signal::SIGCONT,
            Signal::SIGWINCH,
        ];
        let ignored = signals::ignored();
        let is_ours = |signal: &Signal| ignored & (1 << (*signal as u32 - 1)) == 0;
        let signals: SigSet = taken.into_iter().filter(is_ours).collect();
        signals.thread_block().map_err(failed)?;
        let flags = SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK;
        let signals = SignalFd::with_flags(&signals, flags).map_err(failed)?;
        let stdin = io::stdin();
        let before = stdin.is_terminal().then(|| tcgetattr(&stdin)).transpose();
        let mut screen = Self {
            signals,
            before: before.map_err(failed)?,
            keys: Vec::new(),
            is_entered: false,
        };
        give_back_on_panic(screen.before.clone());
        screen.enter()?;
        Ok(screen)
    }

    /// Whether keys are read.
    pub(crate) fn has_keys(&self) -> bool {
        self.before.is_some()
    }

    /// How many columns and rows there are.
    pub(crate) fn size(&self) -> (usize, usize) {
        terminal::size().unwrap_or(USUAL_SIZE)
    }

    /// Shows these lines, none of which may be wider than the terminal, and nothing else.
    pub(crate) fn draw(&self, lines: &[String]) -> Result<(), Failure> {
        let mut text = "\x1b[H".to_string();
        for (at, line) in lines.iter().enumerate() {
            // Cleared first: behind a line of full width the cursor still stands on its last place.
            let lead = if at == 0 { "" } else { "\r\n" };
            text += &format!("{lead}\x1b[2K{line}");
        }
        let (_, rows) = self.size();
        if lines.len() < rows {
            text += if lines.is_empty() {
                "\x1b[J"
            } else {
                "\r\n\x1b[J"
            };
        }
        write(&text)
    }

    /// Waits for a key or a signal, until `due`.
    pub(crate) fn wait(&mut self, due: Instant) -> Result<Event, Failure> {
        loop {
            if let Some(signal) = self.signals.read_signal().map_err(failed)? {
                let signal = i32::try_from(signal.ssi_signo).ok();
                let signal = signal.and_then(|signal| Signal::try_from(signal).ok());
                match signal {
                    Some(Signal::SIGTSTP) => {
                        self.stop()?;
                        return Ok(Event::Redraw);
                    }
                    Some(Signal::SIGCONT) => {
                        // Somebody else may have used the terminal meanwhile.
                        self.enter()?;
                        return Ok(Event::Redraw);
                    }
                    Some(Signal::SIGWINCH) => return Ok(Event::Redraw),
                    Some(signal) => return Ok(Event::End(signal)),
                    None => continue,
                }
            }
            if !self.keys.is_empty() {
                return Ok(Event::Key(self.keys.remove(0)));
            }
            let left = due.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(Event::Due);
            }
            // Rounded up: else it would ask again and again within the last millisecond.
            let left = i32::try_from(left.as_millis() + 1).unwrap_or(i32::MAX);
            let timeout = PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX);
            let stdin = io::stdin();
            let mut files = vec![PollFd::new(self.signals.as_fd(), PollFlags::POLLIN)];
            if self.has_keys() {
                files.push(PollFd::new(stdin.as_fd(), PollFlags::POLLIN));
            }
            match poll(&mut files, timeout) {
                Ok(_) | Err(Errno::EINTR) => {}
                Err(errno) => return Err(failed(errno)),
            }
            let keys = files.get(1).and_then(PollFd::revents);
            if keys.is_some_and(|events| !events.is_empty()) {
                let mut bytes = [0; 64];
                match read(&stdin, &mut bytes) {
                    // The terminal is gone.
                    Ok(0) | Err(Errno::EIO) => return Ok(Event::End(Signal::SIGHUP)),
                    Ok(count) => self.keys.extend(keys_of(&bytes[..count])),
                    Err(Errno::EINTR | Errno::EAGAIN) => {}
                    Err(errno) => return Err(failed(errno)),
                }
            }
        }
    }

    /// Ends the program as the signal would have done.
    pub(crate) fn die_of(mut self, signal: Signal) {
        self.leave();
        signals::die_of(signal);
    }

    /// Stops until the shell continues it: the terminal is the shell's meanwhile.
    fn stop(&mut self) -> Result<(), Failure> {
        self.leave();
        let mut signal = SigSet::empty();
        signal.add(Signal::SIGTSTP);
        let stopped = signal
            .thread_unblock()
            .and_then(|()| raise(Signal::SIGTSTP))
            .and_then(|()| signal.thread_block());
        stopped.map_err(failed)?;
        self.enter()
    }

    fn enter(&mut self) -> Result<(), Failure> {
        if let Some(before) = &self.before {
            let mut termios = before.clone();
            // Signals still come of keys; keys come one by one, and are not shown.
            termios.local_flags &= !(LocalFlags::ICANON | LocalFlags::ECHO);
            termios.control_chars[SpecialCharacterIndices::VMIN as usize] = 1;
            termios.control_chars[SpecialCharacterIndices::VTIME as usize] = 0;
            tcsetattr(io::stdin(), SetArg::TCSADRAIN, &termios).map_err(failed)?;
        }
        self.is_entered = true;
        write(ENTER)
    }

    fn leave(&mut self) {
        if std::mem::take(&mut self.is_entered) {
            give_back(self.before.as_ref());
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.leave();
    }
}

fn give_back(before: Option<&Termios>) {
    let _ = write(LEAVE);
    if let Some(before) = before {
        let _ = tcsetattr(io::stdin(), SetArg::TCSADRAIN, before);
    }
}

/// Has a panic's message appear on the terminal as it was before.
fn give_back_on_panic(before: Option<Termios>) {
    let before = Mutex::new(before);
    let print = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let before = before.lock().unwrap_or_else(PoisonError::into_inner);
        give_back(before.as_ref());
        print(panic);
    }));
}

fn write(text: &str) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    let written = stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush());
    written.map_err(|error| Failure::new("cannot write to the terminal", describe(&error)))
}

fn failed(errno: Errno) -> Failure {
    Failure::new("cannot use the terminal", errno.desc())
}

/// The keys that some bytes mean; others than these are left out.
fn keys_of(mut bytes: &[u8]) -> Vec<Key> {
    const SEQUENCES: [(&[u8], Key); 12] = [
        (b"\x1b[A", Key::Up),
        (b"\x1bOA", Key::Up),
        (b"\x1b[B", Key::Down),
        (b"\x1bOB", Key::Down),
        (b"\x1b[5~", Key::PageUp),
        (b"\x1b[6~", Key::PageDown),
        (b"\x1b[H", Key::Home),
        (b"\x1bOH", Key::Home),
        (b"\x1b[1~", Key::Home),
        (b"\x1b[F", Key::End),
        (b"\x1bOF", Key::End),
        (b"\x1b[4~", Key::End),
    ];
    let mut keys = Vec::new();
    while let Some(first) = bytes.first() {
        let known = SEQUENCES
            .iter()
            .find(|(sequence, _)| bytes.starts_with(sequence));
        let length = match (known, bytes) {
            (Some((sequence, key)), _) => {
                keys.push(*key);
                sequence.len()
            }
            (None, b"\x1b") => {
                keys.push(Key::Escape);
                1
            }
            // Another key's sequence ends with a letter or a tilde.
            (None, [0x1b, b'[' | b'O', rest @ ..]) => {
                let end = rest.iter().position(|byte| (0x40..0x7f).contains(byte));
                end.map_or(bytes.len(), |end| end + 3)
            }
            _ => {
                if first.is_ascii_graphic() || *first == b' ' {
                    keys.push(Key::Char(char::from(*first)));
                }
                1
            }
        };
        bytes = &bytes[length..];
    }
    keys
}

#[cfg(test)]
mod tests {
    use std::env;
    use std::fs::File;
    use std::io::Read;
    use std::process::{Command, Stdio};

    use nix::pty::openpty;

    use super::*;

    /// Tells the test that it is to panic on a terminal, rather than to look at one that does.
    const PANICS: &str = "SIMRUCTL_TEST_SCREEN_PANICS";

    #[test]
    fn a_panic_gives_the_terminal_back_and_is_read_there() {
        if env::var_os(PANICS).is_some() {
            let _screen = Screen::open().unwrap_or_else(|failure| unreachable!("{failure}"));
            panic!("a mistake");
        }
        let pty = openpty(None, None).unwrap();
        let before = tcgetattr(&pty.master).unwrap();
        let mut master = File::from(pty.master);
        let stdio = || Stdio::from(pty.slave.try_clone().unwrap());
        let test = "screen::tests::a_panic_gives_the_terminal_back_and_is_read_there";
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["--exact", test, "--nocapture"])
            .env(PANICS, "1")
            .stdin(stdio())
            .stdout(stdio())
            .stderr(stdio())
            .spawn()
            .unwrap();
        drop(pty.slave);
        let mut shown = Vec::new();
        // A terminal that no program has open any more ends with an error.
        master.read_to_end(&mut shown).unwrap_err();
        assert!(!child.wait().unwrap().success());
        let shown = String::from_utf8_lossy(&shown);
        let (screen, rest) = shown.split_once("\x1b[?1049l").expect("the way back");
        assert!(screen.contains("\x1b[?1049h") && !screen.contains("a mistake"));
        assert!(rest.contains("a mistake"), "{rest}");
        assert_eq!(tcgetattr(&master).unwrap(), before);
    }

    #[test]
    fn keys_are_told_apart() {
        for (bytes, keys) in [
            (&b"q"[..], &[Key::Char('q')][..]),
            (b"\x1b", &[Key::Escape]),
            (b"\x1b[A\x1bOBi", &[Key::Up, Key::Down, Key::Char('i')]),
            (b"\x1b[6~ ", &[Key::PageDown, Key::Char(' ')]),
            // F5, a mouse, an umlaut, half a sequence.
            (b"\x1b[15~t", &[Key::Char('t')]),
            (b"\x1b[<0;5;5Mn", &[Key::Char('n')]),
            ("ü\r".as_bytes(), &[]),
            (b"\x1b[1;", &[]),
        ] {
            assert_eq!(keys_of(bytes), keys, "{bytes:?}");
        }
    }
}
