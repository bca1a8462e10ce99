// SPDX-License-Identifier: GPL-2.0-only

//! The name that was probably meant by a mistyped name.

use strsim::levenshtein;

/// The name nearest to `typed`, if one is near enough.
///
/// A name is near when one of the two begins with the other, or when Levenshtein's edit distance is at most
/// a third of the name's letters, and at least one.
pub fn nearest<'a>(typed: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    names
        .into_iter()
        .filter_map(|name| {
            let begins = typed.len() >= 2 && name.starts_with(typed)
                || name.len() >= 2 && typed.starts_with(name);
            let distance = levenshtein(typed, name);
            let near = begins || distance <= (name.len() / 3).max(1);
            near.then_some((!begins, distance, name))
        })
        .min()
        .map(|(.., name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 4] = ["rate_hz", "fifo_size", "fifo_policy", "workqueue"];

    #[test]
    fn a_typing_error_or_a_beginning_finds_the_name() {
        assert_eq!(nearest("rate_zh", NAMES), Some("rate_hz"));
        assert_eq!(nearest("rate", NAMES), Some("rate_hz"));
        assert_eq!(nearest("workqueues", NAMES), Some("workqueue"));
        assert_eq!(nearest("fifosize", NAMES), Some("fifo_size"));
    }

    #[test]
    fn something_else_finds_nothing() {
        assert_eq!(nearest("colour", NAMES), None);
        assert_eq!(nearest("", NAMES), None);
    }
}
