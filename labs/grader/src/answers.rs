// SPDX-License-Identifier: GPL-2.0-only

//! `answers.toml`: the learner's predictions.

use std::collections::BTreeMap;

use crate::lab::{Lab, Prediction};

/// The name of the file, in a work folder and in a solution.
pub(crate) const FILE: &str = "answers.toml";

/// The answers by the names of the predictions; an open one is empty.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Answers(BTreeMap<String, String>);

impl Answers {
    /// The answers in `text`. It is an error if the lab does not ask for one, or does not take it.
    pub(crate) fn parse(lab: &Lab, text: &str) -> Result<Self, String> {
        let table: toml::Table = toml::from_str(text).map_err(|error| error.to_string())?;
        let mut answers = BTreeMap::new();
        for (name, value) in table {
            let Some(prediction) = lab.predictions.iter().find(|one| one.name == name) else {
                let names: Vec<&str> = lab
                    .predictions
                    .iter()
                    .map(|one| one.name.as_str())
                    .collect();
                return Err(format!(
                    "lab {} has no question '{name}', but {}",
                    lab.number(),
                    names.join(", ")
                ));
            };
            let answer = match value {
                toml::Value::String(text) => text.trim().to_owned(),
                toml::Value::Integer(number) => number.to_string(),
                toml::Value::Boolean(truth) => truth.to_string(),
                other => {
                    return Err(format!(
                        "{name} is of type {}: write text between quotes, or a number",
                        other.type_str()
                    ));
                }
            };
            let fits = |word: &String| same(word, &answer);
            if !answer.is_empty()
                && !prediction.one_of.is_empty()
                && !prediction.one_of.iter().any(fits)
            {
                return Err(format!(
                    "{name} = \"{answer}\" is not one of {}",
                    prediction.one_of.join(", ")
                ));
            }
            answers.insert(name, answer);
        }
        Ok(Self(answers))
    }

    /// The answer to `prediction`; empty if there is none.
    pub(crate) fn to(&self, prediction: &Prediction) -> &str {
        self.0.get(&prediction.name).map_or("", String::as_str)
    }

    /// The same answers, except for one question.
    pub(crate) fn with(&self, name: &str, answer: &str) -> Self {
        let mut answers = self.0.clone();
        answers.insert(name.to_owned(), answer.to_owned());
        Self(answers)
    }

    /// The questions that are still open.
    pub(crate) fn open<'l>(&self, lab: &'l Lab) -> Vec<&'l Prediction> {
        lab.predictions
            .iter()
            .filter(|one| self.to(one).is_empty())
            .collect()
    }
}

/// Whether an answer is the outcome, ignoring case and blanks at the ends.
pub(crate) fn same(answer: &str, outcome: &str) -> bool {
    answer.trim().eq_ignore_ascii_case(outcome.trim())
}

/// A new file for a learner: each question, without an answer. `command` runs the lab.
pub(crate) fn template(lab: &Lab, command: &str) -> String {
    let mut text = format!(
        "# Lab {}: {}\n# Predict before you run: write between the quotes, then run `{command}`.\n",
        lab.number(),
        lab.title
    );
    for one in &lab.predictions {
        text.push('\n');
        for row in one.ask.trim().lines() {
            text += &format!("# {row}\n");
        }
        if !one.one_of.is_empty() {
            text += &format!("# One of: {}.\n", one.one_of.join(", "));
        }
        text += &format!("{} = \"\"\n", one.name);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::tests::SMALL;

    fn lab() -> Lab {
        let text = SMALL.replace(
            "ask = \"How many?\"",
            "ask = \"How many?\"\none_of = [\"3\", \"4\", \"Few\"]",
        );
        Lab::parse("07-small", &text).unwrap()
    }

    #[test]
    fn the_template_asks_and_answers_nothing() {
        let lab = lab();
        let text = template(&lab, "make lab LAB=07");
        assert!(
            text.contains("# How many?\n# One of: 3, 4, Few.\ncount = \"\"\n"),
            "{text}"
        );
        let answers = Answers::parse(&lab, &text).unwrap();
        assert_eq!(answers.open(&lab).len(), 1);
    }

    #[test]
    fn an_answer_may_be_a_number_or_text_in_any_case() {
        let lab = lab();
        for text in ["count = 3", "count = \" 3 \"", "count = \"few\""] {
            let answers = Answers::parse(&lab, text).unwrap();
            assert_eq!(answers.open(&lab).len(), 0, "{text}");
        }
        assert!(same(" FEW", "few"));
    }

    #[test]
    fn an_answer_that_nobody_asked_for_is_an_error() {
        for (text, told) in [
            ("number = 3", "has no question 'number', but count"),
            ("count = 5", "\"5\" is not one of 3, 4, Few"),
            ("count = [3]", "text between quotes"),
            ("count = ", "count"),
        ] {
            let error = Answers::parse(&lab(), text).unwrap_err();
            assert!(error.contains(told), "{text}: {error}");
        }
    }
}
