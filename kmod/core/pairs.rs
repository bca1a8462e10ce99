// SPDX-License-Identifier: GPL-2.0-only

//! Pairs of knobs: values of two knobs that have a meaning together on a line beyond what each
//! means alone.
//!
//! The module refuses some pairs ([`refusal`]), at load and at each write. `simructl` orders its
//! writes by this table, and explains a refusal from it. The table of all pairs in
//! `Documentation/knobs.md` comes from here.
//!
//! To add a pair, add a row to [`PAIRS`].

use super::knobs::{
    Affinity,
    Flavor,
    Knob,
    Pattern,
    Values, //
};
use core::fmt;

/// The knobs that decide how events arrive and how they are handled. [`PAIRS`] is about these.
pub const SHAPE: &[Knob] = &[
    Knob::RateHz,
    Knob::Pattern,
    Knob::JitterPct,
    Knob::Burst,
    Knob::ReplayLoop,
    Knob::CoalesceUs,
    Knob::CoalesceEvents,
    Knob::CoalesceAdaptive,
    Knob::IrqType,
    Knob::Shared,
    Knob::Affinity,
    Knob::Workqueue,
    Knob::PollBudget,
    Knob::WorkUs,
    Knob::WorkSleepUs,
    Knob::WorkBytes,
];

/// Some values of a knob.
#[derive(Clone, Copy, Debug)]
pub enum Which {
    /// All values.
    Any,
    /// 0.
    Zero,
    /// All values except 0.
    NotZero,
    /// The flavors for which this holds.
    Flavors(fn(Flavor) -> bool),
    /// The patterns for which this holds.
    Patterns(fn(Pattern) -> bool),
    /// The affinities for which this holds.
    Affinities(fn(Affinity) -> bool),
}

/// One of the two knobs of a pair, with the values that the pair is about.
#[derive(Clone, Copy, Debug)]
pub struct Side {
    /// The knob.
    pub knob: Knob,
    /// The values.
    pub which: Which,
}

/// The meaning that the two sides of a pair have together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Together {
    /// They cannot be combined.
    Refused,
    /// The first knob has no effect.
    NoEffect,
    /// They have a meaning of their own.
    Own,
}

/// A row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Pair {
    /// The first knob.
    pub first: Side,
    /// The second knob, different from the first.
    pub second: Side,
    /// The meaning of both together.
    pub together: Together,
    /// That meaning in a sentence, or the reason for the refusal.
    pub why: &'static str,
}

const fn side(knob: Knob, which: Which) -> Side {
    Side { knob, which }
}

const fn pair(first: Side, second: Side, together: Together, why: &'static str) -> Pair {
    Pair {
        first,
        second,
        together,
        why,
    }
}

fn replays(pattern: Pattern) -> bool {
    pattern == Pattern::Replay
}

fn is_closed(pattern: Pattern) -> bool {
    pattern == Pattern::Closed
}

fn comes_in_bursts(pattern: Pattern) -> bool {
    matches!(pattern, Pattern::Burst | Pattern::Closed)
}

fn is_direct(flavor: Flavor) -> bool {
    flavor == Flavor::None
}

fn is_managed(affinity: Affinity) -> bool {
    affinity == Affinity::Managed
}

fn is_irq_thread(flavor: Flavor) -> bool {
    flavor == Flavor::IrqThread
}

fn must_not_sleep(flavor: Flavor) -> bool {
    !flavor.may_sleep()
}

/// The pairs that have a meaning together. The knobs of all other pairs are independent.
pub static PAIRS: &[Pair] = &[
    pair(
        side(Knob::RateHz, Which::NotZero),
        side(
            Knob::Pattern,
            Which::Patterns(|pattern| is_closed(pattern) || replays(pattern)),
        ),
        Together::Own,
        "the rate only switches the device on; the bottom half, or the gaps in the file `schedule`, determine when events are due",
    ),
    pair(
        side(Knob::RateHz, Which::NotZero),
        side(Knob::Burst, Which::NotZero),
        Together::Own,
        "with pattern `burst`, there are `rate_hz` events per second, and a burst of them every `burst` periods",
    ),
    pair(
        side(Knob::JitterPct, Which::Any),
        side(
            Knob::Pattern,
            Which::Patterns(|pattern| pattern != Pattern::Uniform),
        ),
        Together::NoEffect,
        "only pattern `uniform` has jitter",
    ),
    pair(
        side(Knob::Burst, Which::Any),
        side(
            Knob::Pattern,
            Which::Patterns(|pattern| !comes_in_bursts(pattern)),
        ),
        Together::NoEffect,
        "only patterns `burst` and `closed` have bursts",
    ),
    pair(
        side(Knob::ReplayLoop, Which::Any),
        side(Knob::Pattern, Which::Patterns(|pattern| !replays(pattern))),
        Together::NoEffect,
        "only pattern `replay` has a last gap, after which it can begin again",
    ),
    pair(
        side(Knob::CoalesceUs, Which::Any),
        side(Knob::Pattern, Which::Patterns(is_closed)),
        Together::NoEffect,
        "in a closed loop no further event would come while one waits, so none waits",
    ),
    pair(
        side(Knob::CoalesceEvents, Which::Any),
        side(Knob::Pattern, Which::Patterns(is_closed)),
        Together::NoEffect,
        "in a closed loop no further event would come while one waits, so none waits",
    ),
    pair(
        side(Knob::CoalesceEvents, Which::Any),
        side(Knob::CoalesceUs, Which::Zero),
        Together::NoEffect,
        "no event waits for its interrupt, so none can wait with others",
    ),
    pair(
        side(Knob::CoalesceUs, Which::Any),
        side(Knob::CoalesceAdaptive, Which::NotZero),
        Together::NoEffect,
        "the kernel's `net_dim` chooses for how long events wait; the knob keeps its value",
    ),
    pair(
        side(Knob::CoalesceEvents, Which::Any),
        side(Knob::CoalesceAdaptive, Which::NotZero),
        Together::NoEffect,
        "the kernel's `net_dim` chooses how many events wait; the knob keeps its value",
    ),
    pair(
        side(Knob::CoalesceAdaptive, Which::NotZero),
        side(Knob::Pattern, Which::Patterns(is_closed)),
        Together::NoEffect,
        "in a closed loop no further event would come while one waits, so none waits, whatever `net_dim` chooses",
    ),
    pair(
        side(Knob::CoalesceAdaptive, Which::NotZero),
        side(Knob::PollBudget, Which::NotZero),
        Together::Own,
        "`net_dim` chooses after every 64 interrupts, and there are fewer interrupts while the bottom half polls",
    ),
    pair(
        side(Knob::Burst, Which::NotZero),
        side(Knob::CoalesceEvents, Which::Any),
        Together::Own,
        "with pattern `burst`, a burst is emitted at once and ends the wait as a whole: one interrupt may stand for more than `coalesce_events`",
    ),
    pair(
        side(Knob::Shared, Which::NotZero),
        side(Knob::IrqType, Which::Any),
        Together::Own,
        "an interrupt has one type: a line gives its type to the line that shares its interrupt",
    ),
    pair(
        side(Knob::Shared, Which::NotZero),
        side(Knob::Affinity, Which::Affinities(is_managed)),
        Together::Refused,
        "a managed interrupt belongs to one queue of one device, so no other device shares it",
    ),
    pair(
        side(Knob::Shared, Which::NotZero),
        side(Knob::Workqueue, Which::Flavors(is_irq_thread)),
        Together::Own,
        "each line has a thread of its own; a change of one line, and unbinding it, waits for the threads of both",
    ),
    pair(
        side(Knob::Shared, Which::NotZero),
        side(Knob::PollBudget, Which::NotZero),
        Together::Own,
        "an interrupt that arrives while the bottom half polls belongs to the other line; with `irq-thread` nothing polls",
    ),
    pair(
        side(Knob::Workqueue, Which::Flavors(is_direct)),
        side(Knob::Pattern, Which::Patterns(is_closed)),
        Together::Own,
        "the next events come from the device's timer, every millisecond: an interrupt that answers itself would never leave its CPU. (On a kernel that threads interrupts, a thread answers at once.)",
    ),
    pair(
        side(Knob::PollBudget, Which::NotZero),
        side(Knob::Workqueue, Which::Flavors(is_direct)),
        Together::NoEffect,
        "all work is done in the interrupt, so there is no later run that could poll",
    ),
    pair(
        side(Knob::PollBudget, Which::NotZero),
        side(Knob::Pattern, Which::Patterns(is_closed)),
        Together::Own,
        "the device's answer comes while the bottom half polls, so the line rarely interrupts",
    ),
    pair(
        side(Knob::WorkUs, Which::NotZero),
        side(Knob::Workqueue, Which::Flavors(must_not_sleep)),
        Together::Own,
        "a run is busy for 50 ms at most, and its time is charged to `cpu_limit_pct`, because it is taken from all threads",
    ),
    pair(
        side(Knob::WorkSleepUs, Which::NotZero),
        side(Knob::Workqueue, Which::Flavors(must_not_sleep)),
        Together::Refused,
        "a bottom half in an interrupt, in a softirq or in NAPI's thread must not sleep",
    ),
    pair(
        side(Knob::WorkUs, Which::NotZero),
        side(Knob::WorkSleepUs, Which::NotZero),
        Together::Own,
        "a run is busy first, and then sleeps",
    ),
    pair(
        side(Knob::WorkUs, Which::NotZero),
        side(Knob::WorkBytes, Which::NotZero),
        Together::Own,
        "a run touches its memory first, and that time is a part of `work_us`",
    ),
    pair(
        side(Knob::WorkBytes, Which::NotZero),
        side(Knob::Workqueue, Which::Any),
        Together::Own,
        "the flavor decides on which CPU a run executes, and so whether the memory is in that CPU's caches",
    ),
];

/// The knobs that belong to the interrupt: two lines that share one must have equal values.
pub const OF_INTERRUPT: &[Knob] = &[Knob::IrqType, Knob::Affinity];

/// The line that shares the interrupt of `line`, of `lines` lines: an even line and the next one
/// share an interrupt if `is_shared` holds for both. `None` for a line that does not share one.
pub fn neighbour(line: usize, lines: usize, is_shared: impl Fn(usize) -> bool) -> Option<usize> {
    let other = line ^ 1;
    (line < lines && other < lines && is_shared(line) && is_shared(other)).then_some(other)
}

/// Different values of two lines that share an interrupt. The module refuses them.
#[derive(Clone, Copy, Debug)]
pub struct Difference {
    /// The knob, one of [`OF_INTERRUPT`].
    pub knob: Knob,
    /// The two lines.
    pub lines: [usize; 2],
    /// The value of each.
    pub values: [i64; 2],
}

/// The difference for which `line`, of `lines` lines, cannot share an interrupt, given the values
/// of all knobs. `None` when it can, or does not share one.
pub fn difference(
    line: usize,
    lines: usize,
    value_of: impl Fn(usize, Knob) -> i64,
) -> Option<Difference> {
    let other = neighbour(line, lines, |line| value_of(line, Knob::Shared) != 0)?;
    OF_INTERRUPT.iter().find_map(|&knob| {
        let values = [value_of(line, knob), value_of(other, knob)];
        (values[0] != values[1]).then_some(Difference {
            knob,
            lines: [line, other],
            values,
        })
    })
}

/// Why a value of a knob is refused.
#[derive(Clone, Copy, Debug)]
pub struct Refusal {
    /// The knob to set.
    pub knob: Knob,
    /// The refused value.
    pub value: i64,
    /// The side of the other knob, which keeps its value.
    pub other: Side,
    /// That knob's value.
    pub other_value: i64,
    /// The reason, in a sentence.
    pub why: &'static str,
}

/// Why a line refuses `value` for `knob`, given the values of its other knobs. `None` when it
/// accepts the value.
pub fn refusal(knob: Knob, value: i64, value_of: impl Fn(Knob) -> i64) -> Option<Refusal> {
    for pair in PAIRS {
        for (own, other) in [(pair.first, pair.second), (pair.second, pair.first)] {
            if own.knob != knob {
                continue;
            }
            let other_value = value_of(other.knob);
            if pair.refuses((knob, value), (other.knob, other_value)) {
                return Some(Refusal {
                    knob,
                    value,
                    other,
                    other_value,
                    why: pair.why,
                });
            }
        }
    }
    None
}

impl Pair {
    /// Whether the pair refuses these two values together.
    pub fn refuses(&self, one: (Knob, i64), other: (Knob, i64)) -> bool {
        let are = |(first, value): (Knob, i64), (second, other_value): (Knob, i64)| {
            (self.first.knob, self.second.knob) == (first, second)
                && self.first.has(value)
                && self.second.has(other_value)
        };
        self.together == Together::Refused && (are(one, other) || are(other, one))
    }
}

impl Side {
    /// Whether `value` is one of the side's values.
    pub fn has(&self, value: i64) -> bool {
        match self.which {
            Which::Any => true,
            Which::Zero => value == 0,
            Which::NotZero => value != 0,
            Which::Flavors(holds) => holds(Flavor::from_value(value)),
            Which::Patterns(holds) => holds(Pattern::from_value(value)),
            Which::Affinities(holds) => holds(Affinity::from_value(value)),
        }
    }

    /// Writes the side's values, or, with `others`, all other values: `work_us other than 0`,
    /// `pattern=burst, closed`.
    pub fn show(&self, others: bool, out: &mut dyn fmt::Write) -> fmt::Result {
        let spec = self.knob.spec();
        let name = spec.name;
        match (self.which, others) {
            (Which::Any, false) => out.write_str(name),
            (Which::Any, true) => write!(out, "no {name}"),
            (Which::Zero, false) | (Which::NotZero, true) => write!(out, "{name}=0"),
            (Which::NotZero, false) | (Which::Zero, true) => write!(out, "{name} other than 0"),
            (Which::Flavors(_) | Which::Patterns(_) | Which::Affinities(_), _) => {
                let Values::Choice(names) = spec.values else {
                    return out.write_str(name);
                };
                let mut before = "=";
                out.write_str(name)?;
                for (value, choice) in (0..).zip(names) {
                    if self.has(value) != others {
                        write!(out, "{before}{choice}")?;
                        before = ", ";
                    }
                }
                Ok(())
            }
        }
    }
}

/// `work_sleep_us=5 cannot be combined with workqueue=bh: ` and the reason.
impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (spec, other) = (self.knob.spec(), self.other.knob.spec());
        write!(f, "{}=", spec.name)?;
        spec.show(self.value, f)?;
        write!(f, " cannot be combined with {}=", other.name)?;
        other.show(self.other_value, f)?;
        write!(f, ": {}", self.why)
    }
}

/// `line 0: irq_type=level cannot be combined with irq_type=edge of line 1: ` and the reason.
impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            knob,
            lines: [line, other],
            values: [value, other_value],
        } = *self;
        let spec = knob.spec();
        write!(f, "line {line}: {}=", spec.name)?;
        spec.show(value, f)?;
        write!(f, " cannot be combined with {}=", spec.name)?;
        spec.show(other_value, f)?;
        write!(f, " of line {other}: the two share an interrupt")
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.show(false, f)
    }
}
