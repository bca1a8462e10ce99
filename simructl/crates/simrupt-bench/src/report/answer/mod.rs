// SPDX-License-Identifier: GPL-2.0-only

//! The answer to the question "which flavor?": over all loads of a run, and for each load, which flavors are best in
//! speed, CPU time and loss, and how far the others are behind. Its statements are limited to those that the
//! [rankings](super::ranking) support.
//!
//! - `over_all`: the sentences over all loads;
//! - `load`: the sentences of one load.

mod load;
mod over_all;

use super::frontier::Frontier;
use super::group::{CPU, FLOOR, Group, LOSS, conditions, figure_of, groups, series, under_stress};
use super::metric::Metric;
use super::ranking::{Ranking, Rankings, may_rank};
use crate::results::Results;
use crate::setting::Stress;

/// The heading of the answer.
pub(super) const TITLE: &str = "which flavor?";

/// The sentences of the answer. Without cells there are none.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Answer {
    pub(super) over_all: Vec<String>,
    /// The title of each load, a sentence for each figure, and one on latency against CPU time.
    pub(super) loads: Vec<(String, Vec<String>)>,
}

impl Answer {
    pub(super) fn is_empty(&self) -> bool {
        self.over_all.is_empty() && self.loads.is_empty()
    }
}

/// A criterion for the choice of a flavor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Question {
    Speed,
    Cpu,
    Loss,
}

const QUESTIONS: [Question; 3] = [Question::Speed, Question::Cpu, Question::Loss];

impl Question {
    fn title(self) -> &'static str {
        match self {
            Self::Speed => "speed",
            Self::Cpu => "CPU",
            Self::Loss => "loss",
        }
    }

    /// The figure for this criterion.
    fn metric(self, group: &Group<'_>) -> Metric<'static> {
        match self {
            Self::Speed => group.speed_metric(),
            Self::Cpu => CPU,
            Self::Loss => LOSS,
        }
    }
}

/// A load whose flavors are ranked by the figure of a question.
#[derive(Debug, Clone, Copy)]
struct Ranked<'a> {
    question: Question,
    /// The index of the load among those of the run.
    load: usize,
    group: &'a Group<'a>,
    ranking: &'a Ranking,
}

impl Ranked<'_> {
    fn name(&self, at: usize) -> String {
        series(&self.group.cells[at].setting)
    }

    fn value(&self, at: usize) -> f64 {
        figure_of(self.group.cells[at], self.ranking.metric).unwrap_or(f64::NAN)
    }

    /// Whether any flavor is told apart from the best.
    fn tells(&self) -> bool {
        let mut order = self.ranking.order.iter();
        order.any(|at| !self.ranking.is_among_best(*at))
    }

    /// Whether the figure is one of losses, and all of them are 0.
    fn is_without_loss(&self) -> bool {
        let mut all = self.ranking.order.iter().chain(&self.ranking.floor);
        self.question == Question::Loss && all.all(|at| self.value(*at) == 0.0)
    }
}

/// The answer of a run.
pub(super) fn answer(results: &Results) -> Answer {
    let groups = groups(results);
    if groups.is_empty() {
        return Answer::default();
    }
    if !may_rank(&results.environment) {
        let reasons = results.environment.reasons.join("; ");
        return Answer {
            over_all: vec![format!(
                "This run cannot say: its grade is D, so nothing is ranked ({reasons})."
            )],
            loads: Vec::new(),
        };
    }
    let rankings = Rankings::of(&groups, results);
    let mut ranked = Vec::new();
    let mut notes = Vec::new();
    for (load, group) in groups.iter().enumerate() {
        for question in QUESTIONS {
            let Some(ranking) = rankings.get(load, question.metric(group)) else {
                continue;
            };
            notes.extend(ranking.note.as_deref());
            if ranking.has_places() {
                ranked.push(Ranked {
                    question,
                    load,
                    group,
                    ranking,
                });
            }
        }
    }
    let mut over_all = match notes.first() {
        _ if !ranked.is_empty() => over_all::sentences(&ranked, groups.len()),
        Some(note) => vec![format!("This run cannot say: {note}.")],
        None => vec![format!(
            "This run cannot say: no load was measured with two flavors beside {}.",
            FLOOR.name()
        )],
    };
    over_all.extend(without_stress(&groups));
    let loads = groups.iter().enumerate().map(|(load, group)| {
        let of_load = ranked.iter().filter(|one| one.load == load);
        let mut sentences: Vec<String> = of_load.map(load::sentence).collect();
        let frontier = Frontier::of(group, results);
        sentences.extend(frontier.and_then(|one| one.sentence()));
        (group.name().1, sentences)
    });
    Answer {
        over_all,
        loads: loads
            .filter(|(_, sentences): &(_, Vec<_>)| !sentences.is_empty())
            .collect(),
    }
}

/// Names the loads that were measured only without interference, if there are any.
fn without_stress(groups: &[Group<'_>]) -> Option<String> {
    let families = under_stress(groups);
    let is_calm = |group: &&Group<'_>| {
        let is_of = |family: &Vec<&Group<'_>>| family.iter().any(|one| one.common == group.common);
        group.common.stress == Stress::Idle && !families.iter().any(is_of)
    };
    let calm = groups.iter().filter(is_calm);
    let calm: Vec<String> = calm.map(|group| conditions(&group.common)).collect();
    let measured = match calm.len() {
        0 => return None,
        all if all == groups.len() => "No interference was measured (bench --stress)".to_string(),
        _ => format!("No interference was measured at: {}", calm.join("; ")),
    };
    Some(format!(
        "{measured}. On a busy machine the order may be another."
    ))
}

/// Names in a sentence: `a`, `a and b`, `a, b and c`.
pub(super) fn listed<Name: AsRef<str>>(names: &[Name]) -> String {
    let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
    match names.as_slice() {
        [] => String::new(),
        [one] => (*one).to_string(),
        [others @ .., last] => format!("{} and {last}", others.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;
    use crate::setting::Mode;

    /// A run in which these flavors have these values in six rounds, with differences of up to 1 %.
    fn run(metric: &str, flavors: &[(&str, f64)]) -> Results {
        let mut results = sample::results();
        let rounds = [0.3, -1.0, 0.6, 0.1, -0.4, -0.1];
        let cell = |(at, (flavor, value)): (usize, &(&str, f64))| {
            let mut values = rounds.map(|round| value * (1.0 + round / 100.0));
            values.rotate_left(at);
            sample::cell_of(flavor, metric, &values)
        };
        results.cells = flavors.iter().enumerate().map(cell).collect();
        results
    }

    #[test]
    fn the_best_flavor_is_named_and_how_far_the_others_are_behind() {
        let flavors = [("none", 2000.0), ("bound", 14_000.0), ("bh", 10_000.0)];
        let answer = answer(&run("due_read_p99_ns", &flavors));
        let said = "due→read p99: bh is best, 10.00 µs; bound takes 1.40 times as long; none, the floor, takes \
                    0.20 times as long";
        assert_eq!(answer.loads[0].1, [said]);
        assert_eq!(
            answer.over_all,
            [
                "bh is best, or not told apart from the best, in speed.",
                "No interference was measured (bench --stress). On a busy machine the order may be another."
            ]
        );
    }

    #[test]
    fn flavors_that_are_not_told_apart_are_named_together() {
        let flavors = [
            ("none", 10_010.0),
            ("tasklet", 10_020.0),
            ("bh", 10_000.0),
            ("bound", 30_000.0),
        ];
        let answer = answer(&run("busy_ns_per_event", &flavors));
        let said = "CPU: bh and tasklet are not told apart, 10000 to 10020 ns/event; bound costs 3.0 times as much; \
                    none, the floor, is not told apart from the best";
        assert_eq!(answer.loads[0].1, [said]);
        let first = "tasklet and bh are best, or not told apart from the best, in CPU.";
        assert_eq!(answer.over_all[0], first);
    }

    #[test]
    fn many_others_are_a_range() {
        let flavors = ["bh", "bound", "highpri", "unbound", "ordered"]
            .iter()
            .zip([10.0, 15.0, 20.0, 25.0, 30.0]);
        let flavors: Vec<(&str, f64)> = flavors.map(|(name, value)| (*name, value)).collect();
        let answer = answer(&run("busy_ns_per_event", &flavors));
        let said = "CPU: bh is best, 10.00 ns/event; the 4 others cost 1.50 times (bound) to 3.0 times (ordered) as much";
        assert_eq!(answer.loads[0].1, [said]);
    }

    #[test]
    fn in_a_closed_loop_fewer_runs_take_longer() {
        let mut results = run("runs_hz", &[("bound", 200_000.0), ("unbound", 100_000.0)]);
        for cell in &mut results.cells {
            cell.setting.mode = Mode::Saturate;
        }
        let said = "runs: bound is best, 200000 /s; unbound takes 2.0 times as long";
        assert_eq!(answer(&results).loads[0].1, [said]);
    }

    #[test]
    fn losses_are_told_as_shares() {
        let losses = [("bh", 0.0), ("bound", 0.0), ("unbound", 0.02)];
        let answer = answer(&run("loss_ratio", &losses));
        let said = "loss: bh and bound are not told apart, 0 %; unbound loses 2.000 %";
        assert_eq!(answer.loads[0].1, [said]);
        let without = super::answer(&run("loss_ratio", &losses[..2]));
        assert_eq!(without.loads[0].1, ["loss: no event was lost"]);
        assert_eq!(
            without.over_all[0],
            "No two flavors are told apart by any figure."
        );
    }

    #[test]
    fn over_several_loads_flavors_are_counted_where_they_were_measured() {
        let metric = "busy_ns_per_event";
        let mut results = run(metric, &[("bh", 10.0), ("bound", 20.0)]);
        let more = run(metric, &[("bh", 20.0), ("bound", 10.0), ("ordered", 10.01)]);
        results.cells.extend(more.cells.into_iter().map(|mut cell| {
            cell.setting.rate_hz = Some(9);
            cell
        }));
        let answer = answer(&results);
        assert_eq!(
            answer.over_all[..2],
            [
                "ordered is best, or not told apart from the best, in CPU, wherever it was measured: in 1 of 2 loads.",
                "CPU: among the best are ordered in 1 of 1, bh in 1 of 2 and bound in 1 of 2 loads."
            ]
        );
    }

    #[test]
    fn the_best_of_both_loads_is_said_to_be() {
        let metric = "busy_ns_per_event";
        let mut results = run(metric, &[("bh", 10.0), ("bound", 20.0)]);
        let mut more = results.cells.clone();
        for cell in &mut more {
            cell.setting.stress = Stress::Cpu;
        }
        results.cells.extend(more);
        assert_eq!(
            answer(&results).over_all,
            [
                "bh is best, or not told apart from the best, in CPU, in both loads.",
                "CPU: among the best is bh in 2 of 2 loads."
            ]
        );
    }

    #[test]
    fn a_load_that_was_stressed_is_not_said_to_lack_it() {
        let results = sample::results();
        let said = answer(&results).over_all;
        let last = "No interference was measured at: saturated, burst 1, fifo 4096, work 0 µs, 2 lines. On a busy \
                    machine the order may be another.";
        assert_eq!(said.last().map(String::as_str), Some(last));
        let mut stressed = results;
        stressed
            .cells
            .retain(|cell| cell.setting.mode == Mode::Rate);
        let said = answer(&stressed).over_all;
        assert!(
            said.iter().all(|one| !one.contains("interference")),
            "{said:?}"
        );
    }

    #[test]
    fn a_run_of_grade_d_has_only_the_reason_as_its_answer() {
        let mut results = sample::results();
        results.environment.grade = "D".to_string();
        let why =
            "This run cannot say: its grade is D, so nothing is ranked (the CPU is emulated).";
        let answer = answer(&results);
        assert_eq!(
            (answer.over_all, answer.loads),
            (vec![why.to_string()], Vec::new())
        );
    }

    #[test]
    fn too_few_rounds_and_too_few_flavors_are_said() {
        let mut results = run("loss_ratio", &[("none", 0.1), ("bh", 0.2)]);
        let one = "This run cannot say: no load was measured with two flavors beside none.";
        assert_eq!(answer(&results).over_all[0], one);
        results
            .cells
            .extend(run("loss_ratio", &[("bound", 0.1)]).cells);
        for cell in &mut results.cells {
            cell.rounds.truncate(5);
        }
        let few = "This run cannot say: too few rounds to rank: 5 rounds, and it takes 6.";
        assert_eq!(answer(&results).over_all[0], few);
        results.cells.clear();
        assert!(answer(&results).is_empty());
    }
}
