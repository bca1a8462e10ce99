// SPDX-License-Identifier: GPL-2.0-only

//! Arrival times in a file: recorded from any interrupt, and replayed by a line of the module.
//!
//! The file is text. Its first row is `# simrupt arrivals 1`; rows `# key: value` describe the recording. Each other
//! row is a number: the nanoseconds from the previous arrival to this one. The first number counts from the beginning
//! of the recording. A text without the header is also read, so any tool can make one.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;

use simrupt_core::gaps::{MAX_GAP_NS, MAX_GAPS, Objection, Parser};

use crate::failure::Failure;
use crate::sysroot::{input_name, open_or_stdin};
use crate::text::{in_one_row, word};

/// The first row, without the version.
const TITLE: &str = "# simrupt arrivals ";
/// The version that is written, and the only one that is read.
const VERSION: &str = "1";
/// The key of the number of arrivals, by which a file that was cut is recognized.
const COUNT: &str = "arrivals";
/// The key of the number of arrivals that the kernel could not record.
const LOST: &str = "lost";
/// The most bytes of a row that are kept, to show it or to find a key in it.
const MOST_KEPT: usize = 200;

/// Arrival times, and their origin.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Arrivals {
    /// The rows `# key: value` of the header, except the number of arrivals.
    pub about: Vec<(String, String)>,
    /// Nanoseconds from each arrival to the next; the first counts from the beginning of the recording. At most
    /// [`MAX_GAPS`] of at most [`MAX_GAP_NS`].
    pub gaps_ns: Vec<u64>,
}

impl Arrivals {
    /// Arrivals at these times in ascending order, in nanoseconds; the recording began at `start_ns`. A time before its
    /// predecessor counts as equal to it.
    pub fn at(start_ns: u64, times_ns: impl IntoIterator<Item = u64>) -> Self {
        let mut last_ns = start_ns;
        let gaps = times_ns.into_iter().take(MAX_GAPS).map(|ns| {
            let gap_ns = ns.saturating_sub(last_ns).min(MAX_GAP_NS);
            last_ns = last_ns.max(ns);
            gap_ns
        });
        Self {
            about: Vec::new(),
            gaps_ns: gaps.collect(),
        }
    }

    /// Reads a file; `-` is standard input.
    ///
    /// # Errors
    ///
    /// Names the row and its content. A text without any arrival is refused, and so is one that was cut.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let name = input_name(path);
        let failed = |error: io::Error| Failure::file("read", Path::new(&name), None, &error);
        let source = open_or_stdin(path).map_err(failed)?;
        Self::parse(BufReader::new(source), &name)
    }

    /// Reads a text; `name` is used in errors.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    pub fn parse(mut source: impl BufRead, name: &str) -> Result<Self, Failure> {
        let failed = |error: io::Error| Failure::file("read", Path::new(name), None, &error);
        let mut this = Self::default();
        let mut count = None;
        let mut parser = Parser::new();
        let mut is_begun = false;
        loop {
            let mut row = Vec::new();
            let most = MOST_KEPT as u64;
            let got = source.by_ref().take(most).read_until(b'\n', &mut row);
            if got.map_err(failed)? == 0 {
                break;
            }
            this.take(&mut parser, &row)
                .map_err(|why| refused(name, parser.row(), &row, why))?;
            // A row counts as one of the header only if it is read from its beginning.
            let is_rest = std::mem::replace(&mut is_begun, !row.ends_with(b"\n"));
            let is_cut = is_begun && row.len() == MOST_KEPT;
            if this.gaps_ns.is_empty() && !is_rest && !is_cut {
                let row_number = parser.row() - u64::from(row.ends_with(b"\n"));
                if let Some(found) = this.head(&row, name, row_number)? {
                    count = Some(found);
                }
            }
        }
        this.gaps_ns.extend(parser.end());
        let what = || format!("cannot use {name} as arrivals");
        match (this.gaps_ns.len(), count) {
            (0, _) => Err(Failure::new(what(), "it has no arrivals")
                .remedy("simructl record, or a gap in nanoseconds on each row")),
            (found, Some(count)) if found != count => {
                let why =
                    format!("it has {found} arrivals, and its header says {count}: it was cut");
                Err(Failure::new(what(), why).remedy("the whole file, or one without that header"))
            }
            _ => Ok(this),
        }
    }

    fn take(&mut self, parser: &mut Parser, row: &[u8]) -> Result<(), Objection> {
        parser.take(row, |gap_ns| {
            self.gaps_ns.push(gap_ns);
            Ok(())
        })
    }

    /// Takes a row of the header, if it is one. Returns the number of arrivals in it, if it has one.
    fn head(&mut self, row: &[u8], name: &str, number: u64) -> Result<Option<usize>, Failure> {
        let row = String::from_utf8_lossy(row);
        let row = row.trim_end();
        if let Some(version) = row.strip_prefix(TITLE).filter(|_| number == 1) {
            return match version == VERSION {
                true => Ok(None),
                false => {
                    let why = format!(
                        "it has version {} of the format, and this program reads {VERSION}",
                        word(&in_one_row(version))
                    );
                    Err(Failure::new(format!("{name}:1"), why).remedy("a newer simructl"))
                }
            };
        }
        let pair = row.strip_prefix("# ").and_then(|row| row.split_once(": "));
        let Some((key, value)) = pair else {
            return Ok(None);
        };
        if key != COUNT {
            self.about.push((key.to_string(), value.to_string()));
            return Ok(None);
        }
        match value.parse() {
            Ok(count) => Ok(Some(count)),
            Err(_) => {
                let why = format!("{} is not a number of arrivals", word(&in_one_row(value)));
                Err(Failure::new(format!("{name}:{number}"), why)
                    .remedy("the number of rows below, or remove that row from the header"))
            }
        }
    }

    /// Writes the file.
    pub fn write(&self, to: &mut dyn Write) -> io::Result<()> {
        writeln!(to, "{TITLE}{VERSION}")?;
        for (key, value) in &self.about {
            writeln!(to, "# {}: {}", in_one_row(key), in_one_row(value))?;
        }
        writeln!(to, "# {COUNT}: {}", self.gaps_ns.len())?;
        write_gaps(&self.gaps_ns, to)
    }

    /// Adds a row to the header.
    pub fn say(&mut self, key: &str, value: impl Into<String>) {
        self.about.push((key.to_string(), value.into()));
    }

    /// Notes in the header that the kernel could not record this many arrivals.
    pub fn say_lost(&mut self, count: u64) {
        self.say(LOST, count.to_string());
    }

    /// The number of lost arrivals in the header.
    pub fn lost(&self) -> u64 {
        let mut about = self.about.iter();
        let lost = about.find(|(key, _)| key == LOST);
        lost.and_then(|(_, value)| value.parse().ok()).unwrap_or(0)
    }

    /// The time from the beginning to the last arrival, in nanoseconds.
    pub fn length_ns(&self) -> u64 {
        self.gaps_ns
            .iter()
            .fold(0, |sum, gap| sum.saturating_add(*gap))
    }

    /// The mean number of arrivals per second; `None` if no time passes.
    pub fn mean_hz(&self) -> Option<f64> {
        let length_ns = self.length_ns();
        (length_ns > 0).then(|| self.gaps_ns.len() as f64 * 1e9 / length_ns as f64)
    }

    /// The same arrivals, `speed` times as fast. Each time, not each gap, is rounded to a nanosecond, so that errors do
    /// not add up. Speed 1 changes nothing.
    ///
    /// # Errors
    ///
    /// A gap would become longer than [`MAX_GAP_NS`].
    pub fn sped_up(mut self, speed: f64) -> Result<Self, Failure> {
        if speed == 1.0 {
            return Ok(self);
        }
        let (mut time_ns, mut last_ns) = (0_u64, 0_u64);
        for gap in &mut self.gaps_ns {
            time_ns = time_ns.saturating_add(*gap);
            // The conversion saturates.
            let scaled_ns = (time_ns as f64 / speed).round() as u64;
            let scaled_gap = scaled_ns.saturating_sub(last_ns);
            if scaled_gap > MAX_GAP_NS {
                let what = format!("cannot replay at speed {speed}");
                let why = format!("a gap of {gap} ns would be longer than a day");
                return Err(Failure::new(what, why).remedy("a higher speed"));
            }
            (*gap, last_ns) = (scaled_gap, scaled_ns);
        }
        Ok(self)
    }
}

/// Writes gaps as rows.
pub fn write_gaps(gaps_ns: &[u64], to: &mut dyn Write) -> io::Result<()> {
    gaps_ns.iter().try_for_each(|gap| writeln!(to, "{gap}"))
}

/// Why a row is refused.
fn refused(name: &str, number: u64, row: &[u8], why: Objection) -> Failure {
    let text = String::from_utf8_lossy(row);
    let text = text.split('#').next().unwrap_or_default().trim();
    let shown: String = text.chars().take(40).collect();
    let shown = word(&in_one_row(&shown)).into_owned();
    let (why, remedy) = match why {
        Objection::NotANumber => (
            format!("{shown} is not a whole number of nanoseconds"),
            "one gap on each row; a # begins a comment".to_string(),
        ),
        Objection::OutOfRange => (
            format!("{shown} ns is more than a day"),
            format!("the gaps between arrivals, not their times: 0..{MAX_GAP_NS}"),
        ),
        Objection::TooMany => (
            format!("there are more than {MAX_GAPS} arrivals"),
            format!("head -n {}", number.saturating_sub(1)),
        ),
    };
    Failure::new(format!("{name}:{number}"), why).remedy(remedy)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::fs;

    const GOOD: &str =
        "# simrupt arrivals 1\n# source: irq 26 (eth0)\n# arrivals: 3\n1000\n0\n250\n";

    fn parse(text: &[u8]) -> Result<Arrivals, String> {
        Arrivals::parse(text, "x").map_err(|failure| failure.to_string())
    }

    #[test]
    fn a_file_is_read_as_it_was_written() {
        let arrivals = parse(GOOD.as_bytes()).unwrap();
        assert_eq!(arrivals.gaps_ns, [1000, 0, 250]);
        let source = ("source".to_string(), "irq 26 (eth0)".to_string());
        assert_eq!(arrivals.about, [source]);
        assert_eq!((arrivals.length_ns(), arrivals.lost()), (1250, 0));
        let mut written = Vec::new();
        arrivals.write(&mut written).unwrap();
        assert_eq!(String::from_utf8(written).unwrap(), GOOD);
    }

    #[test]
    fn a_list_of_numbers_will_do() {
        let arrivals = parse(b"5\r\n\r\n6 # six\r\n7").unwrap();
        assert_eq!(arrivals.gaps_ns, [5, 6, 7]);
        assert_eq!(arrivals.about, []);
    }

    #[test]
    fn a_fault_names_its_row_and_the_remedy() {
        for (text, why) in [
            (
                "",
                "cannot use x as arrivals: it has no arrivals\n  try: simructl record",
            ),
            ("# simrupt arrivals 1\n", "it has no arrivals"),
            (
                "1\n-5\n",
                "x:2: -5 is not a whole number of nanoseconds\n  try: one gap on each row",
            ),
            ("# a\n\n0.5 # half\n", "x:3: 0.5 is not a whole number"),
            ("1\n\x1b[2J\n", "x:2: \\u001b[2J is not a whole number"),
            ("1 2", "x:1: '1 2' is not a whole number"),
            (
                "1732860000000000000\n",
                "x:1: 1732860000000000000 ns is more than a day\n  try: the gaps between arrivals",
            ),
            (
                "# simrupt arrivals 2\n1\n",
                "x:1: it has version 2 of the format, and this program reads 1",
            ),
            (
                "# simrupt arrivals 1\n# arrivals: 3\n1\n2\n",
                "it has 2 arrivals, and its header says 3: it was cut",
            ),
            (
                "# a\n# arrivals: many\n1",
                "x:2: many is not a number of arrivals",
            ),
        ] {
            let told = parse(text.as_bytes()).unwrap_err();
            assert!(told.contains(why), "{text:?}: {told}");
        }
        let most = "7\n".repeat(MAX_GAPS);
        assert_eq!(parse(most.as_bytes()).unwrap().gaps_ns.len(), MAX_GAPS);
        let told = parse(format!("{most}8\n").as_bytes()).unwrap_err();
        let expected = "x:1048577: there are more than 1048576 arrivals\n  try: head -n 1048576";
        assert_eq!(told, expected);
    }

    #[test]
    fn a_long_comment_is_one_comment() {
        let text = format!("# {}: 1\n5\n{}\n6\n", "x".repeat(5000), " ".repeat(5000));
        assert_eq!(parse(text.as_bytes()).unwrap().gaps_ns, [5, 6]);
    }

    #[test]
    fn other_encodings_are_named_and_a_byte_order_mark_is_skipped() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("arrivals");
        let read = |bytes: &[u8]| {
            fs::write(&path, bytes).unwrap();
            Arrivals::read(&path).map_err(|failure| failure.to_string())
        };
        let marked = [b"\xef\xbb\xbf".as_slice(), GOOD.as_bytes()].concat();
        assert_eq!(read(&marked), parse(GOOD.as_bytes()));
        for (bytes, name) in [
            (b"\x1f\x8b\x08\0\0\0\0\0".as_slice(), "gzip"),
            (b"\xff\xfe1\0\n\0", "UTF-16"),
        ] {
            let told = read(bytes).unwrap_err();
            assert!(told.contains(name) && told.contains("convert it"), "{told}");
        }
    }

    #[test]
    fn times_become_gaps() {
        let arrivals = Arrivals::at(100, [150, 150, 140, 400]);
        assert_eq!(arrivals.gaps_ns, [50, 0, 0, 250]);
        // An event from before the beginning of the recording.
        assert_eq!(Arrivals::at(100, [90, 110]).gaps_ns, [0, 10]);
    }

    #[test]
    fn a_speed_rounds_times_and_not_gaps() {
        let arrivals = Arrivals {
            gaps_ns: vec![1; 9],
            ..Arrivals::default()
        };
        let thrice = arrivals.clone().sped_up(3.0).unwrap();
        assert_eq!(thrice.gaps_ns, [0, 1, 0, 0, 1, 0, 0, 1, 0]);
        assert_eq!(thrice.length_ns(), 3);
        assert_eq!(arrivals.clone().sped_up(1.0).unwrap(), arrivals);
        let slow = arrivals.clone().sped_up(0.5).unwrap();
        assert_eq!(slow.gaps_ns, vec![2; 9]);
        let why = arrivals.sped_up(1e-15).unwrap_err().to_string();
        assert!(why.contains("longer than a day"), "{why}");
    }

    #[test]
    fn losses_are_in_the_header() {
        let mut arrivals = parse(b"1\n2\n").unwrap();
        arrivals.say_lost(12);
        let mut written = Vec::new();
        arrivals.write(&mut written).unwrap();
        assert_eq!(parse(&written).unwrap().lost(), 12);
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(bytes in damaged_text::bytes(&[GOOD, "1\n2\n"])) {
            if let Ok(arrivals) = parse(&bytes) {
                prop_assert!(!arrivals.gaps_ns.is_empty());
                let mut written = Vec::new();
                arrivals.write(&mut written).unwrap();
                prop_assert_eq!(parse(&written).unwrap().gaps_ns, arrivals.gaps_ns);
            }
        }

        #[test]
        fn no_speed_makes_times_go_back(
            gaps in proptest::collection::vec(0..=MAX_GAP_NS, 1..50),
            speed in 1e-6..1e9_f64,
        ) {
            let arrivals = Arrivals { gaps_ns: gaps, ..Arrivals::default() };
            let expected = arrivals.length_ns() as f64 / speed;
            if let Ok(scaled) = arrivals.sped_up(speed) {
                let length = scaled.length_ns() as f64;
                prop_assert!((length - expected).abs() <= 1.0 + expected * 1e-9, "{length} {expected}");
            }
        }
    }
}
