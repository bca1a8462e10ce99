// SPDX-License-Identifier: GPL-2.0-only

//! The lines that a command is for, and the values of knobs, as users write them.

use std::fmt;
use std::str::FromStr;

/// How many lines a list may name: many times the lines of any module.
const MOST: u32 = 4096;

/// The selected lines of the module.
///
/// ```
/// use simrupt::lines::Lines;
///
/// let lines: Lines = "0,2-3".parse().unwrap();
/// assert!(lines.contains(3) && !lines.contains(1));
/// assert_eq!("all".parse(), Ok(Lines::All));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lines {
    /// Every line of the module.
    All,
    /// These, ascending, each once.
    Listed(Vec<u32>),
}

impl Lines {
    /// One line.
    pub fn one(line: u32) -> Self {
        Self::Listed(vec![line])
    }

    /// Whether a line is among them.
    pub fn contains(&self, line: u32) -> bool {
        match self {
            Self::All => true,
            Self::Listed(lines) => lines.contains(&line),
        }
    }
}

/// `all`, or numbers and ranges separated by commas, as the kernel writes lists: `0,2-3`.
impl FromStr for Lines {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "all" {
            return Ok(Self::All);
        }
        let mut lines = Vec::new();
        for part in text.split(',') {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let [first, last] = [first, last].map(number);
            match (first, last) {
                (Some(first), Some(last)) if last < first => {
                    return Err("a range ends before it begins");
                }
                (Some(first), Some(last)) if last - first < MOST => lines.extend(first..=last),
                (Some(_), Some(_)) => return Err("no module has that many lines"),
                _ => return Err("neither a list of lines (0, 0,2, 0-3) nor `all`"),
            }
            if lines.len() > MOST as usize {
                return Err("no module has that many lines");
            }
        }
        lines.sort_unstable();
        lines.dedup();
        Ok(Self::Listed(lines))
    }
}

/// Decimal digits and nothing else, with any spaces around them.
fn number(text: &str) -> Option<u32> {
    let text = text.trim();
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten()
}

/// The lines as a list: `all`, or numbers and ranges.
impl fmt::Display for Lines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Listed(lines) = self else {
            return f.write_str("all");
        };
        let ranges = lines.chunk_by(|line, next| line + 1 == *next);
        for (at, range) in ranges.enumerate() {
            let comma = if at == 0 { "" } else { "," };
            match range {
                [first, .., last] => write!(f, "{comma}{first}-{last}")?,
                _ => write!(f, "{comma}{}", range[0])?,
            }
        }
        Ok(())
    }
}

/// A knob and its new value: `KNOB=VALUE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// The name of the knob.
    pub knob: String,
    /// One value, or one for each line, separated by commas.
    pub value: String,
}

impl FromStr for Assignment {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once('=') {
            Some((knob, value)) if !knob.trim().is_empty() && !value.trim().is_empty() => {
                Ok(Self {
                    knob: knob.trim().to_string(),
                    value: value.trim().to_string(),
                })
            }
            _ => Err("not of the form KNOB=VALUE"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_assignment_has_a_name_and_a_value() {
        let assignment: Assignment = " rate_hz = 100,200 ".parse().unwrap();
        assert_eq!(
            (assignment.knob.as_str(), assignment.value.as_str()),
            ("rate_hz", "100,200")
        );
        for odd in ["", "rate_hz", "rate_hz=", "=5", " = "] {
            assert!(odd.parse::<Assignment>().is_err(), "{odd}");
        }
    }

    #[test]
    fn lines_are_a_list_of_numbers_and_ranges_or_all() {
        assert_eq!("all".parse(), Ok(Lines::All));
        for (text, lines, shown) in [
            ("7", &[7][..], "7"),
            ("0,1", &[0, 1], "0-1"),
            ("0-3", &[0, 1, 2, 3], "0-3"),
            ("5,0-2,2,9-9", &[0, 1, 2, 5, 9], "0-2,5,9"),
            (" 1 , 3 - 4 ", &[1, 3, 4], "1,3-4"),
            ("4294967295", &[u32::MAX], "4294967295"),
        ] {
            let parsed: Lines = text.parse().unwrap();
            assert_eq!(parsed, Lines::Listed(lines.to_vec()), "{text}");
            assert_eq!(parsed.to_string(), shown);
        }
        for (odd, why) in [
            ("", "neither a list"),
            ("-1", "neither a list"),
            ("1-", "neither a list"),
            ("All", "neither a list"),
            ("0,", "neither a list"),
            ("0-1-2", "neither a list"),
            ("+1", "neither a list"),
            ("3-1", "a range ends before it begins"),
            ("0-4294967295", "no module has that many"),
            ("0-4095,0-4095", "no module has that many"),
        ] {
            let refused = odd.parse::<Lines>().unwrap_err();
            assert!(refused.starts_with(why), "{odd}: {refused}");
        }
    }

    #[test]
    fn a_line_is_among_the_selected_ones() {
        assert!(Lines::All.contains(7) && Lines::one(7).contains(7));
        assert!(!Lines::one(7).contains(8));
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_the_parsers_panic(text in damaged_text::texts(&[
            "all", "7", "0,2-3,9-4000", "rate_hz=100,200",
        ])) {
            if let Ok(lines) = text.parse::<Lines>() {
                proptest::prop_assert_eq!(lines.to_string().parse(), Ok(lines));
            }
            if let Ok(assignment) = text.parse::<Assignment>() {
                let again = format!("{}={}", assignment.knob, assignment.value);
                proptest::prop_assert_eq!(again.parse(), Ok(assignment));
            }
        }
    }
}
