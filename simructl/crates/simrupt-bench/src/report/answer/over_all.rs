// SPDX-License-Identifier: GPL-2.0-only

//! The flavors that are among the best over all loads of a run.

use std::collections::BTreeSet;

use super::{QUESTIONS, Ranked, listed};

/// The sentences on all rankings of a run together. There is at least one ranking; `loads` is the number of all loads.
pub(super) fn sentences(ranked: &[Ranked<'_>], loads: usize) -> Vec<String> {
    if !ranked.iter().any(Ranked::tells) {
        return vec!["No two flavors are told apart by any figure.".to_string()];
    }
    let by_question = QUESTIONS.map(|question| {
        let of_question = ranked.iter().filter(|one| one.question == question);
        (question, of_question.copied().collect::<Vec<_>>())
    });
    let asked = by_question.iter().filter(|(_, ranked)| !ranked.is_empty());
    let titles: Vec<&str> = asked
        .clone()
        .map(|(question, _)| question.title())
        .collect();
    let mut sentences = Vec::new();
    sentences.extend(winners(ranked, loads, &listed(&titles)));
    // For a single load, its own sentences suffice.
    if loads > 1 {
        sentences.extend(
            asked.map(|(question, ranked)| format!("{}: {}.", question.title(), among(ranked))),
        );
    }
    sentences
}

/// The flavors that are among the best by every figure of every load in which they were measured. Of these, those that
/// were measured in the most loads.
fn winners(ranked: &[Ranked<'_>], loads: usize, questions: &str) -> Option<String> {
    let standings = standings(ranked);
    let always = || standings.iter().filter(|one| one.best == one.measured);
    let most = always().map(|one| one.loads.len()).max()?;
    let names = always().filter(|one| one.loads.len() == most);
    let names: Vec<&str> = names.map(|one| one.name.as_str()).collect();
    let (are, they_were) = match names.as_slice() {
        [_] => ("is", "it was"),
        _ => ("are", "they were"),
    };
    let place = match most == loads {
        true if most == 1 => String::new(),
        true if most == 2 => ", in both loads".to_string(),
        true => format!(", in all {most} loads"),
        false => format!(", wherever {they_were} measured: in {most} of {loads} loads"),
    };
    Some(format!(
        "{} {are} best, or not told apart from the best, in {questions}{place}.",
        listed(&names)
    ))
}

/// Which flavors are among the best by one figure, and in how many loads.
fn among(ranked: &[Ranked<'_>]) -> String {
    if ranked.iter().all(Ranked::is_without_loss) {
        return "no event was lost".to_string();
    }
    if !ranked.iter().any(Ranked::tells) {
        return "no two flavors are told apart".to_string();
    }
    let mut standings = standings(ranked);
    // The sort is stable: equal flavors keep the order of the results.
    standings.sort_by(|a, b| {
        let share = b.share().total_cmp(&a.share());
        share.then(b.best.cmp(&a.best))
    });
    let among = standings.iter().filter(|one| one.best > 0);
    let among: Vec<String> = among
        .map(|one| format!("{} in {} of {}", one.name, one.best, one.measured))
        .collect();
    let are = if among.len() == 1 { "is" } else { "are" };
    format!("among the best {are} {} loads", listed(&among))
}

/// The standing of a flavor in several rankings.
#[derive(Debug)]
struct Standing {
    name: String,
    /// The number of rankings in which it is among the best.
    best: u32,
    /// The number of rankings in which it takes part.
    measured: u32,
    /// The loads of these rankings.
    loads: BTreeSet<usize>,
}

impl Standing {
    fn share(&self) -> f64 {
        f64::from(self.best) / f64::from(self.measured)
    }
}

/// The standings of all flavors, in order of first appearance.
fn standings(ranked: &[Ranked<'_>]) -> Vec<Standing> {
    let mut standings: Vec<Standing> = Vec::new();
    for one in ranked {
        let mut cells = one.ranking.order.clone();
        cells.sort_unstable();
        for at in cells {
            let name = one.name(at);
            let known = standings.iter().position(|known| known.name == name);
            let known = known.unwrap_or_else(|| {
                standings.push(Standing {
                    name,
                    best: 0,
                    measured: 0,
                    loads: BTreeSet::new(),
                });
                standings.len() - 1
            });
            let standing = &mut standings[known];
            standing.measured += 1;
            standing.best += u32::from(one.ranking.is_among_best(at));
            standing.loads.insert(one.load);
        }
    }
    standings
}
