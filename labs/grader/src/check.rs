// SPDX-License-Identifier: GPL-2.0-only

//! The rules of `lab.toml` that a type cannot express. Pure.

use std::collections::BTreeSet;

use crate::lab::{Case, Ends, Explanation, Lab, Mistake, Prediction};

/// Returns the first rule that `lab` breaks.
pub(crate) fn check(lab: &Lab) -> Result<(), String> {
    names_are_unique("case", lab.cases.iter().map(|case| &case.name))?;
    names_are_unique("prediction", lab.predictions.iter().map(|one| &one.name))?;
    names_are_unique("explanation", lab.explanations.iter().map(|one| &one.name))?;
    names_are_unique("mistake", lab.mistakes.iter().map(|one| &one.name))?;
    if lab.cases.first().is_none_or(|case| case.run.is_none()) {
        return Err("the first case has no `run`: it has no run to judge".to_owned());
    }
    if lab.machine.cpus == 0 || lab.machine.limit_s == 0 {
        return Err("`cpus` and `limit_s` of the machine are 1 or more".to_owned());
    }
    lab.cases.iter().try_for_each(check_case)?;
    lab.predictions
        .iter()
        .try_for_each(|one| check_prediction(lab, one))?;
    lab.explanations
        .iter()
        .try_for_each(|one| check_explanation(lab, one))?;
    lab.mistakes
        .iter()
        .try_for_each(|one| check_mistake(lab, one))?;
    let sum: u32 = lab.cases.iter().map(|case| case.points).sum::<u32>()
        + lab.predictions.iter().map(|one| one.points).sum::<u32>();
    if sum != lab.points {
        return Err(format!(
            "`points` is {}, but those of cases and predictions sum to {sum}",
            lab.points
        ));
    }
    Ok(())
}

fn names_are_unique<'a>(what: &str, names: impl Iterator<Item = &'a String>) -> Result<(), String> {
    let mut seen = BTreeSet::new();
    for name in names {
        if !seen.insert(name) {
            return Err(format!("two {what}s are called '{name}'"));
        }
    }
    Ok(())
}

fn check_case(case: &Case) -> Result<(), String> {
    let name = &case.name;
    let has_check = case.expect.is_some()
        || case.report.is_some()
        || !matches!(case.ends, Ends::Exit | Ends::Any)
        || case.exit != 0
        || !case.output.0.is_empty()
        || !case.console.0.is_empty();
    if !has_check {
        return Err(format!(
            "case '{name}' names no check: give it expect, output, console, report, exit or ends"
        ));
    }
    if case.fresh && case.run.is_none() {
        return Err(format!("case '{name}' is fresh and has no `run`"));
    }
    if case.points == 0 {
        return Err(format!("case '{name}' gives no points"));
    }
    if case.todo.trim().is_empty() {
        return Err(format!(
            "case '{name}' has an empty `todo`: a learner whose case fails reads it"
        ));
    }
    Ok(())
}

fn has_case(lab: &Lab, name: &str) -> bool {
    lab.cases.iter().any(|case| case.name == name)
}

fn check_prediction(lab: &Lab, one: &Prediction) -> Result<(), String> {
    let name = &one.name;
    let is_key = !name.is_empty()
        && name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if !is_key {
        return Err(format!(
            "prediction '{name}': a name is made of a-z, 0-9 and _"
        ));
    }
    if !has_case(lab, &one.case) {
        return Err(format!(
            "prediction '{name}': there is no case '{}'",
            one.case
        ));
    }
    if one.shows.groups() != 1 {
        return Err(format!(
            "prediction '{name}': `shows` has {} groups, and one of them is the outcome",
            one.shows.groups()
        ));
    }
    if one.points == 0 {
        return Err(format!("prediction '{name}' gives no points"));
    }
    for answer in one.remarks.keys() {
        if !one.one_of.is_empty() && !one.one_of.contains(answer) {
            return Err(format!(
                "prediction '{name}': `one_of` has no answer '{answer}' for this remark"
            ));
        }
    }
    Ok(())
}

fn check_explanation(lab: &Lab, one: &Explanation) -> Result<(), String> {
    let name = &one.name;
    let of_run = one.output.is_some() || one.console.is_some() || one.ends.is_some();
    if one.build.is_some() == of_run {
        return Err(format!(
            "explanation '{name}' needs either `build`, or some of `output`, `console` and `ends`"
        ));
    }
    match &one.case {
        Some(case) if !has_case(lab, case) => {
            Err(format!("explanation '{name}': there is no case '{case}'"))
        }
        _ => Ok(()),
    }
}

fn check_mistake(lab: &Lab, one: &Mistake) -> Result<(), String> {
    let name = &one.name;
    if let Some(explanation) = &one.explained_by {
        if !lab
            .explanations
            .iter()
            .any(|known| known.name == *explanation)
        {
            return Err(format!(
                "mistake '{name}': there is no explanation '{explanation}'"
            ));
        }
    } else if one.fails.is_empty() {
        return Err(format!(
            "mistake '{name}' has neither `explained_by` nor `fails`"
        ));
    }
    match one.fails.iter().find(|case| !has_case(lab, case)) {
        Some(case) => Err(format!("mistake '{name}': there is no case '{case}'")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use crate::lab::Lab;
    use crate::lab::tests::SMALL;

    #[test]
    fn each_rule_names_what_breaks_it() {
        for (from, to, told) in [
            ("points = 5", "points = 6", "sum to 5"),
            ("title =", "titel =", "titel"),
            (
                "console = [\"small: loaded\"]",
                "",
                "'second' names no check",
            ),
            (
                "name = \"second\"",
                "name = \"first\"",
                "two cases are called 'first'",
            ),
            (
                "run = \"cat /proc/small\"",
                "",
                "the first case has no `run`",
            ),
            ("case = \"first\"", "case = \"third\"", "no case 'third'"),
            (r"count=(\d+)", r"count=\d+", "0 groups"),
            (r"count=(\d+)", "count=(", "not a regular expression"),
            (
                "todo = \"Say that you are there: TODO 2.\"",
                "todo = \" \"",
                "empty `todo`",
            ),
            ("output = \"No such file\"", "", "'missing' needs"),
            (
                "fails = [\"second\"]",
                "",
                "neither `explained_by` nor `fails`",
            ),
            (
                "fails = [\"second\"]",
                "explained_by = \"x\"",
                "no explanation 'x'",
            ),
            (
                "name = \"second\"",
                "name = \"second\"\nfresh = true",
                "fresh and has no `run`",
            ),
            ("name = \"count\"", "name = \"Count it\"", "'Count it'"),
            ("kernel = \"stock\"", "kernel = \"next\"", "next"),
            (
                "hints = [\"look\", \"look there\"]",
                "hints = [\"look\"]",
                "hints",
            ),
            (
                "ask = \"How many?\"",
                "ask = \"How many?\"\none_of = [\"3\"]",
                "'4'",
            ),
        ] {
            assert!(SMALL.contains(from), "{from}");
            let error = Lab::parse("01-x", &SMALL.replacen(from, to, 1)).unwrap_err();
            assert!(error.contains(told), "{from} -> {to}: {error}");
        }
    }
}
