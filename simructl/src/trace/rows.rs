// SPDX-License-Identifier: GPL-2.0-only

//! A trace that comes in pieces, cut into rows.

use std::mem;

use crate::failure::Failure;
use crate::trace::event::Row;

/// What has come of a row of which the end is not known yet.
#[derive(Debug, Default)]
pub(crate) struct Rows(Vec<u8>);

impl Rows {
    /// Takes the next piece; returns the rows that it completes.
    pub(crate) fn take(&mut self, bytes: &[u8]) -> Result<Vec<Row>, Failure> {
        self.0.extend_from_slice(bytes);
        let Some(end) = self.0.iter().rposition(|byte| *byte == b'\n') else {
            return Ok(Vec::new());
        };
        let rest = self.0.split_off(end + 1);
        let rows = mem::replace(&mut self.0, rest);
        String::from_utf8_lossy(&rows)
            .lines()
            .map(|row| Row::parse(row).map_err(|why| odd(row, &why)))
            .collect()
    }
}

fn odd(row: &str, why: &str) -> Failure {
    Failure::new("cannot understand the trace", format!("{why}: {row}"))
        .remedy("a trace of the same version of the module")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_whole_whatever_the_pieces() {
        let text = "# a header\n# another\nCPU:1 [LOST 7 EVENTS]\n";
        for size in 1..text.len() {
            let mut rows = Rows::default();
            let mut seen = Vec::new();
            for piece in text.as_bytes().chunks(size) {
                seen.extend(rows.take(piece).unwrap());
            }
            assert_eq!(seen, [Row::Other, Row::Other, Row::Lost(7)], "{size}");
        }
    }
}
