// SPDX-License-Identifier: GPL-2.0-only

//! The regular expressions of `lab.toml`.

use regex_lite::Regex;
use serde::{Deserialize, Deserializer, de};

/// A regular expression, in which `^` and `$` match at the ends of a line.
#[derive(Debug, Clone)]
pub(crate) struct Pattern(Regex);

impl Pattern {
    /// Whether it matches somewhere in `text`.
    pub(crate) fn is_in(&self, text: &str) -> bool {
        self.0.is_match(text)
    }

    /// The text of its first group, at its first match in `text`.
    pub(crate) fn group_in<'t>(&self, text: &'t str) -> Option<&'t str> {
        Some(self.0.captures(text)?.get(1)?.as_str())
    }

    /// The number of its groups.
    pub(crate) fn groups(&self) -> usize {
        self.0.captures_len() - 1
    }

    /// As it was written.
    pub(crate) fn as_written(&self) -> &str {
        self.0.as_str().trim_start_matches("(?m)")
    }
}

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Regex::new(&format!("(?m){text}"))
            .map(Self)
            .map_err(|error| {
                de::Error::custom(format!("'{text}' is not a regular expression: {error}"))
            })
    }
}

/// One pattern or a list of them.
#[derive(Debug, Default)]
pub(crate) struct OneOrMore(pub(crate) Vec<Pattern>);

impl<'de> Deserialize<'de> for OneOrMore {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let list = match toml::Value::deserialize(deserializer)? {
            toml::Value::Array(list) => list,
            one => vec![one],
        };
        let patterns = list.into_iter().map(Pattern::deserialize);
        patterns
            .collect::<Result<_, _>>()
            .map(Self)
            .map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    struct Holder {
        patterns: OneOrMore,
    }

    #[test]
    fn one_pattern_is_a_list_of_one() {
        let of = |text: &str| toml::from_str::<Holder>(text).map(|holder| holder.patterns.0);
        assert_eq!(of("patterns = 'a'").unwrap().len(), 1);
        let two = of("patterns = ['a', '^b']").unwrap();
        assert!(two[1].is_in("a\nb") && !two[1].is_in("ab"));
        assert_eq!(two[1].as_written(), "^b");
        let error = of("patterns = ['(']").unwrap_err().to_string();
        assert!(error.contains("'(' is not a regular expression"), "{error}");
    }
}
