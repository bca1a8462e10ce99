// SPDX-License-Identifier: GPL-2.0-only

//! `simructl top`: watches the lines on a terminal, and changes their knobs.

use std::io::{self, Write};
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use crate::cli::{Options, Top};
use crate::output;
use crate::pace::Pace;
use crate::screen::{self, Input, Screen, unusable};
use crate::terminal;
use crate::top::draw::{draw, text};
use crate::top::sample::Sample;
use crate::top::state::{Action, State};
use simrupt::changes::{apply, plan, refused};
use simrupt::failure::Failure;
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
    if !screen::is_terminal() {
        return Err(Failure::new(WHAT, "standard output is not a terminal")
            .remedy("simructl top --once, or simructl stats --watch"));
    }
    let screen = Screen::take(WHAT, true)?;
    watch(sysroot, options, how.interval, &mut state, &screen)
}

/// Shows the lines until a key or a signal ends it.
fn watch(
    sysroot: &Sysroot,
    options: &Options,
    interval: Duration,
    state: &mut State,
    screen: &Screen,
) -> Result<(), Failure> {
    let mut pace = Pace::new(interval);
    pace.pass();
    loop {
        screen.draw(|frame| draw(frame, state)).map_err(failed)?;
        if let Input::Key(key) = screen.next(pace.due()).map_err(failed)? {
            match state.key(key) {
                Action::None => {}
                Action::Quit => return Ok(()),
                Action::Set { line, knob, value } => match set(sysroot, line, knob, &value) {
                    Ok([before, now]) => {
                        // The next key acts on the values in force now, not on those of the last sample.
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
        if Instant::now() >= pace.due() {
            if !state.is_paused {
                match Sample::take(sysroot, options.lines()) {
                    Ok(sample) => state.take(sample),
                    Err(failure) => state.lose(in_a_row(&failure)),
                }
            }
            pace.pass();
        }
    }
}

/// Sets a knob of a line; returns the old and the new value.
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

/// Writes the screen to a new file in the current directory; returns a message with its name.
fn keep(state: &State) -> Result<String, Failure> {
    let (width, height) = terminal::size_or_default();
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
    Err(
        Failure::new("cannot save the screen", "all 999 file names are taken")
            .remedy("rm simructl-top-*.txt"),
    )
}

fn in_a_row(failure: &Failure) -> String {
    failure.to_string().replace("\n  try: ", "; try: ")
}

fn failed(error: io::Error) -> Failure {
    unusable(WHAT, &error)
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

    /// Makes the child process of the test panic on a terminal.
    const PANICS: &str = "SIMRUCTL_TEST_PANICS";

    #[test]
    fn a_panic_gives_the_terminal_back_and_is_read_there() {
        if env::var_os(PANICS).is_some() {
            let screen = Screen::take(WHAT, true).unwrap();
            let _ = screen.draw(|_| panic!("a mistake"));
        }
        let pty = openpty(None, None).unwrap();
        // Both ends are the same terminal.
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
        // A terminal without a user gives an error, not an end of file.
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
