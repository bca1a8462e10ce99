// SPDX-License-Identifier: GPL-2.0-only

//! Lays the lines that a page shows beside those that were printed, so that as few as possible differ. Pure.

use crate::numbers::{Digits, is_left_out};

/// What became of a line, in the order of the lines. Indices are of the lines shown and of those printed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Pair {
    /// The page shows what was printed.
    Same(usize, usize),
    /// The page shows something like it.
    Changed(usize, usize),
    /// The page shows what was not printed.
    Gone(usize),
    /// The page lacks what was printed.
    New(usize),
    /// The page leaves lines out here.
    LeftOut(usize),
    /// One of those that the page leaves out.
    Hidden(usize),
}

impl Pair {
    /// Whether the page is right here.
    pub(crate) fn is_right(self) -> bool {
        matches!(self, Self::Same(..) | Self::LeftOut(_) | Self::Hidden(_))
    }
}

/// The cheapest way from here to the end, and its first step.
#[derive(Debug, Clone, Copy)]
struct Way {
    cost: f64,
    first: Option<Pair>,
}

/// Pairs each line that is shown with one that was printed, where it can. An excerpt leaves lines out anywhere.
pub(crate) fn align(
    shown: &[&str],
    printed: &[&str],
    digits: Digits,
    is_excerpt: bool,
) -> Vec<Pair> {
    let width = printed.len() + 1;
    let end = Way {
        cost: 0.0,
        first: None,
    };
    let mut ways = vec![end; (shown.len() + 1) * width];
    for of_shown in (0..=shown.len()).rev() {
        for of_printed in (0..=printed.len()).rev() {
            let next = |skip_shown: usize, skip_printed: usize, cost: f64, first: Pair| Way {
                cost: cost + ways[(of_shown + skip_shown) * width + of_printed + skip_printed].cost,
                first: Some(first),
            };
            let mut choices = Vec::new();
            if let Some(&printed) = printed.get(of_printed) {
                match shown.get(of_shown) {
                    Some(line) if is_left_out(line) => {
                        choices.push(next(0, 1, 0.0, Pair::Hidden(of_printed)));
                    }
                    line => {
                        if let Some(line) = line {
                            choices.push(both(line, printed, digits, of_shown, of_printed, &next));
                        }
                        choices.push(match is_excerpt {
                            true => next(0, 1, 0.0, Pair::Hidden(of_printed)),
                            false => next(0, 1, 1.0, Pair::New(of_printed)),
                        });
                    }
                }
            }
            match shown.get(of_shown) {
                Some(line) if is_left_out(line) => {
                    choices.push(next(1, 0, 0.0, Pair::LeftOut(of_shown)));
                }
                Some(_) => choices.push(next(1, 0, 1.0, Pair::Gone(of_shown))),
                None => {}
            }
            let best = choices.into_iter().min_by(|a, b| a.cost.total_cmp(&b.cost));
            if let Some(best) = best {
                ways[of_shown * width + of_printed] = best;
            }
        }
    }
    let (mut of_shown, mut of_printed) = (0, 0);
    let mut pairs = Vec::new();
    while let Some(pair) = ways[of_shown * width + of_printed].first {
        pairs.push(pair);
        match pair {
            Pair::Same(..) | Pair::Changed(..) => {
                of_shown += 1;
                of_printed += 1;
            }
            Pair::Gone(_) | Pair::LeftOut(_) => of_shown += 1,
            Pair::New(_) | Pair::Hidden(_) => of_printed += 1,
        }
    }
    pairs
}

/// The way on that takes both lines.
fn both(
    shown: &str,
    printed: &str,
    digits: Digits,
    of_shown: usize,
    of_printed: usize,
    next: &impl Fn(usize, usize, f64, Pair) -> Way,
) -> Way {
    if digits.same(shown, printed) {
        return next(1, 1, 0.0, Pair::Same(of_shown, of_printed));
    }
    // Dearer than a gap and a new line where the two have nothing in common.
    let cost = 0.1 + 2.0 * (1.0 - digits.likeness(shown, printed));
    next(1, 1, cost, Pair::Changed(of_shown, of_printed))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(shown: &[&str], printed: &[&str]) -> Vec<Pair> {
        align(shown, printed, Digits::Exact, false)
    }

    #[test]
    fn the_same_lines_are_paired() {
        assert_eq!(
            of(&["a", "b"], &["a", "b"]),
            [Pair::Same(0, 0), Pair::Same(1, 1)]
        );
        assert_eq!(of(&[], &[]), []);
    }

    #[test]
    fn lines_that_are_left_out_cost_nothing() {
        let pairs = of(&["a", "…", "e"], &["a", "b", "c", "e"]);
        let expected = [
            Pair::Same(0, 0),
            Pair::Hidden(1),
            Pair::Hidden(2),
            Pair::LeftOut(1),
            Pair::Same(2, 3),
        ];
        assert_eq!(pairs, expected);
        assert!(pairs.iter().all(|pair| pair.is_right()));
        // None may be left out, too.
        assert!(of(&["a", "…"], &["a"]).iter().all(|pair| pair.is_right()));
    }

    #[test]
    fn an_excerpt_has_its_lines_in_their_order() {
        let excerpt = |shown: &[&str], printed: &[&str]| {
            let pairs = align(shown, printed, Digits::Exact, true);
            pairs.iter().all(|pair| pair.is_right())
        };
        assert!(excerpt(&["b", "d"], &["a", "b", "c", "d", "e"]));
        assert!(excerpt(&["b"], &["b", "b"]));
        assert!(!excerpt(&["d", "b"], &["a", "b", "c", "d"]));
        assert!(!excerpt(&["b", "x"], &["a", "b"]));
        let pairs = align(&["a 1 x"], &["b", "a 2 x"], Digits::Exact, true);
        assert_eq!(pairs, [Pair::Hidden(0), Pair::Changed(0, 1)]);
    }

    #[test]
    fn a_line_that_changed_is_paired_with_what_it_was() {
        let pairs = of(&["…", "irqs 5 total", "…"], &["x", "irqs 6 total", "y"]);
        assert!(pairs.contains(&Pair::Changed(1, 1)), "{pairs:?}");
    }

    #[test]
    fn lines_that_have_nothing_in_common_are_not_paired() {
        assert_eq!(of(&["a b"], &["c d"]).len(), 2);
        assert!(of(&["a b"], &["c d"]).contains(&Pair::Gone(0)));
    }

    #[test]
    fn lines_that_came_and_went_are_told() {
        assert_eq!(of(&["a", "b"], &["a"]), [Pair::Same(0, 0), Pair::Gone(1)]);
        assert_eq!(of(&["a"], &["a", "b"]), [Pair::Same(0, 0), Pair::New(1)]);
    }

    #[test]
    fn a_line_out_of_its_order_is_wrong() {
        let pairs = of(&["…", "b", "a"], &["a", "b"]);
        assert!(!pairs.iter().all(|pair| pair.is_right()));
    }
}
