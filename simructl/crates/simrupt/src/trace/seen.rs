// SPDX-License-Identifier: GPL-2.0-only

//! Whether a kept trace holds anything of the module, and of which lines.

use std::collections::BTreeSet;

use crate::failure::Failure;
use crate::lines::Lines;

/// The lines that a trace has hits of.
#[derive(Debug, Default)]
pub struct Seen(BTreeSet<u32>);

impl Seen {
    /// Takes a hit of a line into account.
    pub fn add(&mut self, line: u32) {
        self.0.insert(line);
    }

    /// Fails when there is nothing of the module, or nothing of the lines meant, in what is called `name`.
    ///
    /// # Errors
    ///
    /// Says what is missing, and which lines are there.
    pub fn check(&self, lines: &Lines, name: &str) -> Result<(), Failure> {
        let what = format!("cannot use the trace in {name}");
        if self.0.is_empty() {
            return Err(
                Failure::new(what, "there is nothing of the module in it").remedy(
                    "a trace that simructl trace --out FILE has kept, or trace_pipe of tracefs",
                ),
            );
        }
        if self.0.iter().any(|line| lines.contains(*line)) {
            return Ok(());
        }
        let there = Lines::Listed(self.0.iter().copied().collect());
        let noun = match lines {
            Lines::Listed(one) if one.len() == 1 => "line",
            _ => "lines",
        };
        let why = format!("there is nothing of {noun} {lines} in it");
        Err(Failure::new(what, why).remedy(format!("--line {there}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_without_the_module_or_the_line_is_told_apart() {
        let mut seen = Seen::default();
        let why = |seen: &Seen, lines| seen.check(&lines, "x").unwrap_err().to_string();
        assert!(why(&seen, Lines::All).contains("nothing of the module"));
        for line in [0, 1, 5] {
            seen.add(line);
        }
        assert_eq!(seen.check(&Lines::All, "x"), Ok(()));
        assert_eq!(seen.check(&Lines::Listed(vec![5, 9]), "x"), Ok(()));
        assert_eq!(
            why(&seen, Lines::Listed(vec![2, 3])),
            "cannot use the trace in x: there is nothing of lines 2-3 in it\n  try: --line 0-1,5"
        );
    }
}
