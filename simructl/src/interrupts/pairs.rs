// SPDX-License-Identifier: GPL-2.0-only

//! Tables as pairs: one line per row, each column as `KEY="value"`, which a shell can read.

use std::io::{self, Write};

use crate::interrupts::columns::{Chosen, Field};
use crate::interrupts::view::{Shown, View};
use simrupt::text::is_unseen;

impl View<'_> {
    /// Writes the rows. The value of a CPU's column is `CPU:COUNT`, for each CPU.
    pub(crate) fn pairs(
        &self,
        output: &mut impl Write,
        columns: Option<&Chosen>,
    ) -> io::Result<()> {
        let fields = Chosen::fields(columns, self.kind);
        for shown in self.all_shown() {
            for (at, field) in fields.iter().enumerate() {
                let key = field.name().to_uppercase();
                let value = match field {
                    Field::Cpus => self.counts_of(&shown),
                    _ => field.text(self, &shown).unwrap_or_default(),
                };
                let gap = if at == 0 { "" } else { " " };
                write!(output, "{gap}{key}=\"{}\"", quoted(&value))?;
            }
            writeln!(output)?;
        }
        Ok(())
    }

    fn counts_of(&self, shown: &Shown<'_>) -> String {
        let cpus = self.table.cpus.iter();
        let counts = cpus.zip(
            shown
                .row
                .per_cpu()
                .into_iter()
                .flat_map(|counts| counts.iter()),
        );
        let counts: Vec<String> = counts
            .map(|(cpu, count)| format!("{cpu}:{count}"))
            .collect();
        counts.join(" ")
    }
}

/// A text between double quotes that a shell may evaluate, in one row. Characters with a meaning to the shell or to a
/// terminal are written byte by byte, as `\xHH`.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len());
    for letter in text.chars() {
        if matches!(letter, '"' | '\\' | '`' | '$') || is_unseen(letter) {
            let mut bytes = [0; 4];
            let bytes = letter.encode_utf8(&mut bytes).bytes();
            quoted.extend(bytes.map(|byte| format!("\\x{byte:02x}")));
        } else {
            quoted.push(letter);
        }
    }
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_value_ends_its_quotes_or_runs_a_command() {
        assert_eq!(quoted("eth0 \"$(id)`\\"), "eth0 \\x22\\x24(id)\\x60\\x5c");
    }

    #[test]
    fn each_byte_of_a_control_character_is_escaped_once() {
        assert_eq!(quoted("\x1b[2J\n\t"), "\\x1b[2J\\x0a\\x09");
        // Characters of two and three bytes, which printf %b restores.
        assert_eq!(quoted("\u{9b}\u{202e}é网"), "\\xc2\\x9b\\xe2\\x80\\xaeé网");
    }
}
