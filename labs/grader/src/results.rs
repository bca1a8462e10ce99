// SPDX-License-Identifier: GPL-2.0-only

//! A grade for other tools: KTAP and JUnit. Pure.

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};
use simrupt::ktap::{Ktap, Outcome};

use crate::judge::Grade;
use crate::lab::Lab;

/// A prediction or a case.
struct Row {
    name: String,
    /// Empty if it got its points.
    told: Vec<String>,
}

fn rows(lab: &Lab, grade: &Grade) -> Vec<Row> {
    let predictions = lab
        .predictions
        .iter()
        .zip(&grade.predictions)
        .map(|(one, predicted)| {
            let outcome = predicted.outcome.as_deref().unwrap_or("none");
            let told = format!("predicted {}, outcome {outcome}", predicted.answer);
            Row {
                name: format!("prediction {} ({} points)", one.name, one.points),
                told: if predicted.points == 0 {
                    vec![told]
                } else {
                    Vec::new()
                },
            }
        });
    let cases = lab
        .cases
        .iter()
        .zip(&grade.cases)
        .map(|(case, judged)| Row {
            name: format!("case {} ({} points)", case.name, case.points),
            told: judged.faults.clone(),
        });
    predictions.chain(cases).collect()
}

/// The lab as KTAP, with its points in a line for people.
pub(crate) fn ktap(lab: &Lab, grade: &Grade) -> String {
    let mut ktap = Ktap::default();
    for row in rows(lab, grade) {
        row.told.iter().for_each(|fault| ktap.diagnostic(fault));
        ktap.test(
            &row.name,
            if row.told.is_empty() {
                Outcome::Pass
            } else {
                Outcome::Fail
            },
        );
    }
    ktap.diagnostic(&format!("points: {} of {}", grade.points(), lab.points));
    ktap.text()
}

/// The lab as JUnit's XML.
pub(crate) fn junit(lab: &Lab, grade: &Grade) -> Result<String, String> {
    let mut suite = TestSuite::new(&lab.name);
    suite.add_property(("points", grade.points().to_string().as_str()));
    suite.add_property(("of", lab.points.to_string().as_str()));
    for row in rows(lab, grade) {
        let status = if row.told.is_empty() {
            TestCaseStatus::success()
        } else {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_message(row.told.join("; "));
            status
        };
        let mut case = TestCase::new(row.name, status);
        case.set_classname(&lab.name);
        suite.add_test_case(case);
    }
    let mut report = Report::new("simrupt labs");
    report.add_test_suite(suite);
    report.to_string().map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answers::Answers;
    use crate::judge::{Seen, judge};
    use crate::lab::tests::SMALL;
    use crate::transcript::{End, Run};

    fn grade(lab: &Lab) -> Grade {
        let run = Run {
            output: "count=3".to_owned(),
            console: String::new(),
            end: End::Exit(0),
        };
        judge(
            lab,
            &Answers::default().with("count", "4"),
            &Seen::Ran([(0, run)].into()),
        )
    }

    #[test]
    fn ktap_has_a_line_for_each_prediction_and_case() {
        let lab = Lab::parse("07-small", SMALL).unwrap();
        let expected = "KTAP version 1\n1..3\n# predicted 4, outcome 3\nnot ok 1 prediction count (1 points)\n\
                        ok 2 case first (3 points)\n# the console has no match for: small: loaded\n\
                        not ok 3 case second (1 points)\n# points: 3 of 5\n";
        assert_eq!(ktap(&lab, &grade(&lab)), expected);
    }

    #[test]
    fn junit_has_the_points_and_the_faults() {
        let lab = Lab::parse("07-small", SMALL).unwrap();
        let xml = junit(&lab, &grade(&lab)).unwrap();
        let read = Report::deserialize_from_str(&xml).unwrap();
        assert_eq!((read.tests, read.failures), (3, 2));
        assert!(
            xml.contains("predicted 4, outcome 3") && xml.contains("\"points\""),
            "{xml}"
        );
    }
}
