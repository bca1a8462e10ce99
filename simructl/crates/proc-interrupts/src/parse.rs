// SPDX-License-Identifier: GPL-2.0-only

//! The text of a table, line by line.
//!
//! A saved copy may contain more than the table: a prompt before it and after it, a title of `watch`, a byte order
//! mark. It may also be cut anywhere. Between the names of the CPUs and the last row, each line must be a row.

use crate::about::About;
use crate::counts::CpuCounts;
use crate::notice::{Notice, ParseError};
use crate::table::{Counts, Row, Table, mark_sums};

/// Causes that are counted once for all CPUs; with a single CPU their rows look like any other.
const COUNTED_ONCE: [&str; 4] = ["ERR", "Err", "MIS", "BAD"];
/// The width of `CPU0` in the header; the counts below it end where it ends.
const CPU0_WIDTH: usize = 4;

/// Takes lines, and makes a table of them.
#[derive(Debug, Default)]
pub(crate) struct Parser {
    table: Table,
    /// How many lines there were.
    line: usize,
    /// How many of them, before the header, were skipped.
    skipped_before: usize,
    /// The lines after the last row that are not rows: the first of them, and how many.
    behind: Option<(usize, usize)>,
    /// The column at which the last CPU's name begins in the header.
    last_column: Option<usize>,
    /// The counts of a row, before their number is checked.
    counts: Vec<u64>,
}

/// Why a line is not a row.
#[derive(Debug, PartialEq)]
enum Odd {
    /// The number of counts is not the number of CPUs.
    Torn,
    /// It does not look like a row.
    Foreign,
}

impl Parser {
    /// Takes a line without its newline; `is_ended` is false for a last line that has no newline.
    pub(crate) fn line(&mut self, line: &[u8], is_ended: bool) -> Result<(), ParseError> {
        self.line += 1;
        let line = match self.line {
            1 => line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line),
            _ => line,
        };
        let line = line.trim_ascii_end();
        if line.is_empty() {
            return Ok(());
        }
        if let Some(cpus) = cpus(line) {
            if !self.table.cpus.is_empty() {
                return Err(ParseError::SecondTable { line: self.line });
            }
            let name = line.iter().rposition(|byte| *byte == b'C');
            self.last_column = name.filter(|_| !line.contains(&b'\t'));
            self.table.cpus = cpus;
            return Ok(());
        }
        if self.table.cpus.is_empty() {
            self.skipped_before += 1;
            return Ok(());
        }
        match (self.row(line), self.behind, is_ended) {
            (Ok(_), Some((line, _)), _) => return Err(ParseError::NotARow { line }),
            (Ok(row), None, true) => self.table.rows.push(row),
            (Ok(row), None, false) => self.last_row(line, row),
            (Err(Odd::Torn), None, true) => return Err(ParseError::Torn { line: self.line }),
            (Err(_), None, false) => self.notice(Notice::CutRow { line: self.line }),
            (Err(_), behind, _) => {
                let (first, lines) = behind.unwrap_or((self.line, 0));
                self.behind = Some((first, lines + 1));
            }
        }
        Ok(())
    }

    /// The table of all lines.
    pub(crate) fn finish(mut self) -> Result<Table, ParseError> {
        if self.table.cpus.is_empty() {
            return Err(ParseError::NoHeader);
        }
        if self.skipped_before > 0 {
            let lines = self.skipped_before;
            self.table
                .notices
                .insert(0, Notice::SkippedBefore { lines });
        }
        if let Some((line, lines)) = self.behind {
            if self.table.rows.is_empty() {
                return Err(ParseError::NotARow { line });
            }
            self.notice(Notice::SkippedAfter { line, lines });
        }
        let is_cut = |notice: &Notice| matches!(notice, Notice::CutRow { .. });
        if self.table.rows.is_empty() && !self.table.notices.iter().any(is_cut) {
            self.notice(Notice::NoRows);
        }
        mark_sums(&mut self.table.rows);
        Ok(self.table)
    }

    fn notice(&mut self, notice: Notice) {
        self.table.notices.push(notice);
    }

    /// Takes the row in which the text ends, if its counts are complete.
    fn last_row(&mut self, text: &[u8], row: Row) {
        let line = self.line;
        // Text after the counts shows that the last count is complete.
        let has_words = row.about != About::default();
        let ends_with_0 = text.ends_with(b" 0");
        let is_aligned = match (&row.counts, self.last_column) {
            (Counts::PerCpu(_), Some(column)) => text.len() == column + CPU0_WIDTH,
            (Counts::Once(_), Some(column)) => {
                let columns = self.table.cpus.len() - 1;
                // Each column is 11 characters wide.
                text.len() + 11 * columns == column + CPU0_WIDTH
            }
            _ => false,
        };
        // If the row has another name, more counts may have been cut away.
        let can_be_once = COUNTED_ONCE.contains(&row.name.as_str());
        let is_whole = has_words
            || (ends_with_0 || is_aligned)
                && (can_be_once || matches!(row.counts, Counts::PerCpu(_)));
        if is_whole {
            self.table.rows.push(row);
            self.notice(Notice::NoFinalNewline { line });
        } else {
            self.notice(Notice::CutRow { line });
        }
    }

    fn row(&mut self, line: &[u8]) -> Result<Row, Odd> {
        let cpus = self.table.cpus.len();
        let colon = line.iter().position(|byte| *byte == b':');
        let (name, rest) = line.split_at(colon.ok_or(Odd::Foreign)?);
        let name = name_of(name).ok_or(Odd::Foreign)?;
        let rest = &rest[1..];
        let is_irq = name.bytes().all(|byte| byte.is_ascii_digit());
        let end = numbers(rest, cpus, &mut self.counts);
        let words = rest[end..].trim_ascii();
        let once = !is_irq && words.is_empty();
        let counts = match self.counts[..] {
            // `FIQ:              usb_fiq` is the only row of this kind. A prompt looks almost like it.
            [] => match !is_irq && !words.is_empty() && rest.starts_with(b"  ") {
                true => Counts::None,
                false => return Err(Odd::Foreign),
            },
            [count] if once && (cpus > 1 || COUNTED_ONCE.contains(&name)) => Counts::Once(count),
            ref counts if counts.len() == cpus && !begins_with_number(words) => {
                Counts::PerCpu(CpuCounts::from(counts))
            }
            _ => return Err(Odd::Torn),
        };
        // The kernel may print the name of a handler that is gone, which may be any bytes.
        let words = String::from_utf8_lossy(words);
        let about = match is_irq {
            true => About::of_interrupt(&words),
            false => About::described(&words),
        };
        Ok(Row {
            name: name.to_string(),
            counts,
            about,
            is_sum: false,
        })
    }
}

/// The numbers of the CPUs in a header.
fn cpus(line: &[u8]) -> Option<Vec<u32>> {
    if !line.trim_ascii_start().starts_with(b"CPU") {
        return None;
    }
    let number = |word: &str| {
        let digits = word.strip_prefix("CPU")?;
        let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| digits.parse().ok())?
    };
    let words = std::str::from_utf8(line).ok()?.split_ascii_whitespace();
    let cpus: Vec<u32> = words.map(number).collect::<Option<_>>()?;
    // Each appears once, in ascending order.
    cpus.is_sorted_by(|a, b| a < b).then_some(cpus)
}

/// The name of a row, if it can be one: `24`, `NMI`, `IPI0`, `I/O`, `NET_RX`.
fn name_of(text: &[u8]) -> Option<&str> {
    let name = std::str::from_utf8(text.trim_ascii()).ok()?;
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"_/+-.".contains(&byte);
    let begins_well = name.starts_with(|c: char| c.is_ascii_alphanumeric());
    (begins_well && name.bytes().all(is_name)).then_some(name)
}

/// Puts the numbers at the beginning of a text, at most `most`, into `numbers`; returns where they end.
fn numbers(text: &[u8], most: usize, numbers: &mut Vec<u64>) -> usize {
    numbers.clear();
    let mut end = 0;
    while numbers.len() < most {
        let mut at = end;
        while text.get(at).is_some_and(|byte| is_blank(*byte)) {
            at += 1;
        }
        let start = at;
        let mut number = Some(0_u64);
        while let Some(digit) = text.get(at).filter(|byte| byte.is_ascii_digit()) {
            let more = |number: u64| number.checked_mul(10)?.checked_add(u64::from(digit - b'0'));
            number = number.and_then(more);
            at += 1;
        }
        // A word that only begins with digits is not a number.
        let is_whole = at > start && text.get(at).is_none_or(|byte| is_blank(*byte));
        match number.filter(|_| is_whole) {
            Some(number) => numbers.push(number),
            None => break,
        }
        end = at;
    }
    end
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

fn begins_with_number(text: &[u8]) -> bool {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    digits > 0 && text.get(digits).is_none_or(|byte| is_blank(*byte))
}
