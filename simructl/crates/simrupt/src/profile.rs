// SPDX-License-Identifier: GPL-2.0-only

//! A profile: knobs and their values in TOML, as `simructl dump` writes it.
//!
//! Knobs that all lines share come first, then those of a line in `[lineN]`. `[all]` has values for the lines without a
//! value of their own. Knobs that are not in a profile do not change.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::files::table::{Knob, Values};
use crate::layout::{padded, width};

/// The entries of a profile, in their order.
///
/// ```
/// use simrupt::profile::{Profile, Scope};
///
/// let profile = Profile::parse("[all]\nrate_hz = 10\n[line1]\nrate_hz = 1000\n").unwrap();
/// let Profile(entries) = profile;
/// assert_eq!(entries[1].scope, Scope::Line(1));
/// assert_eq!((entries[1].knob.as_str(), entries[1].value.as_str()), ("rate_hz", "1000"));
/// ```
#[derive(Debug, PartialEq)]
pub struct Profile(pub Vec<Entry>);

/// One knob, and its place.
#[derive(Debug, PartialEq)]
pub struct Entry {
    /// The lines that the value is for.
    pub scope: Scope,
    /// The name of the knob.
    pub knob: String,
    /// The value, as text.
    pub value: String,
    /// Its place in the profile.
    pub place: Place,
}

/// The number of a line of text, from 1.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Place(pub usize);

/// The scope of a knob.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Scope {
    /// The module.
    Module,
    /// Every line without a value of its own.
    All,
    /// One line.
    Line(u32),
}

/// An error in a profile, and its place.
#[derive(Debug, PartialEq)]
pub struct Odd {
    /// The place in the profile.
    pub place: Place,
    /// The reason.
    pub why: String,
}

impl Profile {
    /// Parses a profile (TOML); the error names the place.
    pub fn parse(text: &str) -> Result<Self, Odd> {
        let place = |at: usize| Place(text[..at].matches('\n').count() + 1);
        let document = DeTable::parse(text).map_err(|error| Odd {
            place: place(error.span().map_or(0, |span| span.start)),
            why: error.message().replace('\n', "; "),
        })?;
        let mut entries = Vec::new();
        for (key, value) in document.get_ref() {
            let name: &str = key.get_ref();
            let at = place(key.span().start);
            let Some(table) = value.get_ref().as_table() else {
                entries.push(Entry::of(Scope::Module, name, value, at)?);
                continue;
            };
            let scope = Scope::of(name).ok_or_else(|| Odd {
                place: at,
                why: format!(
                    "[{}] is neither [all] nor a line: [line0], [line1] …",
                    self::key(name)
                ),
            })?;
            for (key, value) in table {
                let at = place(key.span().start);
                entries.push(Entry::of(scope, key.get_ref(), value, at)?);
            }
        }
        // The parser sorts by name.
        entries.sort_by_key(|entry| entry.place.0);
        Ok(Self(entries))
    }
}

impl Scope {
    /// The scope of a table.
    fn of(name: &str) -> Option<Self> {
        if name == "all" {
            return Some(Self::All);
        }
        let number = name.strip_prefix("line")?;
        let line = number.parse().ok()?;
        // `line07` and `line+7` are not names of a line.
        (format!("{line}") == number).then_some(Self::Line(line))
    }
}

impl Entry {
    fn of(
        scope: Scope,
        knob: &str,
        value: &Spanned<DeValue<'_>>,
        place: Place,
    ) -> Result<Self, Odd> {
        let value = match value.get_ref() {
            DeValue::String(text) => Some(text.trim().to_string()),
            DeValue::Integer(number) => i128::from_str_radix(number.as_str(), number.radix())
                .ok()
                .map(|number| number.to_string()),
            _ => None,
        };
        let value = value.ok_or_else(|| Odd {
            place,
            why: format!("the value of {knob} is neither a whole number nor a string"),
        })?;
        Ok(Self {
            scope,
            knob: knob.to_string(),
            value,
            place,
        })
    }
}

/// Knobs and their values as a part of a profile, each with a comment on the values that it takes.
pub fn section<'a>(values: impl IntoIterator<Item = (&'a Knob, &'a str)>) -> String {
    let rows: Vec<(String, &Knob)> = values
        .into_iter()
        .map(|(knob, value)| (format!("{} = {}", key(&knob.name), literal(value)), knob))
        .collect();
    let widest = rows.iter().map(|(row, _)| width(row)).max();
    let widest = widest.unwrap_or(0);
    let mut text = String::new();
    for (row, knob) in rows {
        match takes(knob) {
            Some(takes) => text += &format!("{}  # {takes}\n", padded(&row, widest, false)),
            None => text += &format!("{row}\n"),
        }
    }
    text
}

/// The values that a knob takes, in short, and whether it is fixed when the module is loaded.
fn takes(knob: &Knob) -> Option<String> {
    let unit = knob.unit.as_ref().map(|unit| format!(" {unit}"));
    let values = match &knob.values {
        Values::Range(low, high) => Some(format!("{low}..{high}{}", unit.unwrap_or_default())),
        Values::Choices(choices) => Some(choices.join(", ")),
        Values::Unknown => knob.unit.clone(),
    };
    let fixed = (knob.per_line && !knob.live).then(|| "only when the module is loaded".to_string());
    let notes: Vec<String> = values.into_iter().chain(fixed).collect();
    (!notes.is_empty()).then(|| notes.join("; "))
}

/// A name as a TOML key.
fn key(name: &str) -> String {
    let is_bare = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    match !name.is_empty() && name.bytes().all(is_bare) {
        true => name.to_string(),
        false => string(name),
    }
}

/// A value as TOML: a number if that keeps every digit, else a string.
fn literal(value: &str) -> String {
    match value.parse::<i64>() {
        Ok(number) if number.to_string() == value => value.to_string(),
        _ => string(value),
    }
}

/// A TOML string. It has the escapes of JSON, and DEL must also be escaped.
fn string(text: &str) -> String {
    let json = serde_json::Value::from(text).to_string();
    json.replace('\u{7f}', "\\u007f")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(scope: Scope, knob: &str, value: &str, line: usize) -> Entry {
        Entry {
            scope,
            knob: knob.to_string(),
            value: value.to_string(),
            place: Place(line),
        }
    }

    #[test]
    fn entries_keep_their_order_and_know_their_lines() {
        let text = "# text\nlines = 2\n\n[line1]\nrate_hz = 1_000\ncpu = -1\n\
                    [all]\nworkqueue = \"bh\" # flavor\nrate_hz = 0x10\n";
        assert_eq!(
            Profile::parse(text).unwrap().0,
            [
                entry(Scope::Module, "lines", "2", 2),
                entry(Scope::Line(1), "rate_hz", "1000", 5),
                entry(Scope::Line(1), "cpu", "-1", 6),
                entry(Scope::All, "workqueue", "bh", 8),
                entry(Scope::All, "rate_hz", "16", 9),
            ]
        );
        assert_eq!(Profile::parse("").unwrap().0, []);
    }

    #[test]
    fn a_text_that_is_not_a_profile_is_refused_with_its_line() {
        for (text, line, why) in [
            ("\n[line0\n", 2, "unclosed"),
            ("a = 1\na = 2", 2, "duplicate key"),
            (
                "lines = 1\n[lime0]\n",
                2,
                "[lime0] is neither [all] nor a line",
            ),
            ("[line01]", 1, "[line01] is neither"),
            ("[line4294967296]", 1, "is neither"),
            (
                "[all]\n\nrate_hz = 1.5",
                3,
                "rate_hz is neither a whole number",
            ),
            (
                "[all]\nmasked = true",
                2,
                "masked is neither a whole number",
            ),
            ("[all.rate_hz]\n", 1, "rate_hz is neither a whole number"),
            ("x = [1, 2]", 1, "x is neither a whole number"),
        ] {
            let odd = Profile::parse(text).unwrap_err();
            assert_eq!(odd.place, Place(line), "{text}: {odd:?}");
            assert!(odd.why.contains(why), "{text}: {odd:?}");
        }
    }

    #[test]
    fn a_written_profile_reads_back_unchanged() {
        let values = [
            "10",
            "-1",
            "007",
            "+5",
            "bh",
            "",
            "a \"b\" \\ \u{7f}\u{1}é",
            "1e3",
        ];
        let numbers = ["9223372036854775807", "9223372036854775808"];
        let values: Vec<&str> = values.into_iter().chain(numbers).collect();
        let names = (0..values.len()).map(|at| format!("knob {at}"));
        let knobs: Vec<Knob> = names.map(|name| Knob::bare(name, true)).collect();
        let text = section(knobs.iter().zip(values.iter().copied()));
        let profile = Profile::parse(&text).unwrap();
        let read: Vec<&str> = profile.0.iter().map(|entry| entry.value.as_str()).collect();
        assert_eq!(read, values);
        assert_eq!(profile.0[3].knob, "knob 3");
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(text in damaged_text::texts(&[
            "# text\nlines = 2\n\n[line1]\nrate_hz = 1_000\ncpu = -1\n[all]\nworkqueue = \"bh\" # flavor\n",
            "all.rate_hz = 0x10\nline0 = { burst = 2 }\n",
        ])) {
            let _ = Profile::parse(&text);
        }

        #[test]
        fn what_is_written_is_read_back(
            knobs in proptest::collection::btree_map(".{0,12}", damaged_text::texts(&["100", "bh", "007"]), 0..5),
        ) {
            let knobs: Vec<(Knob, String)> = knobs
                .into_iter()
                .map(|(name, value)| (Knob::bare(name, true), value))
                .collect();
            let rows = knobs.iter().map(|(knob, value)| (knob, value.as_str()));
            let profile = Profile::parse(&format!("[line3]\n{}", section(rows)));
            let entries = profile.unwrap().0;
            proptest::prop_assert_eq!(entries.len(), knobs.len());
            for ((knob, value), entry) in knobs.iter().zip(&entries) {
                proptest::prop_assert_eq!(entry.scope, Scope::Line(3));
                proptest::prop_assert_eq!(&entry.knob, &knob.name);
                // White space around a value means nothing, here as in the module.
                proptest::prop_assert_eq!(&entry.value, value.trim());
            }
        }
    }
}
