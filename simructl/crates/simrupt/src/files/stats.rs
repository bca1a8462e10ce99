// SPDX-License-Identifier: GPL-2.0-only

//! The `stats` file of a line: one `name value` per line, in the module's order.

/// The counters of one line.
///
/// ```
/// use simrupt::files::stats::Stats;
///
/// let stats = Stats::parse("events 100\nread 98\nnovel 1\n")?;
/// assert_eq!(stats.get("read"), Some(98));
/// assert_eq!(stats.iter().count(), 3);
/// # Ok::<(), String>(())
/// ```
#[derive(Debug, PartialEq)]
pub struct Stats(Vec<(String, u64)>);

impl Stats {
    /// Parses the file `stats` of a line; the error names the unexpected part.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut counters: Vec<(String, u64)> = Vec::new();
        for line in text.lines() {
            let odd = || format!("`{line}` is not `name value`");
            let mut words = line.split_whitespace();
            let (Some(name), Some(value), None) = (words.next(), words.next(), words.next()) else {
                return Err(odd());
            };
            let value = value.parse().map_err(|_| odd())?;
            if counters.iter().any(|(known, _)| known == name) {
                return Err(format!("counter `{name}` appears twice"));
            }
            counters.push((name.to_string(), value));
        }
        if counters.is_empty() {
            return Err("it is empty".to_string());
        }
        Ok(Self(counters))
    }

    /// The value of a counter.
    pub fn get(&self, name: &str) -> Option<u64> {
        self.iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value)
    }

    /// Names and values, in the order of the file.
    pub fn iter(&self) -> impl Iterator<Item = (&str, u64)> {
        self.0.iter().map(|(name, value)| (name.as_str(), *value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_keep_their_order() {
        let stats = Stats::parse("events 10\noverrun 0\nread 18446744073709551615\n").unwrap();
        let names: Vec<_> = stats.iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["events", "overrun", "read"]);
        assert_eq!(stats.get("read"), Some(u64::MAX));
        assert_eq!(stats.get("raised"), None);
    }

    #[test]
    fn odd_text_is_refused_with_the_odd_line() {
        for (text, why) in [
            ("", "it is empty"),
            ("events\n", "`events` is not `name value`"),
            ("events 1\n\n", "`` is not `name value`"),
            ("events -1\n", "`events -1` is not `name value`"),
            ("events 1 2\n", "`events 1 2` is not `name value`"),
            (
                "events 18446744073709551616",
                "`events 18446744073709551616` is not `name value`",
            ),
            ("read 1\nread 2\n", "counter `read` appears twice"),
        ] {
            assert_eq!(Stats::parse(text).unwrap_err(), why);
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(text in damaged_text::texts(&[
            "events 10\noverrun 0\nread 18446744073709551615\n",
        ])) {
            if let Ok(stats) = Stats::parse(&text) {
                let written = stats.iter().map(|(name, value)| format!("{name} {value}\n")).collect::<Vec<_>>().concat();
                proptest::prop_assert_eq!(Stats::parse(&written), Ok(stats));
            }
        }
    }
}
