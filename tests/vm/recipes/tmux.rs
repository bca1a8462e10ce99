// SPDX-License-Identifier: GPL-2.0-only

//! simructl top in a common environment: in a shell, in tmux.

use simrupt_vm_tests::{Simrupt, within_20_s};
use std::process::Command;

/// The prompt of the shell.
const PROMPT: &str = "ready>";

/// A tmux server with one session, a shell in it; ended when dropped.
struct Tmux;

impl Tmux {
    fn start(columns: u16, rows: u16) -> Self {
        let (columns, rows) = (columns.to_string(), rows.to_string());
        let shell = format!("PS1='{PROMPT} ' exec sh");
        Self::run(&["new-session", "-d", "-x", &columns, "-y", &rows, &shell]);
        let tmux = Self;
        tmux.shows(PROMPT);
        tmux
    }

    /// The output of a tmux command.
    fn run(args: &[&str]) -> String {
        let output = Command::new("tmux").arg("-u").args(args).output().unwrap();
        assert!(output.status.success(), "tmux {args:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Presses these keys, by tmux's names of them.
    fn press(&self, keys: &[&str]) {
        Self::run(&[&["send-keys"], keys].concat());
    }

    fn resize(&self, columns: u16, rows: u16) {
        let (columns, rows) = (columns.to_string(), rows.to_string());
        Self::run(&["resize-window", "-x", &columns, "-y", &rows]);
    }

    fn screen(&self) -> String {
        Self::run(&["capture-pane", "-p"])
    }

    fn waits_until(&self, what: &str, condition: impl Fn(&str) -> bool) {
        within_20_s(what, || Ok(condition(&self.screen())))
            .unwrap_or_else(|why| panic!("{why}\n{}", self.screen()));
    }

    /// Waits until this is on the screen.
    fn shows(&self, what: &str) {
        self.waits_until(what, |screen| screen.contains(what));
    }
}

impl Drop for Tmux {
    fn drop(&mut self) {
        // After a failed test it may not exist.
        let _ = Command::new("tmux").arg("kill-server").status();
    }
}

#[test]
fn top_is_at_home_in_tmux() {
    let module = Simrupt::load("lines=2 rate_hz=1000 run=always workqueue=bound");
    let tmux = Tmux::start(80, 24);
    tmux.press(&["echo before", "Enter"]);
    tmux.press(&["simructl top --interval 0.2", "Enter"]);
    tmux.shows("2 lines");
    tmux.shows("q quit");
    assert!(!tmux.screen().contains(PROMPT), "{}", tmux.screen());
    tmux.press(&["+"]);
    tmux.shows("rate_hz 1000 -> 2000");
    assert_eq!(module.line(0).get("rate_hz"), "2000");
    tmux.press(&["Down", "w"]);
    tmux.shows("line1 workqueue bound -> unbound");
    assert_eq!(module.line(1).get("workqueue"), "unbound");
    tmux.resize(40, 10);
    tmux.waits_until("it is narrow", |screen| {
        !screen.contains("lost/s  ") && screen.contains("p99")
    });
    tmux.resize(80, 24);
    tmux.shows("bottom_half");
    tmux.press(&["q"]);
    // The earlier screen is back, and the shell gets the typed keys.
    tmux.shows("echo before");
    tmux.press(&["echo after", "Enter"]);
    tmux.shows("\nafter");
}
