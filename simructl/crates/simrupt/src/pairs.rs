// SPDX-License-Identifier: GPL-2.0-only

//! Values of two knobs that a line cannot have together: the order in which to write knobs, and why a write was
//! refused.
//!
//! The pairs are those of the module of the same version. A newer module may have more, and refuses them itself.

use std::path::Path;

use simrupt_core::knobs::{Knob, Spec, Values};
use simrupt_core::pairs::{PAIRS, Pair, Refusal, difference, refusal};

use crate::changes::Change;
use crate::failure::Failure;
use crate::files::value;
use crate::lines::Assignment;
use crate::sysroot::read_text;

/// A knob to write, with a value for each line.
#[derive(Debug, Clone)]
struct Write {
    knob: Knob,
    /// The first of the lines.
    first: u32,
    /// The values in force, and those to write; `None` for an unknown one.
    old: Vec<Option<i64>>,
    new: Vec<Option<i64>>,
}

impl Write {
    fn of(change: &Change<'_>) -> Option<Self> {
        let knob = Knob::named(&change.knob.name)?;
        let values = |text: &str| {
            let values = value::list(text);
            values
                .iter()
                .map(|text| knob.spec().parse(text).ok())
                .collect()
        };
        Some(Self {
            knob,
            first: change.file.line.unwrap_or(0),
            old: values(&change.old),
            new: values(&change.new),
        })
    }

    /// The value of a line among these.
    fn at(&self, values: &[Option<i64>], line: u32) -> Option<i64> {
        let at = usize::try_from(line.checked_sub(self.first)?).ok()?;
        values.get(at).copied().flatten()
    }

    /// Whether this write is refused until `other` is written.
    fn waits_for(&self, other: &Self, pairs: &[Pair]) -> bool {
        (self.first..).zip(&self.new).any(|(line, new)| {
            let (Some(new), Some(old)) = (new, other.at(&other.old, line)) else {
                return false;
            };
            let mut pairs = pairs.iter();
            pairs.any(|pair| pair.refuses((self.knob, *new), (other.knob, old)))
        })
    }

    /// The temporary values: the default on lines that change; `None` if that would change nothing.
    fn meanwhile(&self) -> Option<Vec<i64>> {
        let values = self.old.iter().zip(&self.new).map(|(old, new)| {
            let default = self.knob.default_value();
            Some(if old == new { (*old)? } else { default })
        });
        let values: Vec<i64> = values.collect::<Option<_>>()?;
        let changes = self
            .old
            .iter()
            .zip(&values)
            .any(|(old, value)| *old != Some(*value));
        changes.then_some(values)
    }

    /// Whether it makes runs of the bottom half shorter. Other writes have to wait for the end of a run.
    fn shortens_runs(&self) -> bool {
        matches!(self.knob, Knob::WorkUs | Knob::WorkSleepUs)
            && self.old.iter().zip(&self.new).all(|(old, new)| new < old)
    }
}

/// A write of one of several changes: of its new values, or of the defaults as temporary values.
#[derive(Debug, PartialEq)]
struct Turn {
    /// The index of the change.
    at: usize,
    /// The temporary values.
    meanwhile: Option<Vec<i64>>,
}

/// The order of writes: the given one, but each write comes after those that it waits for. If writes (each of several
/// lines) wait for each other, a knob first gets its default, which is compatible with everything.
fn order(pairs: &[Pair], mut writes: Vec<Option<Write>>) -> Vec<Turn> {
    let mut left: Vec<usize> = (0..writes.len()).collect();
    left.sort_by_key(|at| !writes[*at].as_ref().is_some_and(Write::shortens_runs));
    let mut turns = Vec::new();
    while !left.is_empty() {
        let is_free = |at: &usize| {
            writes[*at].as_ref().is_none_or(|write| {
                let others = left.iter().filter(|other| *other != at);
                let mut others = others.filter_map(|other| writes[*other].as_ref());
                !others.any(|other| write.waits_for(other, pairs))
            })
        };
        let free = left.iter().position(is_free);
        let stuck = || {
            // A number is preferred to a choice, because a change of the flavor takes a while.
            let mut stuck = left.clone();
            stuck.sort_by_key(|at| {
                let spec = writes[*at].as_ref().map(|write| write.knob.spec());
                spec.is_none_or(|spec| matches!(spec.values, Values::Choice(_)))
            });
            let mut stuck = stuck.into_iter();
            stuck.find_map(|at| Some((at, writes[at].as_ref()?.meanwhile()?)))
        };
        match (free, free.is_none().then(stuck).flatten()) {
            (None, Some((at, meanwhile))) => {
                if let Some(write) = &mut writes[at] {
                    write.old = meanwhile.iter().copied().map(Some).collect();
                }
                let meanwhile = Some(meanwhile);
                turns.push(Turn { at, meanwhile });
            }
            // If there is no valid order, the module reports the reason.
            (free, _) => turns.push(Turn {
                at: left.remove(free.unwrap_or(0)),
                meanwhile: None,
            }),
        }
    }
    turns
}

/// The changes, each with its text to write, in an order that never makes a pair which the module refuses, except in
/// the end. A change may appear twice.
pub(crate) fn in_order<'b, 'a>(changes: &'b [Change<'a>]) -> Vec<(&'b Change<'a>, String)> {
    let writes = changes.iter().map(Write::of).collect();
    let turns = order(PAIRS, writes).into_iter().map(|turn| {
        let change = &changes[turn.at];
        let text = match (turn.meanwhile, Knob::named(&change.knob.name)) {
            (Some(values), Some(knob)) => {
                let values: Vec<String> = values
                    .iter()
                    .map(|value| shown(knob.spec(), *value))
                    .collect();
                values.join(",")
            }
            _ => change.new.clone(),
        };
        (change, text)
    });
    turns.collect()
}

/// A value in its written form.
fn shown(spec: &Spec, value: i64) -> String {
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = spec.show(value, &mut text);
    text
}

/// The failure for a refusal on a line.
fn told(line: usize, refusal: &Refusal) -> Failure {
    let (spec, other) = (refusal.knob.spec(), refusal.other.knob.spec());
    let mut remedy = String::new();
    let _ = refusal.other.show(true, &mut remedy);
    let what = format!("cannot set {} to {}", spec.name, shown(spec, refusal.value));
    let has = shown(other, refusal.other_value);
    let why = format!("line {line} has {}={has}, and {}", other.name, refusal.why);
    Failure::new(what, why).remedy(format!("{remedy} first, or both together"))
}

/// Why the module refused a change because of another knob, if it can be found out.
pub(crate) fn refused(change: &Change<'_>) -> Option<Failure> {
    let write = Write::of(change)?;
    let value_of = |line: u32, knob: Knob| {
        let text = read_text(&sibling(&change.file.path, knob)).ok()?;
        let values = value::list(value::current(&text));
        let at = match change.file.line {
            Some(_) => 0,
            None => line as usize,
        };
        let text = values.get(at).or(values.last())?;
        knob.spec().parse(text).ok()
    };
    (write.first..).zip(&write.new).find_map(|(line, new)| {
        let in_force = |knob| value_of(line, knob).unwrap_or_else(|| knob.default_value());
        let refusal = refusal(write.knob, (*new)?, in_force)?;
        Some(told(line as usize, &refusal))
    })
}

/// The file of another knob.
fn sibling(path: &Path, knob: Knob) -> std::path::PathBuf {
    path.with_file_name(knob.spec().name)
}

/// Why the module cannot be loaded with these values: the first line with two of them that it cannot have together.
pub fn refused_at_load(settings: &[Assignment]) -> Option<Failure> {
    let values = |knob: Knob| {
        let given = settings.iter().rfind(|one| one.knob == knob.spec().name);
        given.map(|given| value::list(&given.value))
    };
    let value_of_line = |line: usize, knob: Knob| {
        let values = values(knob).unwrap_or_default();
        let text = values.get(line).or(values.last());
        let value = text.and_then(|text| knob.spec().parse(text).ok());
        value.unwrap_or_else(|| knob.default_value())
    };
    let lines = settings.iter().map(|one| value::list(&one.value).len());
    for line in 0..lines.max().unwrap_or(0) {
        let value_of = |knob: Knob| value_of_line(line, knob);
        let mut knobs = settings.iter().filter_map(|one| Knob::named(&one.knob));
        let refusal = knobs.find_map(|knob| refusal(knob, value_of(knob), value_of));
        if let Some(refusal) = refusal {
            return Some(told_at_load(line, &refusal));
        }
    }
    let lines = usize::try_from(value_of_line(0, Knob::Lines)).unwrap_or(0);
    let difference = (0..lines).find_map(|line| difference(line, lines, value_of_line))?;
    let name = difference.knob.spec().name;
    Some(
        Failure::new("cannot load the module", difference.to_string()).remedy(format!(
            "one value of {name} for both, or shared=0 for them"
        )),
    )
}

fn told_at_load(line: usize, refusal: &Refusal) -> Failure {
    let mut remedy = String::new();
    // Writing to a string does not fail.
    let _ = refusal.other.show(true, &mut remedy);
    Failure::new(
        format!("cannot load the module: line {line}"),
        refusal.to_string(),
    )
    .remedy(remedy)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use simrupt_core::knobs::Flavor;
    use simrupt_core::pairs::{Side, Together, Which};
    use std::fs;

    fn pair(first: (Knob, Which), second: (Knob, Which)) -> Pair {
        let side = |(knob, which)| Side { knob, which };
        Pair {
            first: side(first),
            second: side(second),
            together: Together::Refused,
            why: "no",
        }
    }

    /// The module's pairs, and more pairs of the same knobs.
    fn pairs() -> Vec<Pair> {
        let is_none = Which::Flavors(|flavor| flavor == Flavor::None);
        let mut pairs = PAIRS.to_vec();
        pairs.push(pair(
            (Knob::CoalesceUs, Which::NotZero),
            (Knob::Workqueue, is_none),
        ));
        pairs.push(pair(
            (Knob::WorkSleepUs, Which::NotZero),
            (Knob::WorkBytes, Which::NotZero),
        ));
        pairs
    }

    const KNOBS: [Knob; 4] = [
        Knob::Workqueue,
        Knob::WorkSleepUs,
        Knob::CoalesceUs,
        Knob::WorkBytes,
    ];

    type State = [i64; KNOBS.len()];

    fn refuses(pairs: &[Pair], state: &State, at: usize, value: i64) -> bool {
        let mut others = KNOBS.into_iter().zip(*state);
        others.any(|other| {
            let mut pairs = pairs.iter();
            pairs.any(|pair| pair.refuses((KNOBS[at], value), other))
        })
    }

    /// States that the module takes: values that conflict with earlier ones are 0.
    fn good_states() -> impl Strategy<Value = State> {
        let flavors = i64::try_from(Flavor::ALL.len()).unwrap();
        [0..flavors, 0..3, 0..3, 0..3].prop_map(|mut state| {
            let pairs = pairs();
            for at in 1..KNOBS.len() {
                let mut so_far = state;
                so_far[at + 1..].fill(0);
                if refuses(&pairs, &so_far, at, state[at]) {
                    state[at] = 0;
                }
            }
            state
        })
    }

    proptest! {
        #[test]
        fn any_good_state_is_reached_from_any_other(
            old in prop::collection::vec(good_states(), 2),
            new in prop::collection::vec(good_states(), 2),
            given in Just([0, 1, 2, 3]).prop_shuffle(),
            in_one_file in any::<bool>(),
        ) {
            let pairs = pairs();
            // Line by line, as in debugfs, or all lines in one write, as by a parameter.
            let lines: Vec<Vec<usize>> = if in_one_file { vec![vec![0, 1]] } else { vec![vec![0], vec![1]] };
            let mut writes = Vec::new();
            for at in given {
                for lines in &lines {
                    let values = |of: &[State]| lines.iter().map(|line| Some(of[*line][at])).collect();
                    writes.push(Some(Write {
                        knob: KNOBS[at],
                        first: lines[0] as u32,
                        old: values(&old),
                        new: values(&new),
                    }));
                }
            }
            let mut state = old;
            for Turn { at, meanwhile } in order(&pairs, writes.clone()) {
                let Write { knob, first, new, .. } = writes[at].clone().unwrap();
                let meanwhile = meanwhile.map(|values| values.into_iter().map(Some).collect());
                let new = meanwhile.unwrap_or(new);
                let knob = KNOBS.iter().position(|one| *one == knob).unwrap();
                for (line, value) in (first as usize..).zip(new) {
                    let value = value.unwrap();
                    prop_assert!(!refuses(&pairs, &state[line], knob, value), "{:?}: {} {}", state, knob, value);
                    state[line][knob] = value;
                }
            }
            prop_assert_eq!(state, new);
        }
    }

    /// The order, if each is written once.
    fn plain_order(writes: &[Option<Write>]) -> Vec<usize> {
        let turns = order(PAIRS, writes.to_vec()).into_iter();
        turns
            .map(|turn| {
                assert_eq!(turn.meanwhile, None);
                turn.at
            })
            .collect()
    }

    fn write(knob: Knob, old: i64, new: i64) -> Option<Write> {
        Some(Write {
            knob,
            first: 0,
            old: vec![Some(old)],
            new: vec![Some(new)],
        })
    }

    #[test]
    fn writes_keep_their_order_but_those_that_wait_and_those_that_others_wait_for() {
        let [bound, bh] = ["bound", "bh"].map(|name| Knob::Workqueue.spec().parse(name).unwrap());
        let to_bh = [
            write(Knob::Workqueue, bound, bh),
            write(Knob::WorkSleepUs, 5, 0),
        ];
        assert_eq!(plain_order(&to_bh), [1, 0]);
        let to_bound = [
            write(Knob::WorkSleepUs, 0, 5),
            write(Knob::Workqueue, bh, bound),
        ];
        assert_eq!(plain_order(&to_bound), [1, 0]);
        let shorter = [
            write(Knob::Burst, 1, 2),
            None,
            write(Knob::WorkUs, 5, 9),
            write(Knob::WorkSleepUs, 5, 1),
        ];
        assert_eq!(plain_order(&shorter), [3, 0, 1, 2]);
    }

    #[test]
    fn lines_that_swap_values_in_one_write_get_a_default_in_between() {
        let [bound, bh] = ["bound", "bh"].map(|name| Knob::Workqueue.spec().parse(name).ok());
        let write = |knob, old, new| {
            Some(Write {
                knob,
                first: 0,
                old,
                new,
            })
        };
        let writes = vec![
            write(Knob::Workqueue, vec![bound, bh], vec![bh, bound]),
            write(
                Knob::WorkSleepUs,
                vec![Some(5), Some(0)],
                vec![Some(0), Some(5)],
            ),
        ];
        let turn = |at, meanwhile| Turn { at, meanwhile };
        assert_eq!(
            order(PAIRS, writes),
            [turn(1, Some(vec![0, 0])), turn(0, None), turn(1, None)]
        );
    }

    #[test]
    fn a_refusal_names_both_values_and_the_remedy() {
        let knob = crate::files::table::Knob::bare("work_sleep_us".to_string(), true);
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("workqueue"), "bound [bh] none\n").unwrap();
        let mut change = Change {
            knob: &knob,
            file: crate::knobs::KnobFile {
                path: folder.path().join("work_sleep_us"),
                line: Some(1),
            },
            old: "0".to_string(),
            new: "5".to_string(),
        };
        assert_eq!(
            refused(&change).unwrap().to_string(),
            "cannot set work_sleep_us to 5: line 1 has workqueue=bh, and a bottom half in an interrupt, in a softirq or in \
             NAPI's thread must not sleep\n  try: workqueue=bound, unbound, ordered, highpri, unbound-highpri, \
             cpu-intensive, irq-thread, kthread-worker first, or both together"
        );
        // All lines in one file.
        fs::write(folder.path().join("workqueue"), "bound,bound,tasklet\n").unwrap();
        change.file.line = None;
        change.new = "5,0,7".to_string();
        let told = refused(&change).unwrap().to_string();
        assert!(
            told.starts_with("cannot set work_sleep_us to 7: line 2 has workqueue=tasklet"),
            "{told}"
        );
        change.new = "5,0,0".to_string();
        assert_eq!(refused(&change), None);
    }

    #[test]
    fn a_load_with_a_refused_pair_names_the_line() {
        let told = |text: &str| {
            let settings: Vec<Assignment> =
                text.split(' ').map(|one| one.parse().unwrap()).collect();
            refused_at_load(&settings).map(|failure| failure.to_string())
        };
        assert_eq!(
            told("lines=3 workqueue=bound,bh work_sleep_us=7").unwrap(),
            "cannot load the module: line 1: workqueue=bh cannot be combined with work_sleep_us=7: a bottom half in an \
             interrupt, in a softirq or in NAPI's thread must not sleep\n  try: work_sleep_us=0"
        );
        assert_eq!(told("lines=3 workqueue=bound,bh work_sleep_us=7,0"), None);
        assert_eq!(told("work_sleep_us=7 unheard=of"), None);
        assert!(told("work_sleep_us=7 workqueue=none").is_some());
        assert_eq!(
            told("lines=4 shared=0,0,1 irq_type=edge,level,edge,level").unwrap(),
            "cannot load the module: line 2: irq_type=edge cannot be combined with irq_type=level of line 3: the two \
             share an interrupt\n  try: one value of irq_type for both, or shared=0 for them"
        );
        assert_eq!(told("lines=3 shared=1 affinity=free,free,fixed"), None);
        assert!(told("shared=1 affinity=managed").is_some());
    }
}
