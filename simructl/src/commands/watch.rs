// SPDX-License-Identifier: GPL-2.0-only

//! `simructl stats --watch`: what each line counts, again and again, with rates.

use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};

use crate::cli::Options;
use crate::commands::stats::document;
use crate::output;
use crate::pace::{self, Pace};
use simrupt::failure::Failure;
use simrupt::files::stats::Stats;
use simrupt::line::Books;
use simrupt::module::Module;
use simrupt::sysroot::Sysroot;
use simrupt::text::columns;

const WHAT: &str = "cannot watch the stats";
/// Levels go up and down: they have no rate.
const LEVELS: [&str; 3] = ["in_ring", "queued", "pending"];

/// The books of a line and when they were read; no books when its driver is unbound.
struct Sample {
    line: u32,
    at: Instant,
    books: Option<Books>,
}

pub(crate) fn run(
    sysroot: &Sysroot,
    options: &Options,
    interval: Duration,
    count: Option<u64>,
) -> Result<(), Failure> {
    let module = Module::find(sysroot, WHAT)?;
    let lines = module.select(options.lines())?;
    let is_in_place = pace::is_in_place();
    let mut pace = Pace::new(interval);
    let mut before: Vec<Sample> = Vec::new();
    let mut taken = 0;
    while count.is_none_or(|count| taken < count) {
        pace.wait();
        let mut now = Vec::new();
        for &line in &lines {
            let at = Instant::now();
            let books = module.books(line, WHAT)?;
            now.push(Sample { line, at, books });
        }
        let text = if options.json {
            let lines = now.iter().enumerate().map(|(at, sample)| {
                let irq = module.irq(sample.line);
                let mut object = document(sample.line, irq, sample.books.as_ref());
                object["per_second"] = sample.rates_document(before.get(at));
                object
            });
            let lines: Vec<Value> = lines.collect();
            let elapsed = pace.elapsed().as_secs_f64();
            format!("{}\n", json!({ "elapsed_s": elapsed, "lines": lines }))
        } else {
            let lead = pace::lead(is_in_place, taken);
            format!("{lead}{}", table(&now, &before))
        };
        if !output::offer(text.as_bytes())? {
            break;
        }
        before = now;
        taken += 1;
    }
    Ok(())
}

/// The counters in rows; of each line the total and the rate in columns.
fn table(now: &[Sample], before: &[Sample]) -> String {
    let mut rows = vec![vec!["counter".to_string()]];
    for sample in now {
        rows[0].extend([format!("line{}", sample.line), "per_s".to_string()]);
    }
    let dash = || "-".to_string();
    let any = now.iter().find_map(|sample| sample.books.as_ref());
    for (name, _) in any.iter().flat_map(|books| books.stats.iter()) {
        let mut row = vec![name.to_string()];
        for (at, sample) in now.iter().enumerate() {
            let total = sample.stats().and_then(|stats| stats.get(name));
            let rate = sample.rate(before.get(at), name);
            row.push(total.map_or_else(dash, |total| total.to_string()));
            row.push(rate.map_or_else(dash, |rate| format!("{rate:.1}")));
        }
        rows.push(row);
    }
    columns("", &rows)
}

impl Sample {
    fn stats(&self) -> Option<&Stats> {
        self.books.as_ref().map(|books| &books.stats)
    }

    /// The rate of a counter since the sample before.
    fn rate(&self, before: Option<&Sample>, name: &str) -> Option<f64> {
        let before = before?;
        let elapsed = self.at.duration_since(before.at);
        let value = |sample: &Sample| sample.stats()?.get(name);
        per_second(name, value(before)?, value(self)?, elapsed)
    }

    fn rates_document(&self, before: Option<&Sample>) -> Value {
        let Some(stats) = self.stats() else {
            return Value::Null;
        };
        let names = stats.iter().map(|(name, _)| name);
        names
            .filter(|name| !LEVELS.contains(name))
            .map(|name| (name.to_string(), json!(self.rate(before, name))))
            .collect::<Map<_, _>>()
            .into()
    }
}

/// How fast a counter went; `None` of a level, and of a counter that was reset meanwhile.
fn per_second(name: &str, before: u64, now: u64, elapsed: Duration) -> Option<f64> {
    let more = now.checked_sub(before)?;
    pace::per_second(more, elapsed).filter(|_| !LEVELS.contains(&name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_per_second() {
        let half = Duration::from_millis(500);
        assert_eq!(per_second("events", 100, 350, half), Some(500.0));
        assert_eq!(per_second("events", 100, 100, half), Some(0.0));
        assert_eq!(
            per_second("events", 0, u64::MAX, half),
            Some(u64::MAX as f64 * 2.0)
        );
    }

    #[test]
    fn levels_and_reset_counters_have_no_rate() {
        let second = Duration::from_secs(1);
        for level in LEVELS {
            assert_eq!(per_second(level, 1, 5, second), None);
        }
        assert_eq!(per_second("events", 5, 1, second), None);
        assert_eq!(per_second("events", 1, 5, Duration::ZERO), None);
    }
}
