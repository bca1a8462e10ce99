// SPDX-License-Identifier: GPL-2.0-only

//! The name that a mistyped name was probably meant to be.

/// The name nearest to `typed`, if one is near enough to be what was meant.
///
/// Near is: one begins with the other, or a third of the letters (at least one) differ, counted as
/// Levenshtein's edit distance.
pub fn nearest<'a>(typed: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    names
        .into_iter()
        .filter_map(|name| {
            let begins = typed.len() >= 2 && name.starts_with(typed)
                || name.len() >= 2 && typed.starts_with(name);
            let distance = distance(typed, name);
            let near = begins || distance <= (name.len() / 3).max(1);
            near.then_some((!begins, distance, name))
        })
        .min()
        .map(|(.., name)| name)
}

/// How many letters must be put in, taken out or changed to make `b` of `a`.
fn distance(a: &str, b: &str) -> usize {
    // `row[j]` is the distance between what has been read of `a` and the first `j` letters of `b`.
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = i;
        row[0] = i + 1;
        for (j, to) in b.chars().enumerate() {
            let change = diagonal + usize::from(from != to);
            diagonal = row[j + 1];
            row[j + 1] = change.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[row.len() - 1]
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 4] = ["rate_hz", "fifo_size", "fifo_policy", "workqueue"];

    #[test]
    fn the_distance_counts_edits() {
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("same", "same"), 0);
    }

    #[test]
    fn a_slip_or_a_beginning_finds_the_name() {
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
