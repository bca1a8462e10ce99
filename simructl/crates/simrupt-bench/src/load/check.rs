// SPDX-License-Identifier: GPL-2.0-only

//! Checks of a result beyond the types of its fields: ranges as in results.schema.json, and the order of rounds and
//! buckets.

use std::collections::HashMap;

use crate::job::RATES_HZ;
use crate::range::within;
use crate::results::{Cell, Cost, Estimate, Histogram, Knee, Results};
use crate::setting::Setting;

/// More values than a bench can count. Sums of smaller values do not overflow.
const MAX_COUNT: u64 = 1 << 48;

/// More rounds, and more visits of cells, than a run can have.
const MAX_ROUNDS: u32 = 1_000_000_000;

/// The greatest figure: nanoseconds in 64 bits are below it.
const MAX_FIGURE: f64 = 1e20;

/// The longest time, in seconds.
const MAX_S: f64 = 1e9;

/// The end of the year 9999, in seconds since 1970.
const MAX_UNIX_S: u64 = 253_402_300_799;

/// The error names a field of a part, and says why the field is refused.
type Outcome = Result<(), String>;

/// Checks a result. The error names the field, its value and the range.
pub(crate) fn check(results: &Results) -> Outcome {
    within("started_unix_s", results.started_unix_s, 0..=MAX_UNIX_S)?;
    within("elapsed_s", results.elapsed_s, 0.0..=MAX_S)?;
    let plan = &results.plan;
    let all = effort(plan.rounds, plan.duration_s, plan.warm_up_s);
    of("plan", all)?;
    let grade = &results.environment.grade;
    if !["A", "B", "C", "D"].contains(&grade.as_str()) {
        return Err(format!("environment.grade: {grade:?} is not A, B, C or D"));
    }
    if let Some(replay) = &results.environment.replay {
        within(
            "environment.replay.arrivals",
            replay.arrivals,
            1..=MAX_COUNT,
        )?;
        within(
            "environment.replay.rate_hz",
            replay.rate_hz,
            0.0..=MAX_FIGURE,
        )?;
    }
    each("costs", &results.costs, cost)?;
    each("cells", &results.cells, cell)?;
    let mut settings = HashMap::new();
    for (at, cell) in results.cells.iter().enumerate() {
        if let Some(same) = settings.insert(&cell.setting, at) {
            return Err(format!(
                "cells[{at}].setting: it is the same as that of cells[{same}]"
            ));
        }
    }
    each("knees", &results.knees, knee)
}

/// Adds the name of the part to an error.
fn of(part: &str, outcome: Outcome) -> Outcome {
    outcome.map_err(|why| format!("{part}.{why}"))
}

/// Checks each item of a list.
fn each<T>(part: &str, all: &[T], check: impl Fn(&T) -> Outcome) -> Outcome {
    let mut numbered = all.iter().enumerate();
    numbered.try_for_each(|(at, one)| of(&format!("{part}[{at}]"), check(one)))
}

fn effort(rounds: u32, duration_s: f64, warm_up_s: f64) -> Outcome {
    within("rounds", rounds, 1..=MAX_ROUNDS)?;
    within("duration_s", duration_s, 0.0..=MAX_S)?;
    within("warm_up_s", warm_up_s, 0.0..=MAX_S)
}

fn cost(cost: &Cost) -> Outcome {
    within("mean_ns", cost.mean_ns, 0.0..=MAX_FIGURE)?;
    within("count", cost.count, 0..=MAX_COUNT)
}

fn setting(setting: &Setting) -> Outcome {
    if let Some(rate_hz) = setting.rate_hz {
        within("rate_hz", rate_hz, RATES_HZ)?;
    }
    within("burst", setting.burst, 1..=u64::MAX)?;
    within("fifo_size", setting.fifo_size, 1..=u64::MAX)?;
    within("lines", setting.lines, 1..=u32::MAX)
}

fn cell(cell: &Cell) -> Outcome {
    of("setting", setting(&cell.setting))?;
    if let Some(own) = &cell.plan {
        let own = effort(own.rounds, own.duration_s, own.warm_up_s);
        of("plan", own)?;
    }
    for (name, one) in &cell.metrics {
        of(&format!("metrics.{name}"), estimate(one))?;
    }
    each("rounds", &cell.rounds, |round| {
        within("round", round.round, 0..=MAX_ROUNDS)?;
        within("position", round.position, 0..=MAX_ROUNDS)?;
        let mut metrics = round.metrics.iter();
        metrics.try_for_each(|(name, value)| {
            within(&format!("metrics.{name}"), *value, 0.0..=MAX_FIGURE)
        })
    })?;
    let ascending = cell.rounds.is_sorted_by(|one, next| one.round < next.round);
    if !ascending {
        return Err("rounds: they are not in ascending order".to_string());
    }
    let mut stages = cell.histograms.iter();
    stages.try_for_each(|(stage, one)| of(&format!("histograms.{stage}"), histogram(one)))
}

fn estimate(one: &Estimate) -> Outcome {
    for (field, value) in [("median", one.median), ("low", one.low), ("high", one.high)] {
        within(field, value, 0.0..=MAX_FIGURE)?;
    }
    within("confidence", one.confidence, 0.0..=1.0)
}

fn histogram(one: &Histogram) -> Outcome {
    within("count", one.count, 0..=MAX_COUNT)?;
    within("overflow", one.overflow, 0..=MAX_COUNT)?;
    each("buckets", &one.buckets, |[low, high, count]| {
        within("count", *count, 0..=MAX_COUNT)?;
        match low <= high {
            true => Ok(()),
            false => Err(format!("low: {low} is above {high}")),
        }
    })?;
    let ascending = one.buckets.is_sorted_by(|one, next| one[1] < next[0]);
    match ascending {
        true => Ok(()),
        false => Err("buckets: they are not in ascending order".to_string()),
    }
}

fn knee(knee: &Knee) -> Outcome {
    of("setting", setting(&knee.setting))?;
    within("min_hz", knee.min_hz, RATES_HZ)?;
    within("max_hz", knee.max_hz, RATES_HZ)?;
    if let Some(rate_hz) = &knee.rate_hz {
        of("rate_hz", estimate(rate_hz))?;
    }
    for (at, rate_hz) in knee.rates_hz.iter().enumerate() {
        if let Some(rate_hz) = rate_hz {
            within(&format!("rates_hz[{at}]"), *rate_hz, RATES_HZ)?;
        }
    }
    each("probes", &knee.probes, |probe| {
        within("rate_hz", probe.rate_hz, RATES_HZ)?;
        within("loss_ratio", probe.loss_ratio, 0.0..=1.0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::{CellPlan, JSON_SCHEMA};
    use crate::sample;
    use serde_json::{Value, json};

    /// A result that has every field of the schema.
    fn whole() -> Results {
        let mut results = sample::results();
        results.environment.replay = Some(crate::results::Replay {
            file: "eth0.arrivals".to_string(),
            sha256: "0".repeat(64),
            arrivals: 3,
            rate_hz: 2.5,
        });
        results.cells[0].plan = Some(CellPlan {
            rounds: 7,
            duration_s: 2.0,
            warm_up_s: 0.5,
        });
        results
    }

    /// Why a document is refused; `None` if it is accepted.
    fn refusal(document: &Value) -> Option<String> {
        match serde_json::from_value::<Results>(document.clone()) {
            Ok(results) => check(&results).err(),
            Err(error) => Some(error.to_string()),
        }
    }

    /// A place in a document, as a JSON pointer, and its part of the schema.
    type Leaf = (String, Value);

    /// The first place of each part of the schema that is a number, or one of several words.
    fn leaves(schema: &Value, root: &Value, document: &Value, at: String, found: &mut Vec<Leaf>) {
        if let Some(reference) = schema["$ref"].as_str() {
            let target = root.pointer(reference.trim_start_matches('#')).unwrap();
            return leaves(target, root, document, at, found);
        }
        for any in schema["anyOf"].as_array().into_iter().flatten() {
            leaves(any, root, document, at.clone(), found);
        }
        match document {
            Value::Object(fields) => {
                for (name, value) in fields {
                    let own = &schema["properties"][name];
                    let schema = match own.is_null() {
                        true => &schema["additionalProperties"],
                        false => own,
                    };
                    leaves(schema, root, value, format!("{at}/{name}"), found);
                }
            }
            Value::Array(list) => {
                for (index, value) in list.iter().enumerate().take(1) {
                    leaves(
                        &schema["items"],
                        root,
                        value,
                        format!("{at}/{index}"),
                        found,
                    );
                }
            }
            _ => found.push((at, schema.clone())),
        }
    }

    #[test]
    fn a_value_that_the_schema_excludes_is_refused() {
        let schema: Value = serde_json::from_str(JSON_SCHEMA).unwrap();
        let document = serde_json::to_value(whole()).unwrap();
        assert_eq!(refusal(&document), None);
        let mut found = Vec::new();
        leaves(&schema, &schema, &document, String::new(), &mut found);
        let mut tried = 0;
        for (at, schema) in found {
            let below = schema["minimum"].as_f64().map(|least| json!(least - 1.0));
            let whole_below = schema["minimum"].as_i64().map(|least| json!(least - 1));
            let above = schema["maximum"]
                .as_f64()
                .map(|most| json!(most * 1.01 + 1.0));
            let whole_above = schema["maximum"].as_u64().map(|most| json!(most + 1));
            let word = schema["enum"].as_array().map(|_| json!("other"));
            for odd in [whole_below.or(below), whole_above.or(above), word] {
                let Some(odd) = odd else { continue };
                let mut document = document.clone();
                *document.pointer_mut(&at).unwrap() = odd.clone();
                let why = refusal(&document);
                let why = why.unwrap_or_else(|| panic!("{at} may be {odd}"));
                let name = at.rsplit('/').next().unwrap();
                let is_named = why.contains(&odd.to_string()) || why.contains(name);
                assert!(is_named, "{at} = {odd}: {why}");
                tried += 1;
            }
        }
        assert!(tried > 60, "{tried}");
    }

    #[test]
    fn the_field_its_value_and_the_range_are_named() {
        let told = |change: fn(&mut Results)| {
            let mut results = whole();
            change(&mut results);
            check(&results).unwrap_err()
        };
        for (expected, change) in [
            (
                "cells[2].setting.lines: 0 is not from 1 to 4294967295",
                (|results| results.cells[2].setting.lines = 0) as fn(&mut Results),
            ),
            (
                "plan.duration_s: -1 is not from 0 to 1000000000",
                |results| {
                    results.plan.duration_s = -1.0;
                },
            ),
            (
                "cells[0].rounds[1].metrics.irq_bh_p50_ns: NaN is not from 0 to 1e20",
                |results| {
                    let metrics = &mut results.cells[0].rounds[1].metrics;
                    metrics.insert("irq_bh_p50_ns".to_string(), f64::NAN);
                },
            ),
            ("elapsed_s: 1e300 is not from 0 to 1000000000", |results| {
                results.elapsed_s = 1e300;
            }),
            ("environment.grade: \"X\" is not A, B, C or D", |results| {
                results.environment.grade = "X".to_string();
            }),
            (
                "cells[0].histograms.irq_bh.buckets: they are not in ascending order",
                |results| {
                    let stages = &mut results.cells[0].histograms;
                    stages.get_mut("irq_bh").unwrap().buckets.swap(0, 1);
                },
            ),
            (
                "cells[3].setting: it is the same as that of cells[1]",
                |results| {
                    results.cells[3].setting = results.cells[1].setting.clone();
                },
            ),
            (
                "cells[1].rounds: they are not in ascending order",
                |results| results.cells[1].rounds[2].round = 1,
            ),
        ] {
            assert_eq!(told(change), expected);
        }
    }
}
