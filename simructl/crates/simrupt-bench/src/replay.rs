// SPDX-License-Identifier: GPL-2.0-only

//! A file of arrivals that lines repeat in a loop during a measurement.

use std::io::{self, BufReader, Read};
use std::path::Path;

use sha2::{Digest, Sha256};
use simrupt::arrivals::{Arrivals, write_gaps};
use simrupt::failure::Failure;
use simrupt::sysroot::{input_name, open_or_stdin};

use crate::job::RATES_HZ;
use crate::results;

/// The arrivals of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Replay {
    name: String,
    sha256: String,
    gaps_ns: Vec<u64>,
    lost: u64,
    mean_hz: f64,
}

impl Replay {
    /// Reads a file; `-` is standard input.
    ///
    /// # Errors
    ///
    /// It has no arrivals, or too many of them per second.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let name = input_name(path);
        let source = open_or_stdin(path)
            .map_err(|error| Failure::file("read", Path::new(&name), None, &error))?;
        Self::parse(source, name)
    }

    fn parse(source: impl Read, name: String) -> Result<Self, Failure> {
        let mut source = Digested {
            source,
            digest: Sha256::new(),
        };
        let arrivals = Arrivals::parse(BufReader::new(&mut source), &name)?;
        let mean_hz = arrivals.mean_hz().unwrap_or(f64::INFINITY);
        let most_hz = *RATES_HZ.end();
        if mean_hz > most_hz as f64 {
            let what = format!("cannot replay {name} in a loop");
            let why = format!("its arrivals come more than {most_hz} times per second");
            return Err(Failure::new(what, why).remedy("a file with longer gaps"));
        }
        let digest = source.digest.finalize();
        let digits: Vec<String> = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Self {
            sha256: digits.concat(),
            lost: arrivals.lost(),
            gaps_ns: arrivals.gaps_ns,
            mean_hz,
            name,
        })
    }

    /// The mean rate, in whole events per second.
    pub fn rate_hz(&self) -> u64 {
        let (least, most) = RATES_HZ.into_inner();
        (self.mean_hz.round() as u64).clamp(least, most)
    }

    /// The time from a start to the second event, in seconds.
    pub fn second_s(&self) -> f64 {
        let two = self.gaps_ns.iter().cycle().take(2);
        two.map(|ns| *ns as f64).sum::<f64>() / 1e9
    }

    /// The gaps in the module's format.
    pub fn schedule(&self) -> Vec<u8> {
        let mut text = Vec::new();
        // Writing to memory does not fail.
        let _: io::Result<()> = write_gaps(&self.gaps_ns, &mut text);
        text
    }

    /// Its form in the results.
    pub fn document(&self) -> results::Replay {
        results::Replay {
            file: self.name.clone(),
            sha256: self.sha256.clone(),
            arrivals: self.gaps_ns.len() as u64,
            rate_hz: self.mean_hz,
        }
    }

    /// A warning about the file, if there is a reason for one.
    pub fn note(&self) -> Option<String> {
        let (lost, name) = (self.lost, &self.name);
        (lost > 0).then(|| {
            format!("{lost} arrivals are missing in {name}: gaps around them are too long")
        })
    }
}

/// A source whose bytes are hashed as they are read.
struct Digested<R> {
    source: R,
    digest: Sha256,
}

impl<R: Read> Read for Digested<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read(buffer)?;
        self.digest.update(&buffer[..count]);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Replay, Failure> {
        Replay::parse(text.as_bytes(), "x".to_string())
    }

    #[test]
    fn a_file_has_a_rate_and_the_digest_that_sha256sum_prints() {
        let replay = parse("# a comment\n1000000\n0\n500000\n500001\n").unwrap();
        assert_eq!((replay.rate_hz(), replay.second_s()), (2000, 0.001));
        assert_eq!(replay.schedule(), b"1000000\n0\n500000\n500001\n");
        let document = replay.document();
        assert_eq!(document.arrivals, 4);
        assert!((document.rate_hz - 1999.999).abs() < 0.001);
        let expected = "9edbac9239bb42f178b2dffe43c809decae0d39b791b79211ca6b80e9f21f5c2";
        assert_eq!(document.sha256, expected);
    }

    #[test]
    fn one_arrival_is_its_own_successor() {
        let replay = parse("5000000000\n").unwrap();
        assert_eq!((replay.rate_hz(), replay.second_s()), (1, 10.0));
    }

    #[test]
    fn arrivals_that_cannot_be_looped_are_refused() {
        for (text, why) in [
            ("", "it has no arrivals"),
            ("0\n0\n", "more than 1000000 times per second"),
            ("5\n5\n", "more than 1000000 times per second"),
            ("odd\n", "not a whole number"),
        ] {
            let failure = parse(text).unwrap_err();
            assert!(failure.to_string().contains(why), "{failure}");
        }
        let lossy = parse("# simrupt arrivals 1\n# lost: 12\n1000000\n").unwrap();
        let note = "12 arrivals are missing in x: gaps around them are too long";
        assert_eq!(lossy.note().as_deref(), Some(note));
    }
}
