// SPDX-License-Identifier: GPL-2.0-only

//! Latency against CPU time: which cells of a load may be the right choice, and which never are.
//!
//! A cell is the right choice for somebody if no other has both less latency and less CPU time: such cells are the
//! frontier. A cell is never the right choice if another one surely has no more of both, and surely less of one.
//! "Surely" refers to the intervals of the medians, which must not overlap. If only the medians rule a cell out, it
//! cannot be told apart from the frontier. The floor is not a choice, so it rules nothing out.

use serde::Serialize;

use super::answer::listed;
use super::group::{CPU, FLOOR, Group, groups, series};
use super::metric::{Metric, THRESHOLD};
use super::ranking::may_rank;
use crate::percentile::Percentile;
use crate::results::{Cell, Estimate, Results, Setting};
use simrupt_statistics::power;

/// How many cells a sentence names that are never the right choice. If there are more, it counts them: it names all
/// others.
const MOST_NAMES: usize = 8;

/// The relation of a cell to the frontier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// It is only measured for comparison.
    Floor,
    /// No other cell has both less latency and less CPU time.
    Frontier,
    /// Another cell has both, but the intervals overlap.
    NotToldApart,
    /// Another cell surely has both: the one at this index in the group.
    Never(usize),
}

impl Place {
    /// The place in words.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Floor => "floor",
            Self::Frontier => "on the frontier",
            Self::NotToldApart => "cannot be told apart from the frontier",
            Self::Never(_) => "never the right choice",
        }
    }
}

/// A cell that has both figures.
#[derive(Debug, Clone, Copy)]
pub(super) struct Point<'a> {
    /// Its index in the group.
    pub(super) at: usize,
    pub(super) cell: &'a Cell,
    pub(super) cpu: &'a Estimate,
    pub(super) latency: &'a Estimate,
    pub(super) place: Place,
}

/// The cells of a load by latency and CPU time.
#[derive(Debug)]
pub(super) struct Frontier<'a> {
    /// The figure of latency.
    pub(super) latency: Metric<'a>,
    /// In the order of the group; at least two of them are not the floor.
    pub(super) points: Vec<Point<'a>>,
    /// Whether the run can tell which cells are never the right choice: it has enough rounds, and may rank.
    pub(super) is_told: bool,
}

impl<'a> Frontier<'a> {
    /// The frontier of a group; `None` if there is nothing to choose from.
    pub(super) fn of(group: &Group<'a>, results: &Results) -> Option<Self> {
        let latency = tail(group)?;
        let points = group.cells.iter().enumerate().filter_map(|(at, cell)| {
            let is_finite = |one: &&Estimate| {
                let ends = [one.median, one.low, one.high];
                ends.iter().all(|value| value.is_finite())
            };
            Some(Point {
                at,
                cell,
                cpu: cell.metrics.get(CPU.0).filter(is_finite)?,
                latency: cell.metrics.get(latency.0).filter(is_finite)?,
                place: match cell.setting.flavor == FLOOR {
                    true => Place::Floor,
                    false => Place::Frontier,
                },
            })
        });
        let mut points: Vec<Point<'a>> = points.collect();
        let is_choice = |point: &&Point<'_>| point.place != Place::Floor;
        let choices: Vec<Point<'a>> = points.iter().filter(is_choice).copied().collect();
        if choices.len() < 2 {
            return None;
        }
        let rounds = choices.iter().map(|point| point.cell.rounds.len()).min();
        let is_told = may_rank(&results.environment) && rounds.is_some_and(power::can_rank);
        for point in points.iter_mut().filter(|one| one.place != Place::Floor) {
            point.place = place(point, &choices, latency, is_told);
        }
        Some(Self {
            latency,
            points,
            is_told,
        })
    }

    /// The cells of the frontier, by CPU time ascending.
    pub(super) fn line(&self) -> Vec<&Point<'a>> {
        let mut line: Vec<&Point<'a>> = self.placed(|place| place == Place::Frontier).collect();
        line.sort_by(|one, other| one.cpu.median.total_cmp(&other.cpu.median));
        line
    }

    /// The cells for whose place `is` is true.
    fn placed(&self, is: impl Fn(Place) -> bool) -> impl Iterator<Item = &Point<'a>> {
        self.points.iter().filter(move |point| is(point.place))
    }

    /// The result in a sentence; `None` if the run cannot tell.
    pub(super) fn sentence(&self) -> Option<String> {
        if !self.is_told {
            return None;
        }
        let names = |points: &[&Point<'_>]| {
            let names = points.iter().map(|point| series(&point.cell.setting));
            listed(&names.collect::<Vec<_>>())
        };
        let mut parts = vec![format!(
            "{} against CPU: the frontier is {}",
            self.latency.title(),
            names(&self.line())
        )];
        let unsure: Vec<_> = self.placed(|place| place == Place::NotToldApart).collect();
        if !unsure.is_empty() {
            let names = names(&unsure);
            parts.push(format!("cannot be told apart from it: {names}"));
        }
        let never: Vec<_> = self
            .placed(|place| matches!(place, Place::Never(_)))
            .collect();
        parts.extend(match never.len() {
            0 => None,
            1..=MOST_NAMES => Some(format!("never the right choice: {}", names(&never))),
            others => Some(format!("never the right choice: the {others} others")),
        });
        Some(parts.join("; "))
    }
}

/// The latency figure for the tail of a group: p99 of the time to the reader or, if nothing reads, to the bottom half.
/// If fewer cells have p99 than another percentile, it is the greatest of those.
fn tail<'a>(group: &Group<'a>) -> Option<Metric<'a>> {
    ["due_read", "irq_bh"].into_iter().find_map(|stage| {
        let percentile = |name: &str| {
            let name = name.strip_prefix(stage)?.strip_prefix('_')?;
            Percentile::of_name(name.strip_suffix("_ns")?)
        };
        let names = group.cells.iter().flat_map(|cell| cell.metrics.keys());
        let tails = names.filter_map(|name| Some((percentile(name)?, name)));
        let (_, name) = tails.max_by_key(|(percentile, name)| {
            let having = |cell: &&&Cell| cell.metrics.contains_key(*name);
            let count = group.cells.iter().filter(having).count();
            (count, *percentile == Percentile::whole(99), *percentile)
        })?;
        Some(Metric(name))
    })
}

/// The place of a cell among all choices.
fn place(point: &Point<'_>, choices: &[Point<'_>], latency: Metric<'_>, is_told: bool) -> Place {
    let figures = |one: &Point<'_>| [(CPU.0, one.cpu.clone()), (latency.0, one.latency.clone())];
    let mine = figures(point);
    let rules_out = |other: &&Point<'_>,
                     no_more: fn(&Estimate, &Estimate) -> bool,
                     less: fn(Metric<'_>, &Estimate, &Estimate) -> bool| {
        let theirs = figures(other);
        let mut pairs = theirs.iter().zip(&mine);
        let has_no_more = pairs
            .clone()
            .all(|((_, other), (_, mine))| no_more(other, mine));
        has_no_more && pairs.any(|((name, other), (_, mine))| less(Metric(name), other, mine))
    };
    let surely = choices.iter().filter(|other| {
        rules_out(
            other,
            |other, mine| other.high <= mine.low,
            |metric, other, mine| {
                let least = metric.least_difference(other.median, THRESHOLD);
                other.high < mine.low && mine.median - other.median >= least
            },
        )
    });
    // Of several, the one with the least latency.
    let surely = surely.min_by(|one, other| one.latency.median.total_cmp(&other.latency.median));
    let by_medians = || {
        choices.iter().any(|other| {
            rules_out(
                &other,
                |other, mine| other.median <= mine.median,
                |_, other, mine| other.median < mine.median,
            )
        })
    };
    match surely {
        Some(other) if is_told => Place::Never(other.at),
        _ if by_medians() => Place::NotToldApart,
        _ => Place::Frontier,
    }
}

/// The frontier of a load in the result file. Cells are indices of `cells`.
#[derive(Debug, Serialize)]
struct Document<'a> {
    load: Load<'a>,
    cpu_metric: &'static str,
    latency_metric: &'a str,
    /// By CPU time, ascending.
    frontier: Vec<usize>,
    never: Vec<Never>,
    not_told_apart: Vec<usize>,
}

/// The common setting of the cells.
#[derive(Debug, Serialize)]
struct Load<'a>(#[serde(serialize_with = "without_choices")] &'a Setting);

/// A setting without the fields in which its cells differ.
fn without_choices<S: serde::Serializer>(setting: &Setting, to: S) -> Result<S::Ok, S::Error> {
    use serde::ser::{Error, SerializeMap};
    let value = serde_json::to_value(setting).map_err(S::Error::custom)?;
    let fields = value.as_object().into_iter().flatten();
    let fields = fields.filter(|(name, _)| !["flavor", "affinity_scope"].contains(&name.as_str()));
    let mut map = to.serialize_map(None)?;
    for (name, value) in fields {
        map.serialize_entry(name, value)?;
    }
    map.end()
}

/// A cell that is never the right choice, and one that rules it out.
#[derive(Debug, Serialize)]
struct Never {
    cell: usize,
    because_of: usize,
}

/// The results with the frontiers of all loads, as a document.
#[derive(Debug, Serialize)]
struct Whole<'a> {
    #[serde(flatten)]
    results: &'a Results,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    frontiers: Vec<Document<'a>>,
}

/// The document of a run: its results, and the frontiers of its loads if the run can tell them.
///
/// # Errors
///
/// Says why it could not be made.
pub fn json(results: &Results) -> Result<String, String> {
    let groups = groups(results);
    let told = groups.iter().filter_map(|group| {
        let frontier = Frontier::of(group, results).filter(|one| one.is_told)?;
        Some(document(group, &frontier, results))
    });
    let whole = Whole {
        results,
        frontiers: told.collect(),
    };
    let text = serde_json::to_string(&whole).map_err(|error| error.to_string())?;
    Ok(text + "\n")
}

fn document<'a>(group: &'a Group<'a>, frontier: &Frontier<'a>, results: &Results) -> Document<'a> {
    let index = |cell: &Cell| {
        let mut cells = results.cells.iter();
        cells.position(|one| std::ptr::eq(one, cell)).unwrap_or(0)
    };
    let indices = |points: Vec<&Point<'_>>| points.iter().map(|point| index(point.cell)).collect();
    let never = frontier
        .points
        .iter()
        .filter_map(|point| match point.place {
            Place::Never(by) => Some(Never {
                cell: index(point.cell),
                because_of: index(group.cells[by]),
            }),
            _ => None,
        });
    Document {
        load: Load(&group.common),
        cpu_metric: CPU.0,
        latency_metric: frontier.latency.0,
        frontier: indices(frontier.line()),
        never: never.collect(),
        not_told_apart: indices(frontier.placed(|one| one == Place::NotToldApart).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;
    use simrupt_statistics::estimate;

    /// A run of one load in which flavors have these values of p99 and of CPU time, six rounds each with this spread.
    fn run(flavors: &[(&str, f64, f64)], spread: f64) -> Results {
        let mut results = sample::results();
        let rounds = [0.3, -1.0, 0.6, 1.0, -0.4, -0.1];
        let cell = |(flavor, latency, cpu): &(&str, f64, f64)| {
            let values = |middle: f64| rounds.map(|round| middle * (1.0 + round * spread));
            let mut cell = sample::cell_of(flavor, "due_read_p99_ns", &values(*latency));
            if let Some(estimate) = estimate(&values(*cpu)) {
                cell.metrics.insert(CPU.0.to_string(), estimate);
            }
            cell
        };
        results.cells = flavors.iter().map(cell).collect();
        results
    }

    fn places(results: &Results) -> Vec<Place> {
        let groups = groups(results);
        let frontier = Frontier::of(&groups[0], results).unwrap();
        frontier.points.iter().map(|point| point.place).collect()
    }

    fn sentence(results: &Results) -> Option<String> {
        Frontier::of(&groups(results)[0], results).and_then(|one| one.sentence())
    }

    #[test]
    fn a_cell_with_more_latency_and_more_cpu_time_is_never_the_right_choice() {
        let results = run(
            &[
                ("bh", 10.0, 5.0),
                ("tasklet", 8.0, 7.0),
                ("bound", 20.0, 9.0),
                ("ordered", 9.0, 8.0),
            ],
            0.001,
        );
        let expected = [
            Place::Frontier,
            Place::Frontier,
            Place::Never(1),
            Place::Never(1),
        ];
        assert_eq!(places(&results), expected);
        assert_eq!(
            sentence(&results).as_deref(),
            Some(
                "due→read p99 against CPU: the frontier is bh and tasklet; never the right choice: bound and ordered"
            )
        );
    }

    #[test]
    fn many_cells_that_are_never_the_right_choice_are_counted() {
        let mut cells = vec![("bh", 10.0, 5.0), ("tasklet", 10.5, 5.4)];
        cells.extend([("bound", 20.0, 9.0); MOST_NAMES - 1]);
        let named = sentence(&run(&cells, 0.001)).unwrap();
        assert!(named.contains("tasklet, bound, bound"), "{named}");
        cells.push(("ordered", 20.0, 9.0));
        assert_eq!(
            sentence(&run(&cells, 0.001)).as_deref(),
            Some(
                "due→read p99 against CPU: the frontier is bh; never the right choice: the 9 others"
            )
        );
    }

    #[test]
    fn the_floor_rules_nothing_out() {
        let results = run(
            &[("none", 1.0, 1.0), ("bh", 10.0, 5.0), ("bound", 20.0, 9.0)],
            0.0,
        );
        assert_eq!(
            places(&results),
            [Place::Floor, Place::Frontier, Place::Never(1)]
        );
        // A single choice has no frontier.
        let results = run(&[("none", 1.0, 1.0), ("bh", 10.0, 5.0)], 0.0);
        assert!(Frontier::of(&groups(&results)[0], &results).is_none());
    }

    #[test]
    fn a_cell_that_only_the_medians_rule_out_is_not_told_apart() {
        let flavors = [("bh", 10.0, 5.0), ("tasklet", 10.5, 5.4)];
        assert_eq!(
            places(&run(&flavors, 0.2)),
            [Place::Frontier, Place::NotToldApart]
        );
        assert_eq!(
            places(&run(&flavors, 0.001)),
            [Place::Frontier, Place::Never(0)]
        );
        assert_eq!(
            sentence(&run(&flavors, 0.2)).as_deref(),
            Some(
                "due→read p99 against CPU: the frontier is bh; cannot be told apart from it: tasklet"
            )
        );
        // The latency is surely longer, but the CPU time may be less.
        let mut mixed = run(&[("bh", 10.0, 5.0), ("tasklet", 30.0, 5.1)], 0.001);
        mixed.cells[1].metrics.get_mut(CPU.0).unwrap().low = 4.9;
        assert_eq!(places(&mixed), [Place::Frontier, Place::NotToldApart]);
    }

    #[test]
    fn a_difference_that_is_too_small_to_count_rules_nothing_out() {
        let results = run(&[("bh", 1000.0, 500.0), ("tasklet", 1005.0, 505.0)], 0.0);
        assert_eq!(places(&results), [Place::Frontier, Place::NotToldApart]);
    }

    #[test]
    fn cells_that_tie_are_both_on_the_frontier() {
        let results = run(&[("bh", 10.0, 5.0), ("tasklet", 10.0, 5.0)], 0.0);
        assert_eq!(places(&results), [Place::Frontier, Place::Frontier]);
        // A tie in one figure, and surely more of the other.
        let results = run(&[("bh", 10.0, 5.0), ("tasklet", 10.0, 9.0)], 0.0);
        assert_eq!(places(&results), [Place::Frontier, Place::Never(0)]);
    }

    #[test]
    fn a_cell_without_one_of_the_figures_is_left_out() {
        let mut results = run(
            &[
                ("bh", 10.0, 5.0),
                ("tasklet", 8.0, 7.0),
                ("bound", 20.0, 9.0),
                ("ordered", 1.0, 1.0),
            ],
            0.0,
        );
        results.cells[1].metrics.remove(CPU.0);
        results.cells[3].metrics.get_mut(CPU.0).unwrap().median = f64::NAN;
        let groups = groups(&results);
        let frontier = Frontier::of(&groups[0], &results).unwrap();
        let at: Vec<usize> = frontier.points.iter().map(|point| point.at).collect();
        assert_eq!(at, [0, 2]);
        results
            .cells
            .iter_mut()
            .for_each(|cell| cell.metrics.clear());
        let groups = super::groups(&results);
        assert!(Frontier::of(&groups[0], &results).is_none());
    }

    #[test]
    fn the_percentile_is_one_that_most_cells_have() {
        let mut results = run(&[("bh", 10.0, 5.0), ("bound", 20.0, 9.0)], 0.0);
        let name = |results: &Results| tail(&groups(results)[0]).unwrap().0.to_string();
        for cell in &mut results.cells {
            let estimate = cell.metrics["due_read_p99_ns"].clone();
            for more in ["due_read_p90_ns", "due_read_p999_ns", "irq_bh_p99_ns"] {
                cell.metrics.insert(more.to_string(), estimate.clone());
            }
        }
        assert_eq!(name(&results), "due_read_p99_ns");
        results.cells[0].metrics.remove("due_read_p99_ns");
        assert_eq!(name(&results), "due_read_p999_ns");
        results.cells[0].metrics.remove("due_read_p999_ns");
        assert_eq!(name(&results), "due_read_p90_ns");
        for cell in &mut results.cells {
            cell.metrics.retain(|name, _| !name.starts_with("due_read"));
        }
        assert_eq!(name(&results), "irq_bh_p99_ns");
    }

    #[test]
    fn with_few_rounds_or_grade_d_nothing_is_ruled_out() {
        let mut results = run(&[("bh", 10.0, 5.0), ("bound", 20.0, 9.0)], 0.0);
        assert_eq!(places(&results), [Place::Frontier, Place::Never(0)]);
        for cell in &mut results.cells {
            cell.rounds.truncate(5);
        }
        assert_eq!(places(&results), [Place::Frontier, Place::NotToldApart]);
        assert_eq!(sentence(&results), None);
        assert!(!json(&results).unwrap().contains("frontiers"));
        let mut results = run(&[("bh", 10.0, 5.0), ("bound", 20.0, 9.0)], 0.0);
        results.environment.grade = "D".to_string();
        assert_eq!(sentence(&results), None);
    }

    #[test]
    fn the_document_has_the_frontiers_and_is_a_result_all_the_same() {
        let results = sample::results();
        let text = json(&results).unwrap();
        let document: serde_json::Value = serde_json::from_str(&text).unwrap();
        let frontiers = document["frontiers"].as_array().unwrap();
        assert_eq!(frontiers.len(), groups(&results).len());
        for one in frontiers {
            let placed = ["frontier", "never", "not_told_apart"]
                .map(|name| one[name].as_array().unwrap().len());
            assert!(placed.iter().sum::<usize>() >= 4, "{one}");
            assert!(one["load"]["flavor"].is_null() && !one["load"]["lines"].is_null());
            for never in one["never"].as_array().unwrap() {
                let cell = |name: &str| &document["cells"][never[name].as_u64().unwrap() as usize];
                let cpu = |name| cell(name)["metrics"][CPU.0]["median"].as_f64().unwrap();
                assert!(cpu("because_of") <= cpu("cell"), "{never}");
            }
        }
        assert!(serde_json::from_str::<Results>(&text).unwrap() == results);
    }
}
