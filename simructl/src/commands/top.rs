// SPDX-License-Identifier: GPL-2.0-only

//! `simructl top`: watches the lines on a terminal, and turns their knobs.

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use ratatui::DefaultTerminal;
use ratatui::crossterm::event::{self, Event};

use crate::cli::{Options, Top};
use crate::output;
use crate::signals;
use crate::terminal;
use crate::top::draw::{draw, text};
use crate::top::sample::Sample;
use crate::top::state::{Action, State};
use simrupt::changes::{apply, plan, refused};
use simrupt::failure::{Failure, describe};
use simrupt::knobs::Knobs;
use simrupt::module::Module;
use simrupt::replacement::Replacement;
use simrupt::sysroot::Sysroot;

const WHAT: &str = "cannot show the lines";

pub(crate) fn run(sysroot: &Sysroot, options: &Options, how: &Top) -> Result<(), Failure> {
    let first = Sample::take(sysroot, options.lines())?;
    let mut state = State::new();
    state.take(first);
    if how.once {
        thread::sleep(how.interval);
        state.take(Sample::take(sysroot, options.lines())?);
        let text = text(&state, how.width, how.height).map_err(failed)?;
        return output::print(&text);
    }
    if terminal::size().is_none() {
        return Err(
            Failure::new(WHAT, "standard output is no terminal that knows its size")
                .remedy("simructl top --once, or simructl stats --watch"),
        );
    }
    let screen = Screen::set_up()?;
    let result = watch(sysroot, options, how.interval, &mut state, &screen);
    screen.restore();
    result
}

/// Shows the lines until a key or a signal ends it.
fn watch(
    sysroot: &Sysroot,
    options: &Options,
    interval: Duration,
    state: &mut State,
    screen: &Screen,
) -> Result<(), Failure> {
    let mut next = Instant::now() + interval;
    loop {
        screen.draw(state)?;
        let left = next.saturating_duration_since(Instant::now());
        if event::poll(left).map_err(failed)? {
            let Event::Key(key) = event::read().map_err(failed)? else {
                // Another size, which the next drawing finds out.
                continue;
            };
            match state.key(key) {
                Action::None => {}
                Action::Quit => return Ok(()),
                Action::Set { line, knob, value } => match set(sysroot, line, knob, &value) {
                    Ok([before, now]) => {
                        // The next key is about what is in force now, not when the last sample was taken.
                        state.adopt(line, knob, &now);
                        state.message = Some(format!("line{line} {knob} {before} -> {now}"));
                    }
                    Err(failure) => state.message = Some(in_a_row(&failure)),
                },
                Action::Screenshot => {
                    let outcome = keep(state);
                    state.message = Some(outcome.unwrap_or_else(|failure| in_a_row(&failure)));
                }
            }
        }
        let now = Instant::now();
        if now >= next {
            if !state.is_paused {
                match Sample::take(sysroot, options.lines()) {
                    Ok(sample) => state.take(sample),
                    Err(failure) => state.lose(in_a_row(&failure)),
                }
            }
            next = (next + interval).max(now);
        }
    }
}

/// Sets a knob of a line; returns what was in force before, and what is now.
fn set(sysroot: &Sysroot, line: u32, knob: &str, value: &str) -> Result<[String; 2], Failure> {
    let module = Module::find(sysroot, WHAT)?;
    let knobs = Knobs::of(&module)?;
    let knob = knobs.find(knob)?;
    if let Err(why) = knob.check(value) {
        return Err(refused(knob, value, &why));
    }
    let before = knobs.value(knob, line)?;
    apply(&plan(
        &knobs,
        &module,
        knob,
        &[line],
        vec![value.to_string()],
    )?)?;
    Ok([before, knobs.value(knob, line)?])
}

/// Writes what is shown to a new file in the current directory; says to which.
fn keep(state: &State) -> Result<String, Failure> {
    let (width, height) = terminal::size().unwrap_or((80, 24));
    let [width, height] = [width, height].map(|size| u16::try_from(size).unwrap_or(u16::MAX));
    let text = text(state, width, height).map_err(failed)?;
    for number in 1..1000 {
        let path = PathBuf::from(format!("simructl-top-{number}.txt"));
        if path.symlink_metadata().is_ok() {
            continue;
        }
        let kept = Replacement::begin(&path).and_then(|mut new| {
            new.write_all(text.as_bytes())?;
            new.commit_new()
        });
        match kept {
            Ok(()) => return Ok(format!("kept in {}", path.display())),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(Failure::file("write", &path, None, &error)),
        }
    }
    Err(Failure::new("cannot keep it", "there are 999 already").remedy("rm simructl-top-*.txt"))
}

fn in_a_row(failure: &Failure) -> String {
    failure.to_string().replace("\n  try: ", "; try: ")
}

fn failed(error: io::Error) -> Failure {
    Failure::new("cannot use the terminal", describe(&error))
}

/// The terminal, which is as it was before when we are done with it, whatever the reason.
struct Screen(Arc<Mutex<Option<DefaultTerminal>>>);

impl Screen {
    /// Takes the terminal. A panic gives it back (ratatui sees to that), and so does a signal, before the
    /// program ends of it.
    fn set_up() -> Result<Self, Failure> {
        let screen = Arc::new(Mutex::new(None));
        let taken = Arc::clone(&screen);
        signals::take(move |signal| {
            // Held until the end: whoever wants to draw now waits for that.
            let mut terminal = taken.lock().unwrap_or_else(PoisonError::into_inner);
            if terminal.take().is_some() {
                ratatui::restore();
            }
            signals::die_of(signal);
        })?;
        let terminal = ratatui::try_init().map_err(failed)?;
        *screen.lock().unwrap_or_else(PoisonError::into_inner) = Some(terminal);
        Ok(Self(screen))
    }

    fn draw(&self, state: &State) -> Result<(), Failure> {
        let mut terminal = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(terminal) = terminal.as_mut() {
            terminal.draw(|frame| draw(frame, state)).map_err(failed)?;
        }
        Ok(())
    }

    fn restore(&self) {
        let mut terminal = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if terminal.take().is_some() {
            ratatui::restore();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::env;
    use std::fs::File;
    use std::io::Read;
    use std::process::{Command, Stdio};

    use nix::pty::openpty;
    use nix::sys::termios::tcgetattr;

    use super::*;

    /// Tells the test that it is to panic on a terminal, rather than to look at one that does.
    const PANICS: &str = "SIMRUCTL_TEST_PANICS";

    #[test]
    fn a_panic_gives_the_terminal_back_and_is_read_there() {
        if env::var_os(PANICS).is_some() {
            let screen = Screen::set_up().unwrap_or_else(|failure| unreachable!("{failure}"));
            // As while it is drawn.
            let _drawing = screen.0.lock();
            panic!("a mistake");
        }
        let pty = openpty(None, None).unwrap();
        // Of either end: it is one terminal.
        let before = tcgetattr(&pty.master).unwrap();
        let mut master = File::from(pty.master);
        let stdio = || Stdio::from(pty.slave.try_clone().unwrap());
        let test = "commands::top::tests::a_panic_gives_the_terminal_back_and_is_read_there";
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
        // A terminal that nobody is at any more is no file that ends.
        master.read_to_end(&mut shown).unwrap_err();
        let status = child.wait().unwrap();
        let after = tcgetattr(&master).unwrap();
        let shown = String::from_utf8_lossy(&shown);
        assert!(!status.success(), "{shown}");
        let (screen, rest) = shown.split_once("\x1b[?1049l").expect("the way back");
        assert!(screen.contains("\x1b[?1049h") && !screen.contains("a mistake"));
        assert!(rest.contains("a mistake"), "{rest}");
        assert_eq!(after, before);
    }
}
