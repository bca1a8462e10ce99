// SPDX-License-Identifier: GPL-2.0-only

//! A trace that comes in pieces, cut into rows.

use std::io::{self, Read};
use std::mem;
use std::path::Path;

use crate::failure::Failure;
use crate::sysroot::{input_name, open_or_stdin};
use crate::trace::event::Row;

/// What has come of a row of which the end is not known yet.
#[derive(Debug, Default)]
pub struct Pieces(Vec<u8>);

impl Pieces {
    /// Takes the next piece; returns the rows that it completes, if it completes any.
    pub fn take(&mut self, bytes: &[u8]) -> Option<String> {
        self.0.extend_from_slice(bytes);
        let end = self.0.iter().rposition(|byte| *byte == b'\n')?;
        let rest = self.0.split_off(end + 1);
        let rows = mem::replace(&mut self.0, rest);
        Some(String::from_utf8_lossy(&rows).into_owned())
    }
}

/// The module's rows of a trace.
#[derive(Debug, Default)]
pub struct Rows(Pieces);

impl Rows {
    /// Takes the next piece; returns the rows that it completes.
    pub fn take(&mut self, bytes: &[u8]) -> Result<Vec<Row>, Failure> {
        let rows = self.0.take(bytes).unwrap_or_default();
        rows.lines()
            .map(|row| Row::parse(row).map_err(|why| odd(row, &why)))
            .collect()
    }
}

fn odd(row: &str, why: &str) -> Failure {
    Failure::new("cannot understand the trace", format!("{why}: {row}"))
        .remedy("a trace of the same version of the module")
}

/// Hands the trace that a file holds (`-` is standard input) to `take`, piece by piece, as long as it wants more.
pub fn saved(
    path: &Path,
    mut take: impl FnMut(&[u8]) -> Result<bool, Failure>,
) -> Result<(), Failure> {
    let name = input_name(path);
    let failed = |error: io::Error| Failure::file("read", Path::new(&name), None, &error);
    let mut file = open_or_stdin(path).map_err(failed)?;
    let mut bytes = vec![0; 64 * 1024];
    loop {
        let wants_more = match file.read(&mut bytes) {
            // The last row may lack its end.
            Ok(0) => return take(b"\n").map(|_| ()),
            Ok(count) => take(&bytes[..count])?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => true,
            Err(error) => return Err(failed(error)),
        };
        if !wants_more {
            return Ok(());
        }
    }
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
