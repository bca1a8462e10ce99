// SPDX-License-Identifier: GPL-2.0-only

//! A screen of our own on the terminal, for views that are updated in place: the alternate screen, with keys read one
//! by one. The terminal is restored on every way out (the end, an error, a signal, a panic), and while the program is
//! stopped (Ctrl-Z).
//!
//! All drawing goes through [`Screen::draw`], all waiting through [`Screen::next`].

use std::env;
use std::io::{self, IsTerminal, Stdout};
use std::mem;
use std::panic;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use ratatui::backend::CrosstermBackend;
use ratatui::buffer::Buffer;
use ratatui::crossterm::cursor::{Hide, MoveTo, Show};
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use ratatui::crossterm::execute;
use ratatui::crossterm::terminal::{
    Clear, ClearType, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::Paragraph;
use ratatui::{Frame, Terminal, TerminalOptions, Viewport};

use crate::signals;
use crate::terminal;
use simrupt::failure::{Failure, describe};

/// The signals that end the program, and those that stop it and let it go on.
const SIGNALS: [Signal; 6] = [
    Signal::SIGINT,
    Signal::SIGTERM,
    Signal::SIGHUP,
    Signal::SIGQUIT,
    Signal::SIGTSTP,
    Signal::SIGCONT,
];

/// How long to wait for keys at a time. When a stopped program goes on, nothing wakes a thread that waits for keys.
const SLICE: Duration = Duration::from_millis(100);
/// The shortest time to wait for keys: with a wait of 0, pending keys are not seen.
const INSTANT: Duration = Duration::from_millis(1);

/// The screen. Dropping it gives the terminal back.
#[derive(Debug)]
pub(crate) struct Screen {
    shared: Arc<Shared>,
    /// Whether keys are read. They are not if standard input is something else than the terminal.
    has_keys: bool,
}

/// The outcome of a wait.
#[derive(Debug, PartialEq)]
pub(crate) enum Input {
    /// A key was pressed.
    Key(KeyEvent),
    /// Everything must be drawn again: the size has changed, or the program was stopped.
    Redraw,
    /// The time is over.
    Due,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    /// `None` after the terminal was restored for good.
    canvas: Option<Terminal<CrosstermBackend<Stdout>>>,
    area: Rect,
    needs_keys: bool,
    /// Whether the program was stopped since the last drawing.
    is_stale: bool,
    /// Whether the view ends itself on a signal, and that signal.
    ends_itself: bool,
    ending: Option<Signal>,
}

impl Screen {
    /// Takes the terminal on standard output; `what` describes the view in errors. Without a terminal to read from
    /// there are no keys, which is an error if the view needs them.
    pub(crate) fn take(what: &str, needs_keys: bool) -> Result<Self, Failure> {
        let failed = |error: io::Error| unusable(what, &error);
        let shared = Arc::new(Shared {
            state: Mutex::new(State {
                canvas: None,
                area: Rect::ZERO,
                needs_keys,
                is_stale: false,
                ends_itself: false,
                ending: None,
            }),
            changed: Condvar::new(),
        });
        let taken = Arc::clone(&shared);
        signals::take(&SIGNALS, move |signal| taken.signal(signal))?;
        give_back_on_panic();
        let has_keys = enter(needs_keys).map_err(failed)?;
        let area = area();
        let options = TerminalOptions {
            viewport: Viewport::Fixed(area),
        };
        let canvas = Terminal::with_options(CrosstermBackend::new(io::stdout()), options);
        let mut state = shared.lock();
        match canvas {
            Ok(canvas) => state.canvas = Some(canvas),
            Err(error) => {
                leave();
                return Err(failed(error));
            }
        }
        state.area = area;
        drop(state);
        Ok(Self { shared, has_keys })
    }

    /// Draws everything.
    pub(crate) fn draw(&self, render: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        let mut state = self.shared.lock();
        let State {
            canvas: Some(canvas),
            area: known,
            is_stale,
            ..
        } = &mut *state
        else {
            return Ok(());
        };
        let now = area();
        if mem::take(is_stale) || *known != now {
            execute!(io::stdout(), Clear(ClearType::All))?;
            // The next drawing must be complete.
            canvas.resize(now)?;
            *known = now;
        }
        canvas
            .draw(|frame| {
                render(frame);
                clean(frame.buffer_mut());
            })
            .map(|_| ())
    }

    /// Draws the lines that `lines` makes for the given number of columns and rows.
    pub(crate) fn draw_lines(
        &self,
        lines: impl FnOnce(usize, usize) -> Vec<String>,
    ) -> io::Result<()> {
        self.draw(|frame| {
            let area = frame.area();
            let lines = lines(area.width.into(), area.height.into());
            let lines: Vec<Line<'_>> = lines.into_iter().map(Line::raw).collect();
            frame.render_widget(Paragraph::new(lines), area);
        })
    }

    /// Makes the view itself check for signals, by [`ending`](Self::ending), if it has to clean up first.
    pub(crate) fn end_by_itself(&self) {
        self.shared.lock().ends_itself = true;
    }

    /// The signal that is to end the view, if one came. The terminal is already restored.
    pub(crate) fn ending(&self) -> Option<Signal> {
        self.shared.lock().ending
    }

    /// Whether keys are read.
    pub(crate) fn has_keys(&self) -> bool {
        self.has_keys
    }

    /// Waits for a key, at most until this moment.
    pub(crate) fn next(&self, until: Instant) -> io::Result<Input> {
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if !self.has_keys {
                return Ok(self.shared.wait(left));
            }
            if !event::poll(left.clamp(INSTANT, SLICE))? {
                match (self.shared.lock().is_stale, left > SLICE) {
                    (true, _) => return Ok(Input::Redraw),
                    (false, true) => continue,
                    (false, false) => return Ok(Input::Due),
                }
            }
            match event::read()? {
                Event::Key(key) if key.kind == KeyEventKind::Release => {}
                Event::Key(key) if is_stop(key) => stop_all()?,
                Event::Key(key) => return Ok(Input::Key(key)),
                Event::Resize(..) => return Ok(Input::Redraw),
                _ => {}
            }
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.shared.give_back();
    }
}

impl State {
    /// Restores the terminal for good.
    fn give_back(&mut self) {
        if let Some(canvas) = self.canvas.take() {
            leave();
            // Dropping it would show the cursor again, and would panic if there is no terminal left for its error
            // message.
            mem::forget(canvas);
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Without keys: waits for a moment, or until everything must be drawn again.
    fn wait(&self, left: Duration) -> Input {
        let state = self.lock();
        let waited = self
            .changed
            .wait_timeout_while(state, left, |state| !state.is_stale);
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        match state.is_stale {
            true => Input::Redraw,
            false => Input::Due,
        }
    }

    /// Restores the terminal for good.
    fn give_back(&self) {
        self.lock().give_back();
    }

    /// Acts on a signal, on a thread of its own.
    fn signal(&self, signal: Signal) {
        // Held until the end, so that no drawing happens in between.
        let mut state = self.lock();
        let is_ours = state.canvas.is_some();
        match signal {
            Signal::SIGTSTP => {
                if is_ours {
                    leave();
                }
                signals::stop_of(signal);
                self.resume(&mut state);
            }
            // The shell may have used the terminal in the meantime.
            Signal::SIGCONT => self.resume(&mut state),
            signal => {
                state.give_back();
                if !state.ends_itself {
                    signals::die_of(signal);
                }
                state.ending = Some(signal);
                state.is_stale = true;
                self.changed.notify_all();
            }
        }
    }

    /// Takes the terminal again.
    fn resume(&self, state: &mut State) {
        if state.canvas.is_none() {
            return;
        }
        // If this fails, drawing and reading report it.
        let _ = disable_raw_mode();
        let _ = enter(state.needs_keys);
        state.is_stale = true;
        self.changed.notify_all();
    }
}

/// Whether the terminal shows the screen. Leaving it twice would move the cursor of another program.
static IS_SHOWN: AtomicBool = AtomicBool::new(false);

/// Takes the terminal; returns whether keys are read.
fn enter(needs_keys: bool) -> io::Result<bool> {
    let raw = enable_raw_mode();
    if needs_keys && raw.is_err() {
        return raw.map(|()| false);
    }
    let mut stdout = io::stdout();
    let entered = match IS_SHOWN.swap(true, SeqCst) {
        true => Ok(()),
        false => execute!(stdout, EnterAlternateScreen),
    };
    let cleared =
        entered.and_then(|()| execute!(stdout, Hide, Clear(ClearType::All), MoveTo(0, 0)));
    if cleared.is_err() {
        leave();
    }
    cleared.map(|()| raw.is_ok())
}

/// Restores the terminal, as far as possible.
fn leave() {
    if IS_SHOWN.swap(false, SeqCst) {
        let _ = execute!(io::stdout(), LeaveAlternateScreen, Show);
        let _ = disable_raw_mode();
    }
}

/// Makes a panic restore the terminal before its message is printed.
fn give_back_on_panic() {
    let tell = panic::take_hook();
    panic::set_hook(Box::new(move |mistake| {
        leave();
        tell(mistake);
    }));
}

/// Replaces characters that would control the terminal: a text may come from a file.
pub(crate) fn clean(buffer: &mut Buffer) {
    for cell in &mut buffer.content {
        if cell.symbol().contains(char::is_control) {
            cell.set_char(char::REPLACEMENT_CHARACTER);
        }
    }
}

/// Stops all processes in the foreground, as the terminal itself would do.
fn stop_all() -> io::Result<()> {
    match signals::is_ignored(Signal::SIGTSTP) {
        true => Ok(()),
        false => Ok(kill(Pid::from_raw(0), Signal::SIGTSTP)?),
    }
}

fn is_stop(key: KeyEvent) -> bool {
    key.modifiers.contains(KeyModifiers::CONTROL) && key.code == KeyCode::Char('z')
}

/// The most columns and rows that are drawn. A terminal may report any size, and each cell takes memory.
const MOST: u16 = 1000;

/// The whole terminal.
fn area() -> Rect {
    let (width, height) = terminal::size_or_default();
    let [width, height] = [width, height].map(|size| u16::try_from(size).unwrap_or(MOST).min(MOST));
    Rect::new(0, 0, width, height)
}

/// Whether standard output is a terminal that can show samples in place.
pub(crate) fn is_terminal() -> bool {
    let is_dumb = env::var_os("TERM").is_some_and(|term| term == "dumb");
    io::stdout().is_terminal() && !is_dumb
}

/// Whether the key ends a view.
pub(crate) fn is_end(key: KeyEvent) -> bool {
    match key.code {
        KeyCode::Char('c') => key.modifiers.contains(KeyModifiers::CONTROL),
        KeyCode::Char('q') | KeyCode::Esc => true,
        _ => false,
    }
}

/// The failure for a terminal that cannot be used.
pub(crate) fn unusable(what: &str, error: &io::Error) -> Failure {
    Failure::new(
        what,
        format!("the terminal cannot be used: {}", describe(error)),
    )
}
