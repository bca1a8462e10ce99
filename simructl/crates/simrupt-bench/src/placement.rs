// SPDX-License-Identifier: GPL-2.0-only

//! The CPUs of lines and readers: those of the job, else all online CPUs.

use std::fmt;
use std::str::FromStr;

use serde::de::Error;
use serde::{Deserialize, Deserializer};

use crate::cpu::cpu_list;
use simrupt::failure::Failure;
use simrupt::text::word;

/// The CPUs of a job, in this order, each once: `2-3,8`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cpus(Vec<u32>);

impl FromStr for Cpus {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let cpus = cpu_list(text.trim()).filter(|cpus| !cpus.is_empty());
        let cpus =
            cpus.ok_or_else(|| format!("{} is not a list of CPUs such as 2-3,8", word(text)))?;
        let twice = |(at, cpu): &(usize, &u32)| cpus[..*at].contains(cpu);
        match cpus.iter().enumerate().find(twice) {
            Some((_, cpu)) => Err(format!("{text} names CPU {cpu} twice")),
            None => Ok(Self(cpus)),
        }
    }
}

impl<'de> Deserialize<'de> for Cpus {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(D::Error::custom)
    }
}

impl fmt::Display for Cpus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&listed(&self.0))
    }
}

/// CPUs as a list, in their order: `2-3,8`.
pub fn listed(cpus: &[u32]) -> String {
    let runs = cpus.chunk_by(|one, next| one.checked_add(1) == Some(*next));
    let parts = runs.filter_map(|run| match run {
        [] => None,
        [cpu] => Some(cpu.to_string()),
        [first, .., last] => Some(format!("{first}-{last}")),
    });
    parts.collect::<Vec<_>>().join(",")
}

/// The CPUs of lines and readers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placement {
    cpus: Vec<u32>,
    /// Whether the job named them.
    is_asked: bool,
}

impl Placement {
    /// The CPUs of the job, else all online CPUs.
    ///
    /// # Errors
    ///
    /// A CPU of the job is not online.
    pub fn of(asked: Option<&Cpus>, online: &[u32]) -> Result<Self, Failure> {
        let Some(Cpus(cpus)) = asked else {
            return Ok(Self {
                cpus: online.to_vec(),
                is_asked: false,
            });
        };
        if let Some(cpu) = cpus.iter().find(|cpu| !online.contains(cpu)) {
            let why = format!("cpus: CPU {cpu} is not online");
            return Err(Failure::new("cannot run this bench", why)
                .remedy(format!("online CPUs: --cpus {}", listed(online))));
        }
        Ok(Self {
            cpus: cpus.clone(),
            is_asked: true,
        })
    }

    /// The number of CPUs, at least one.
    pub fn count(&self) -> usize {
        self.cpus.len()
    }

    /// The CPUs, if the job named them.
    pub fn asked(&self) -> Option<&[u32]> {
        self.is_asked.then_some(&self.cpus)
    }

    /// The CPU of a line's timer and interrupt.
    pub fn line(&self, line: u32) -> u32 {
        self.at(line)
    }

    /// The CPU of a line's reader: the next one, if there is one. There it does not compete with the interrupt, and the
    /// distance of a wake-up is always the same, which the scheduler would otherwise choose each time.
    pub fn reader(&self, line: u32) -> u32 {
        self.at(line + 1)
    }

    /// The CPUs of the first `count` lines, each once.
    pub fn of_lines(&self, count: u32) -> &[u32] {
        &self.cpus[..self.cpus.len().min(count as usize)]
    }

    fn at(&self, place: u32) -> u32 {
        self.cpus[place as usize % self.cpus.len()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_keep_their_order_and_name_a_cpu_once() {
        for (text, cpus) in [
            ("3", vec![3]),
            ("2-4,8", vec![2, 3, 4, 8]),
            ("5,1-2", vec![5, 1, 2]),
        ] {
            let parsed: Cpus = text.parse().unwrap();
            assert_eq!((parsed.0.clone(), parsed.to_string()), (cpus, text.into()));
        }
        let refused = |text: &str| text.parse::<Cpus>().unwrap_err();
        assert_eq!(refused("0-3,2"), "0-3,2 names CPU 2 twice");
        assert_eq!(refused(""), "'' is not a list of CPUs such as 2-3,8");
        for odd in ["", "x", "3-1", "-1", "0,", "0-99999999"] {
            assert!(refused(odd).contains("is not a list of CPUs"), "{odd}");
        }
    }

    #[test]
    fn lines_go_round_and_the_reader_is_on_the_next() {
        let asked: Cpus = "6,2".parse().unwrap();
        let placement = Placement::of(Some(&asked), &[0, 1, 2, 6]).unwrap();
        let lines: Vec<u32> = (0..3).map(|line| placement.line(line)).collect();
        let readers: Vec<u32> = (0..3).map(|line| placement.reader(line)).collect();
        assert_eq!((lines, readers), (vec![6, 2, 6], vec![2, 6, 2]));
        assert_eq!(placement.asked(), Some(&[6, 2][..]));
        assert_eq!(
            (placement.of_lines(1), placement.of_lines(9)),
            (&[6][..], &[6, 2][..])
        );
        let alone = Placement::of(Some(&"1".parse().unwrap()), &[0, 1]).unwrap();
        assert_eq!((alone.line(0), alone.reader(0)), (1, 1));
        let free = Placement::of(None, &[0, 1]).unwrap();
        assert_eq!((free.asked(), free.count()), (None, 2));
    }

    #[test]
    fn a_cpu_that_is_not_online_is_refused_with_those_that_are() {
        let asked: Cpus = "0-2".parse().unwrap();
        let refused = Placement::of(Some(&asked), &[0, 1, 3]).unwrap_err();
        assert_eq!(refused.why(), "cpus: CPU 2 is not online");
        assert_eq!(refused.advice(), Some("online CPUs: --cpus 0-1,3"));
    }
}
