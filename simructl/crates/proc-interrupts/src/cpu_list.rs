// SPDX-License-Identifier: GPL-2.0-only

//! Lists of CPUs, as the kernel and its tools write them: `0-3,8`, `0-126/2`, `0-31:2/8`.

use std::error::Error;
use std::fmt;
use std::str::FromStr;

/// A set of CPUs, written as a list.
///
/// ```
/// use proc_interrupts::CpuList;
///
/// let list: CpuList = "0-3,8,16-31:2/8".parse()?;
/// assert!(list.contains(3) && list.contains(17) && !list.contains(18) && list.contains(24));
///
/// // The list is short even if every other CPU is offline.
/// let list: CpuList = (0..128).step_by(2).collect();
/// assert_eq!(list.to_string(), "0-126/2");
/// # Ok::<(), proc_interrupts::CpuListError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CpuList(Vec<Part>);

/// The first `used` CPUs of each group, from the first CPU to the last one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Part {
    first: u32,
    last: u32,
    used: u32,
    group: u32,
}

/// Why a text is not a list of CPUs.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CpuListError {
    /// The part of the list that is wrong.
    pub part: String,
    /// The reason.
    pub why: &'static str,
}

impl fmt::Display for CpuListError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` {}", self.part, self.why)
    }
}

impl Error for CpuListError {}

impl CpuList {
    /// Whether the list names this CPU.
    #[must_use]
    pub fn contains(&self, cpu: u32) -> bool {
        self.0.iter().any(|part| {
            (part.first..=part.last).contains(&cpu) && (cpu - part.first) % part.group < part.used
        })
    }

    /// Whether the list names no CPU.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromStr for CpuList {
    type Err = CpuListError;

    /// Reads a list: parts separated by commas, each of them `all`, `CPU`, `FIRST-LAST`, `FIRST-LAST:USED/GROUP`
    /// (the kernel's strides), or `FIRST-LAST/STEP` (every STEP-th CPU; `FIRST-LAST:STEP` is the same).
    fn from_str(text: &str) -> Result<Self, CpuListError> {
        let part = |text: &str| part(text.trim());
        text.trim()
            .split(',')
            .map(part)
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

fn part(text: &str) -> Result<Part, CpuListError> {
    let odd = |why| CpuListError {
        part: text.to_string(),
        why,
    };
    let number = |text: &str| match text.bytes().all(|byte| byte.is_ascii_digit()) {
        true => text
            .parse::<u32>()
            .map_err(|_| odd("is neither a CPU nor a range of CPUs")),
        false => Err(odd("is neither a CPU nor a range of CPUs")),
    };
    let (range, stride) = match text.find([':', '/']) {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    };
    let (first, last) = match range.split_once('-') {
        _ if range == "all" => (0, u32::MAX),
        Some((first, last)) => (number(first)?, number(last)?),
        None if stride.is_some() => return Err(odd("has a step, but is not a range")),
        None => (number(range)?, number(range)?),
    };
    let (used, group) = match stride.map(|stride| stride.split_once('/').ok_or(stride)) {
        None => (1, 1),
        Some(Ok((used, group))) => (number(used)?, number(group)?),
        Some(Err(step)) => (1, number(step)?),
    };
    if first > last {
        return Err(odd("ends before it begins"));
    }
    if used == 0 || group == 0 || used > group {
        return Err(odd("takes 0 CPUs of each group, or more than a group has"));
    }
    Ok(Part {
        first,
        last,
        used,
        group,
    })
}

/// Collects CPUs, in ascending order, into the shortest list.
impl FromIterator<u32> for CpuList {
    fn from_iter<T: IntoIterator<Item = u32>>(cpus: T) -> Self {
        let cpus: Vec<u32> = cpus.into_iter().collect();
        let mut parts = Vec::new();
        let mut rest = &cpus[..];
        while let [first, more @ ..] = rest {
            let step = more
                .first()
                .map_or(1, |next| next.saturating_sub(*first))
                .max(1);
            let in_step = rest
                .windows(2)
                .take_while(|pair| pair[1].wrapping_sub(pair[0]) == step);
            let length = 1 + in_step.count();
            // Two CPUs with others in between are shorter as two numbers.
            let length = if step > 1 && length < 3 { 1 } else { length };
            parts.push(Part {
                first: *first,
                last: rest[length - 1],
                used: 1,
                group: step,
            });
            rest = &rest[length..];
        }
        Self(parts)
    }
}

impl fmt::Display for CpuList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, part) in self.0.iter().enumerate() {
            let Part {
                first,
                last,
                used,
                group,
            } = part;
            f.write_str(if at == 0 { "" } else { "," })?;
            match (first == last, used, group) {
                (true, ..) => write!(f, "{first}")?,
                (_, used, group) if used == group => write!(f, "{first}-{last}")?,
                (_, 1, group) => write!(f, "{first}-{last}/{group}")?,
                _ => write!(f, "{first}-{last}:{used}/{group}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_as_short_as_can_be() {
        for (numbers, text) in [
            (&[0][..], "0"),
            (&[0, 1, 2, 3], "0-3"),
            (&[0, 2, 3, 8], "0,2-3,8"),
            (&[0, 8, 16, 24], "0-24/8"),
            (&[0, 2, 4, 5, 6, 9], "0-4/2,5-6,9"),
            (&[1, 3], "1,3"),
            (&[4_294_967_294, 4_294_967_295], "4294967294-4294967295"),
            (&[], ""),
        ] {
            let list: CpuList = numbers.iter().copied().collect();
            assert_eq!(list.to_string(), text);
        }
    }

    #[test]
    fn each_way_to_write_a_list_is_read() {
        for (text, cpus) in [
            ("5", &[5][..]),
            (" 1, 3-5 ", &[1, 3, 4, 5]),
            ("0-10/5", &[0, 5, 10]),
            ("0-10:5", &[0, 5, 10]),
            ("0-10:2/5", &[0, 1, 5, 6, 10]),
            ("3-3", &[3]),
        ] {
            let list: CpuList = text.parse().unwrap();
            let named: Vec<u32> = (0..20).filter(|cpu| list.contains(*cpu)).collect();
            assert_eq!(named, cpus, "{text}");
        }
        let all: CpuList = "all".parse().unwrap();
        assert!(all.contains(0) && all.contains(u32::MAX));
        let every_third: CpuList = "all/3".parse().unwrap();
        assert!(every_third.contains(9) && !every_third.contains(10));
    }

    #[test]
    fn a_text_that_is_not_a_list_is_refused_with_the_wrong_part() {
        for (text, part) in [
            ("", ""),
            ("0,", ""),
            ("0,x", "x"),
            ("3-1", "3-1"),
            ("-1", "-1"),
            ("+1", "+1"),
            ("1-", "1-"),
            ("4/2", "4/2"),
            ("0-9:0/2", "0-9:0/2"),
            ("0-9:3/2", "0-9:3/2"),
            ("0-9/0", "0-9/0"),
            ("4294967296", "4294967296"),
            ("0-9:1/2/3", "0-9:1/2/3"),
        ] {
            let error = text.parse::<CpuList>().unwrap_err();
            assert_eq!(error.part, part, "{text}: {error}");
        }
    }

    proptest::proptest! {
        #[test]
        fn a_list_that_is_written_is_read_as_the_same_set(cpus in proptest::collection::btree_set(0..300_u32, 1..60)) {
            let list: CpuList = cpus.iter().copied().collect();
            let again: CpuList = list.to_string().parse().unwrap();
            for cpu in 0..400 {
                proptest::prop_assert_eq!(again.contains(cpu), cpus.contains(&cpu), "{}", list);
            }
        }

        #[test]
        fn no_text_makes_it_panic(text in "[0-9all:/, -]{0,12}") {
            if let Ok(list) = text.parse::<CpuList>() {
                let again: CpuList = list.to_string().parse().unwrap();
                for cpu in [0, 1, 5, 100, u32::MAX] {
                    proptest::prop_assert_eq!(again.contains(cpu), list.contains(cpu));
                }
            }
        }
    }
}
