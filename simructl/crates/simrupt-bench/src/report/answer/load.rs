// SPDX-License-Identifier: GPL-2.0-only

//! The best flavors in one load by one figure, and how far the others are behind.

use super::{Question, Ranked, listed};

/// The sentence of a ranking.
pub(super) fn sentence(ranked: &Ranked<'_>) -> String {
    let (ranking, metric) = (ranked.ranking, ranked.ranking.metric);
    if ranked.is_without_loss() {
        return format!("{}: no event was lost", metric.title());
    }
    let (best, others): (Vec<usize>, Vec<usize>) = ranking
        .order
        .iter()
        .partition(|at| ranking.is_among_best(**at));
    let names: Vec<String> = best.iter().map(|at| ranked.name(*at)).collect();
    let shown: Vec<String> = best
        .iter()
        .map(|at| metric.shown(ranked.value(*at)))
        .collect();
    let range = match (shown.first(), shown.last()) {
        (Some(first), Some(last)) if first != last => format!("{first} to {last}"),
        (first, _) => first.cloned().unwrap_or_default(),
    };
    let are = match names.as_slice() {
        [_] => "is best",
        _ => "are not told apart",
    };
    let mut parts = vec![format!(
        "{} {are}, {range} {}",
        listed(&names),
        metric.unit_name()
    )];
    parts.extend(behind(ranked, &others));
    parts.extend(floor(ranked));
    format!("{}: {}", metric.title(), parts.join("; "))
}

/// How many of the others are named one by one.
const NAMED: usize = 3;

/// How far the others are behind, the nearest first.
fn behind(ranked: &Ranked<'_>, others: &[usize]) -> Option<String> {
    let told = |at: &usize| format!("{} {}", ranked.name(*at), amount(ranked, *at));
    match others {
        [] => None,
        [nearest, .., farthest] if others.len() > NAMED => {
            let (_, lose, ending) = words(ranked.question);
            let [from, to] = [nearest, farthest]
                .map(|at| format!("{} ({})", amount(ranked, *at), ranked.name(*at)));
            let count = others.len();
            Some(format!("the {count} others {lose} {from} to {to}{ending}"))
        }
        [nearest, more @ ..] => {
            let more = more.iter().map(|at| format!(", {}", told(at)));
            Some(said(ranked, &ranked.name(*nearest), *nearest) + &more.collect::<String>())
        }
    }
}

/// How far the floor is from the best. For losses it is mentioned only if it differs.
fn floor(ranked: &Ranked<'_>) -> Option<String> {
    let at = ranked.ranking.floor?;
    let name = format!("{}, the floor,", ranked.name(at));
    match ranked.ranking.is_floor_apart {
        true => Some(said(ranked, &name, at)),
        false if ranked.question == Question::Loss => None,
        false => Some(format!("{name} is not told apart from the best")),
    }
}

/// How far a cell is from the best: `bound takes 1.40 times as long`.
fn said(ranked: &Ranked<'_>, name: &str, at: usize) -> String {
    let (loses, _, ending) = words(ranked.question);
    format!("{name} {loses} {}{ending}", amount(ranked, at))
}

/// The verb for one flavor, the verb for several, and the words after the amount.
fn words(question: Question) -> (&'static str, &'static str, &'static str) {
    match question {
        Question::Speed => ("takes", "take", " as long"),
        Question::Cpu => ("costs", "cost", " as much"),
        Question::Loss => ("loses", "lose", ""),
    }
}

/// The figure as a multiple of the best one; for losses, the share of all events.
fn amount(ranked: &Ranked<'_>, at: usize) -> String {
    let (metric, value) = (ranked.ranking.metric, ranked.value(at));
    if ranked.question == Question::Loss {
        return format!("{} {}", metric.shown(value), metric.unit_name());
    }
    let best = ranked.ranking.order.first();
    let best = best.map_or(f64::NAN, |best| ranked.value(*best));
    let factor = match metric.more_is_better() {
        // Fewer runs per second take longer.
        true => best / value,
        false => value / best,
    };
    match factor {
        factor if !factor.is_finite() => "many times".to_string(),
        factor if factor < 2.0 => format!("{factor:.2} times"),
        factor if factor < 10.0 => format!("{factor:.1} times"),
        factor => format!("{factor:.0} times"),
    }
}
