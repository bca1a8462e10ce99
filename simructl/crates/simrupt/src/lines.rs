// SPDX-License-Identifier: GPL-2.0-only

//! Which lines are meant, and which knob gets which value, as people write it.

use std::str::FromStr;

/// Which lines of the module are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lines {
    /// Every line of the module.
    All,
    /// One of them.
    One(u32),
}

impl Lines {
    /// The line, if one is meant.
    pub fn one(self) -> Option<u32> {
        match self {
            Self::All => None,
            Self::One(line) => Some(line),
        }
    }
}

impl FromStr for Lines {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "all" => Ok(Self::All),
            _ => text
                .parse()
                .map(Self::One)
                .map_err(|_| "not a line number, nor `all`"),
        }
    }
}

/// A knob and the value that it is to have: `KNOB=VALUE`.
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
    fn a_line_is_a_number_or_all() {
        assert_eq!("all".parse(), Ok(Lines::All));
        assert_eq!("7".parse(), Ok(Lines::One(7)));
        for odd in ["", "-1", "All", "0,1"] {
            assert!(odd.parse::<Lines>().is_err(), "{odd}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_the_parsers_panic(text in damaged_text::texts(&["all", "7", "rate_hz=100,200"])) {
            let _ = text.parse::<Lines>();
            if let Ok(assignment) = text.parse::<Assignment>() {
                let again = format!("{}={}", assignment.knob, assignment.value);
                proptest::prop_assert_eq!(again.parse(), Ok(assignment));
            }
        }
    }
}
