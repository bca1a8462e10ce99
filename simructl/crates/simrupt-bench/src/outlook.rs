// SPDX-License-Identifier: GPL-2.0-only

//! The differences that a run will be able to find, known before it is started.

use std::collections::BTreeSet;

use crate::compare::expected_figures;
use crate::plan::{Plan, counted};
use crate::replay::Replay;
use simrupt_statistics::power;

/// The knobs that are left out, and the differences that a comparison of two such runs and the report of one can find,
/// a sentence each. If runs repeat to the digit, a comparison needs no minimum of rounds.
pub fn outlook(plan: &Plan, repeats: bool) -> Vec<String> {
    let left_out = plan.left_out.iter();
    let left_out =
        left_out.map(|name| format!("{name} is left out: this version has no such knob"));
    let mut sentences: Vec<String> = left_out.collect();
    sentences.extend(plan.replay.as_ref().and_then(Replay::note));
    sentences.extend(shortcomings(plan, repeats));
    if repeats {
        let sentence =
            "compare, of two such runs: finds any change, because they repeat to the digit";
        sentences.push(sentence.to_string());
        return sentences;
    }
    let of_cells = plan.cells.iter().map(|cell| &cell.setting);
    let percentiles = plan.percentiles.clone().unwrap_or_default();
    let of_cells = of_cells.map(|cell| expected_figures(cell, &percentiles));
    let figures = of_cells.sum::<usize>() + plan.knees.len();
    let all_rounds = all_rounds(plan);
    let differences = all_rounds.iter().filter_map(|rounds| {
        let times = power::least_difference(*rounds, *rounds, figures)?;
        let one = match all_rounds.len() {
            1 => "one".to_string(),
            _ => format!("one with {rounds} rounds"),
        };
        let percent = ((0.03 * times).exp() - 1.0) * 100.0;
        Some(format!(
            "{one} by {times:.1} times its standard deviation from round to round, in about 95 of 100 \
             comparisons; at 3 % of noise, a change of {percent:.0} %",
        ))
    });
    let differences: Vec<String> = differences.collect();
    if !differences.is_empty() {
        sentences.push(format!(
            "compare, of two such runs with {}: finds a change of {}",
            counted(figures, "figure"),
            differences.join("; of ")
        ));
    }
    sentences
}

/// The different numbers of rounds of cells and knees.
fn all_rounds(plan: &Plan) -> BTreeSet<usize> {
    let of_cells = plan.cells.iter().map(|cell| cell.effort.rounds);
    let of_knees = plan.knees.iter().map(|_| plan.effort.rounds);
    of_cells
        .chain(of_knees)
        .map(|rounds| rounds as usize)
        .collect()
}

/// The judgements for which there are too few rounds, a sentence each. If cells differ, the sentence is about those
/// with the fewest.
fn shortcomings(plan: &Plan, repeats: bool) -> Vec<String> {
    let mut sentences = Vec::new();
    let Some(rounds) = all_rounds(plan).first().copied() else {
        return sentences;
    };
    let mut lacks = |what: &str, least: usize| {
        let told = counted(rounds, "round");
        let verb = if rounds == 1 { "is" } else { "are" };
        sentences.push(format!(
            "{told} {verb} too few for {what}; it takes {least}"
        ));
    };
    if !repeats && !power::can_compare(rounds, rounds) {
        let what = "compare to tell a change from chance";
        lacks(what, power::least_rounds_to_compare());
    }
    if !power::can_rank(rounds) {
        let what = "the report to rank flavors";
        lacks(what, power::least_rounds_to_rank());
    }
    sentences
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::Job;

    fn plan(rounds: u32) -> Plan {
        let text = format!(
            "rounds = {rounds}\n[[matrix]]\nflavors = ['bh', 'bound']\nstress = ['idle', 'cpu']\n\
             [[matrix]]\nmode = 'saturate'\nflavors = ['bh']\n"
        );
        let job = Job::parse(&text, "job").unwrap().checked().unwrap();
        Plan::of(&job, &[0], 1).unwrap()
    }

    #[test]
    fn enough_rounds_say_how_small_a_change_is_found() {
        // Five figures of an idle cell, four of a stressed one, four of a closed loop.
        let [sentence] = &outlook(&plan(12), false)[..] else {
            panic!("a sentence");
        };
        assert!(
            sentence.contains("22 figures: finds a change of one by 2."),
            "{sentence}"
        );
        assert!(shortcomings(&plan(12), false).is_empty());
    }

    #[test]
    fn too_few_rounds_say_how_many_it_takes() {
        assert_eq!(
            outlook(&plan(1), false),
            [
                "1 round is too few for compare to tell a change from chance; it takes 4",
                "1 round is too few for the report to rank flavors; it takes 6"
            ]
        );
        let sentence = "5 rounds are too few for the report to rank flavors; it takes 6";
        assert_eq!(shortcomings(&plan(5), false), [sentence]);
        let repeats = outlook(&plan(1), true);
        assert_eq!(repeats.len(), 2);
        assert!(repeats[1].contains("finds any change"), "{repeats:?}");
    }

    #[test]
    fn cells_with_different_rounds_are_told_apart() {
        let text = "[[matrix]]\nflavors = ['bh']\n[[matrix]]\nflavors = ['none']\nrounds = 5\n";
        let job = Job::parse(text, "job").unwrap().checked().unwrap();
        let sentences = outlook(&Plan::of(&job, &[0], 1).unwrap(), false);
        assert!(sentences[0].starts_with("5 rounds are too few for the report"));
        for told in [
            "a change of one with 5 rounds by ",
            "; of one with 12 rounds by ",
        ] {
            assert!(sentences[1].contains(told), "{sentences:?}");
        }
    }
}
