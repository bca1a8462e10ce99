// SPDX-License-Identifier: GPL-2.0-only

//! The processors of the virtual machine: how many, and which of them share a core or a socket.

use std::fmt;
use std::str::FromStr;

/// More would only make the boot slow.
const MAX_COUNT: u32 = 64;

/// The levels of a topology, as QEMU's `-smp` names them.
const LEVELS: [&str; 4] = ["sockets", "dies", "cores", "threads"];

/// `COUNT[,sockets=N][,dies=N][,cores=N][,threads=N]`. QEMU fills in missing levels, cores first.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Cpus {
    count: u32,
    /// The given levels, in the given order.
    levels: Vec<(&'static str, u32)>,
}

impl Default for Cpus {
    fn default() -> Self {
        Self {
            count: 2,
            levels: Vec::new(),
        }
    }
}

impl Cpus {
    pub(crate) fn count(&self) -> u32 {
        self.count
    }

    /// Whether levels were given.
    pub(crate) fn is_arranged(&self) -> bool {
        !self.levels.is_empty()
    }
}

impl FromStr for Cpus {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut words = text.split(',');
        let count = words.next().unwrap_or_default();
        let count = count
            .parse()
            .ok()
            .filter(|count| (1..=MAX_COUNT).contains(count))
            .ok_or(format!(
                "'{count}' is not a number of CPUs from 1 to {MAX_COUNT}"
            ))?;
        let mut levels: Vec<(&str, u32)> = Vec::new();
        for word in words {
            let level = level(word)?;
            if levels.iter().any(|(name, _)| *name == level.0) {
                return Err(format!("{} is given twice", level.0));
            }
            levels.push(level);
        }
        let product: u32 = levels
            .iter()
            .try_fold(1, |product: u32, (_, number)| product.checked_mul(*number))
            .unwrap_or(u32::MAX);
        // A missing number of dies is one; any other missing level is filled in.
        let is_complete = LEVELS
            .iter()
            .filter(|name| **name != "dies")
            .all(|name| levels.iter().any(|(given, _)| given == name));
        if count % product != 0 || (is_complete && count != product) {
            return Err(format!(
                "{count} CPUs cannot be arranged as {}",
                Arrangement(&levels)
            ));
        }
        Ok(Self { count, levels })
    }
}

/// Reads `LEVEL=N`.
fn level(word: &str) -> Result<(&'static str, u32), String> {
    let (name, number) = word.split_once('=').unwrap_or((word, ""));
    let name = LEVELS.iter().find(|level| **level == name).ok_or(format!(
        "'{word}' is none of {}=NUMBER",
        LEVELS.join("=NUMBER, ")
    ))?;
    let number = number
        .parse()
        .ok()
        .filter(|number| *number > 0)
        .ok_or(format!("'{word}' lacks a number above 0"))?;
    Ok((name, number))
}

/// In the form of QEMU's `-smp`.
impl fmt::Display for Cpus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.count)?;
        self.levels
            .iter()
            .try_for_each(|(name, number)| write!(f, ",{name}={number}"))
    }
}

/// Levels for people: "2 sockets × 3 cores".
struct Arrangement<'a>(&'a [(&'static str, u32)]);

impl fmt::Display for Arrangement<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (name, number)) in self.0.iter().enumerate() {
            let times = if index == 0 { "" } else { " × " };
            write!(f, "{times}{number} {name}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        text.parse::<Cpus>().unwrap_err()
    }

    #[test]
    fn a_topology_reaches_qemu_as_it_was_given() {
        for text in [
            "1",
            "8",
            "8,sockets=2,cores=2,threads=2",
            "8,threads=2,sockets=4",
            "16,sockets=2,dies=2,cores=2,threads=2",
        ] {
            assert_eq!(text.parse::<Cpus>().unwrap().to_string(), text);
        }
        assert_eq!(Cpus::default().to_string(), "2");
    }

    #[test]
    fn a_topology_that_does_not_multiply_to_the_count_is_refused() {
        let text = error("8,sockets=2,cores=3,threads=1");
        assert_eq!(
            text,
            "8 CPUs cannot be arranged as 2 sockets × 3 cores × 1 threads"
        );
        assert!(error("8,sockets=2,cores=2,threads=1").contains("cannot be arranged"));
        assert!(error("8,cores=3").contains("3 cores"));
        assert!(error("8,cores=4000000000,threads=4000000000").contains("cannot be arranged"));
    }

    #[test]
    fn what_is_no_topology_is_named() {
        assert!(error("0").contains("'0'"));
        assert!(error("65").contains("from 1 to 64"));
        assert!(error("").contains("number of CPUs"));
        assert!(error("two").contains("'two'"));
        assert!(error("4,nodes=2").contains("'nodes=2' is none of sockets=NUMBER, dies=NUMBER"));
        assert!(error("4,cores").contains("'cores' lacks a number"));
        assert!(error("4,cores=0").contains("'cores=0' lacks a number"));
        assert!(error("4,cores=2,cores=2").contains("cores is given twice"));
    }
}
