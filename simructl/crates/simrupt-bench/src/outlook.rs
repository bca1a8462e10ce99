// SPDX-License-Identifier: GPL-2.0-only

//! What a run will be able to tell, before it is started: for people who would rather know that first.

use crate::compare::expected_figures;
use crate::plan::{Plan, counted};
use crate::statistics::power;

/// What two such runs, compared, and the report of one can tell, a sentence each.
pub fn outlook(plan: &Plan) -> Vec<String> {
    let of_cells: usize = plan.cells.iter().map(expected_figures).sum();
    let figures = of_cells + plan.knees.len();
    let rounds = plan.rounds as usize;
    let mut sentences = shortcomings(plan, false);
    if let Some(times) = power::least_difference(rounds, rounds, figures) {
        sentences.push(format!(
            "compare, of two such runs with {}: finds a change of one by {times:.1} times its standard deviation \
             from round to round, in about 95 of 100 comparisons; at 3 % of noise, a change of {:.0} %",
            counted(figures, "figure"),
            ((0.03 * times).exp() - 1.0) * 100.0
        ));
    }
    sentences
}

/// What cannot be told with so few rounds, a sentence each; nothing when all can. Where runs repeat, comparing takes
/// no rounds.
pub fn shortcomings(plan: &Plan, repeats: bool) -> Vec<String> {
    let rounds = plan.rounds as usize;
    let mut sentences = Vec::new();
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
        Plan::of(&Job::parse(&text, "job").unwrap().checked().unwrap(), 1)
    }

    #[test]
    fn enough_rounds_say_how_small_a_change_is_found() {
        // Five of an idle cell, four of a stressed one, four of a closed loop.
        let [sentence] = &outlook(&plan(12))[..] else {
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
            outlook(&plan(1)),
            [
                "1 round is too few for compare to tell a change from chance; it takes 4",
                "1 round is too few for the report to rank flavors; it takes 6"
            ]
        );
        let sentence = "5 rounds are too few for the report to rank flavors; it takes 6";
        assert_eq!(shortcomings(&plan(5), false), [sentence]);
        let repeats = shortcomings(&plan(1), true);
        assert_eq!(repeats.len(), 1);
    }
}
