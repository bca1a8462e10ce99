// SPDX-License-Identifier: GPL-2.0-only

//! The table of pairs of knobs: the refused ones, and the part of the documentation that is made from it.

use proptest::prelude::*;
use simrupt_core::{
    knobs::{Flavor, Knob, Values},
    pairs::{difference, neighbour, refusal, Pair, Together, OF_INTERRUPT, PAIRS, SHAPE},
};
use std::{env, fs, path::Path};

/// Values of a knob that the pairs may distinguish: all choices, and numbers at the edges of its range.
fn values(knob: Knob) -> Vec<i64> {
    match knob.spec().values {
        Values::Choice(names) => (0..).take(names.len()).collect(),
        Values::Number { min, max } | Values::PowerOfTwo { min, max } => vec![min, min + 1, max],
    }
}

/// Whether a line refuses two values together, whichever of the two is set last.
fn is_refused(a: Knob, value_a: i64, b: Knob, value_b: i64) -> bool {
    let line = |knob: Knob| match knob {
        _ if knob == a => value_a,
        _ if knob == b => value_b,
        _ => knob.default_value(),
    };
    let [one, other] = [refusal(a, value_a, line), refusal(b, value_b, line)];
    assert_eq!(one.is_some(), other.is_some(), "{one:?} {other:?}");
    one.is_some()
}

#[test]
fn a_flavor_that_must_not_sleep_is_refused_a_sleep() {
    for flavor in Flavor::ALL {
        let flavor_value = Knob::Workqueue.spec().parse(flavor.name()).unwrap();
        for (sleep, may) in [
            (0, true),
            (1, flavor.may_sleep()),
            (5_000_000, flavor.may_sleep()),
        ] {
            assert_eq!(
                is_refused(Knob::WorkSleepUs, sleep, Knob::Workqueue, flavor_value),
                !may,
                "{flavor:?} {sleep}"
            );
        }
    }
    assert!(Flavor::Bound.may_sleep() && Flavor::IrqThread.may_sleep());
    assert!(!Flavor::Bh.may_sleep() && !Flavor::None.may_sleep() && !Flavor::Tasklet.may_sleep());
}

#[test]
fn a_refusal_names_both_values_and_the_reason() {
    let spec = Knob::Workqueue.spec();
    let bh = spec.parse("bh").unwrap();
    let line = |knob| match knob {
        Knob::Workqueue => bh,
        Knob::WorkSleepUs => 7,
        knob => knob.default_value(),
    };
    let why = "a bottom half in an interrupt, in a softirq or in NAPI's thread must not sleep";
    assert_eq!(
        refusal(Knob::WorkSleepUs, 5, line).unwrap().to_string(),
        format!("work_sleep_us=5 cannot be combined with workqueue=bh: {why}")
    );
    let none = spec.parse("none").unwrap();
    let refused = refusal(Knob::Workqueue, none, line).unwrap();
    assert_eq!(
        refused.to_string(),
        format!("workqueue=none cannot be combined with work_sleep_us=7: {why}")
    );
    assert_eq!(refused.other.to_string(), "work_sleep_us other than 0");
    let mut remedy = String::new();
    refused.other.show(true, &mut remedy).unwrap();
    assert_eq!(remedy, "work_sleep_us=0");
}

#[test]
fn the_defaults_go_with_every_value_of_any_other_knob() {
    for knob in Knob::ALL {
        for value in values(*knob) {
            assert!(
                refusal(*knob, value, Knob::default_value).is_none(),
                "{knob:?} {value}"
            );
        }
    }
}

#[test]
fn every_pair_is_of_two_knobs_and_is_about_some_values() {
    for pair in PAIRS {
        let Pair {
            first, second, why, ..
        } = pair;
        assert_ne!(first.knob, second.knob, "{pair:?}");
        for side in [first, second] {
            assert!(
                SHAPE.contains(&side.knob),
                "{side:?} is not in the table of the page"
            );
            assert!(
                values(side.knob).into_iter().any(|value| side.has(value)),
                "{side:?}"
            );
        }
        assert!(!why.is_empty() && !why.ends_with('.'), "{why}");
    }
}

#[test]
fn an_even_line_and_the_next_one_share_where_both_are_to() {
    let all = |_| true;
    let pairs: Vec<_> = (0..6).map(|line| neighbour(line, 5, all)).collect();
    // The last of five has nobody to share with, and there is no sixth.
    assert_eq!(pairs, [Some(1), Some(0), Some(3), Some(2), None, None]);
    let but_one = |line| line != 1;
    assert_eq!(neighbour(0, 4, but_one), None);
    assert_eq!(neighbour(1, 4, but_one), None);
    assert_eq!(neighbour(2, 4, but_one), Some(3));
    assert_eq!(neighbour(0, 1, all), None);
}

#[test]
fn lines_that_share_an_interrupt_differ_in_nothing_that_belongs_to_it() {
    for knob in OF_INTERRUPT {
        let line = |shared: [i64; 2], values: [i64; 2]| {
            difference(1, 2, move |line, other| match other {
                Knob::Shared => shared[line],
                other if other == *knob => values[line],
                other => other.default_value(),
            })
        };
        assert!(line([1, 1], [1, 1]).is_none());
        assert!(line([1, 0], [0, 1]).is_none());
        assert!(line([0, 0], [0, 1]).is_none());
        let found = line([1, 1], [0, 1]).unwrap();
        assert_eq!((found.knob, found.lines), (*knob, [1, 0]));
        assert_eq!(found.values, [1, 0]);
    }
    let level = difference(0, 2, |line, knob| match knob {
        Knob::Shared => 1,
        Knob::IrqType => (line == 0).into(),
        knob => knob.default_value(),
    });
    assert_eq!(
        level.unwrap().to_string(),
        "line 0: irq_type=level cannot be combined with irq_type=edge of line 1: the two share an interrupt"
    );
}

proptest! {
    #[test]
    fn either_knob_of_a_refused_pair_is_refused_whichever_comes_last(
        a in 0..SHAPE.len(), b in 0..SHAPE.len(), at in any::<[prop::sample::Index; 2]>(),
    ) {
        prop_assume!(a != b);
        let (a, b) = (SHAPE[a], SHAPE[b]);
        let [value_a, value_b] = [*at[0].get(&values(a)), *at[1].get(&values(b))];
        let in_table = PAIRS.iter().any(|pair| pair.refuses((a, value_a), (b, value_b)));
        prop_assert_eq!(is_refused(a, value_a, b, value_b), in_table);
    }
}

/// The cell of the table for a pair of knobs.
fn cell(row: Knob, column: Knob) -> &'static str {
    let rows = PAIRS.iter().filter(|pair| {
        let knobs = [pair.first.knob, pair.second.knob];
        knobs == [row, column] || knobs == [column, row]
    });
    let has: Vec<Together> = rows.map(|pair| pair.together).collect();
    match has.as_slice() {
        [] => "·",
        _ if has.contains(&Together::Refused) => "refused",
        _ if has.contains(&Together::NoEffect) => "no effect",
        _ => "own",
    }
}

/// A side in Markdown.
fn in_code(side: &simrupt_core::pairs::Side) -> String {
    let text = side.to_string();
    match text.split_once([' ', '=']) {
        Some((knob, _)) if text.contains(" other than ") => {
            format!("`{knob}`{}", &text[knob.len()..])
        }
        Some((knob, values)) => format!("`{knob}`: {values}"),
        None => format!("`{text}`"),
    }
}

/// The part of the page that is made from the table.
fn part() -> String {
    let name = |knob: &Knob| knob.spec().name;
    let mut text = String::from("| |");
    for knob in &SHAPE[1..] {
        text += &format!(" `{}` |", name(knob));
    }
    text += "\n|---|";
    text += &"---|".repeat(SHAPE.len() - 1);
    text += "\n";
    for (at, row) in SHAPE[..SHAPE.len() - 1].iter().enumerate() {
        text += &format!("| `{}` |", name(row));
        for (column_at, column) in SHAPE.iter().enumerate().skip(1) {
            // Each pair appears once.
            text += &format!(
                " {} |",
                if column_at > at {
                    cell(*row, *column)
                } else {
                    ""
                }
            );
        }
        text += "\n";
    }
    text += "\n| these values | with these | mean together |\n|---|---|---|\n";
    for pair in PAIRS {
        let together = match pair.together {
            Together::Refused => "**refused**: ",
            Together::NoEffect => "the first has no effect: ",
            Together::Own => "",
        };
        let [first, second] = [&pair.first, &pair.second].map(in_code);
        text += &format!("| {first} | {second} | {together}{} |\n", pair.why);
    }
    text
}

/// `SNAPSHOTS=overwrite` writes the part.
#[test]
fn the_documentation_has_the_table_of_all_pairs() {
    let (begin, end) = (
        "<!-- pairs: made from kmod/core/pairs.rs -->\n",
        "<!-- end of pairs -->\n",
    );
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../Documentation/knobs.md");
    let page = fs::read_to_string(&path).unwrap();
    let (before, rest) = page.split_once(begin).expect("the page has the part");
    let (now, after) = rest.split_once(end).expect("the part has an end");
    let part = part();
    if env::var("SNAPSHOTS").as_deref() == Ok("overwrite") {
        fs::write(&path, format!("{before}{begin}{part}{end}{after}")).unwrap();
        return;
    }
    assert_eq!(
        now, part,
        "SNAPSHOTS=overwrite cargo test -p simrupt-core --test core puts it right"
    );
}
