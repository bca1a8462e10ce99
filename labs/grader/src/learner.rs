// SPDX-License-Identifier: GPL-2.0-only

//! The learner's actions: `make lab`.

use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Instant;

use simrupt::failure::Failure;

use crate::answers::Answers;
use crate::jobs::{self, Job};
use crate::judge::{self, Grade, Seen};
use crate::lab::{Kernel, Lab};
use crate::report::{self, indented};
use crate::results;
use crate::steps::Steps;
use crate::work::{Standing, Work};

/// All labs, one per line, and which of them are solved.
pub(crate) fn list(labs: &[Lab], work: Option<&Path>) -> String {
    let mut text = String::new();
    for lab in labs {
        let copy = Work::of(lab, work);
        let standing = match copy.standing() {
            Some(Standing { points, of }) if points == of => format!("solved, {points} of {of}"),
            Some(Standing { points, of }) => format!("{points} of {of}"),
            None if copy.exists() => "begun".to_owned(),
            None => "-".to_owned(),
        };
        let kernel = match lab.kernel {
            Kernel::Stock => "",
            Kernel::Debug => "  (kernel with all checks)",
        };
        text += &format!(
            "{}  {standing:18}  {:?}  {}{kernel}\n",
            lab.number(),
            lab.language,
            lab.title
        );
    }
    text + "make lab LAB=N begins lab N, or grades it; HINT=1, HINT=2 and SOLUTION=1 help.\n"
}

/// Grades the learner's files of a lab; returns whether they get all points.
pub(crate) fn grade(steps: &Steps, lab: &Lab, work: Option<&Path>) -> Result<bool, Failure> {
    let copy = Work::of(lab, work);
    if !copy.exists() {
        copy.create(lab)?;
        println!(
            "Lab {}: {}\n    {}\nYour copy is in {}.\nThe text of the lab is {}: read it up to \"You should have learned\", which tells the outcomes.",
            lab.number(),
            lab.title,
            indented(&lab.question),
            copy.folder.display(),
            lab.folder.join("README.md").display()
        );
    }
    let answers = copy.answers(lab)?;
    if ask(lab, &copy, &answers) {
        return Ok(false);
    }
    println!(
        "building {}, then running {} cases ...",
        copy.folder.display(),
        lab.cases.len()
    );
    let start = Instant::now();
    let done = jobs::run(steps, &[job(lab, &copy)], 1)?;
    let seconds = start.elapsed().as_secs_f64();
    let seen = done
        .into_iter()
        .next()
        .map_or(Seen::BuildFailed(String::new()), |done| done.seen);
    let grade = judge::judge(lab, &answers, &seen);
    print!("{}", report::text(lab, &grade, &copy.command));
    println!("Built and run in {seconds:.1} s.");
    keep(lab, &copy, &grade)?;
    Ok(grade.points() == lab.points)
}

/// Asks for open predictions, if there are any.
fn ask(lab: &Lab, copy: &Work, answers: &Answers) -> bool {
    let open = answers.open(lab);
    if open.is_empty() {
        return false;
    }
    println!(
        "Predict first. {} has no answer yet to:",
        copy.answers_file().display()
    );
    for one in open {
        let choice = match one.one_of.as_slice() {
            [] => String::new(),
            words => format!(" One of: {}.", words.join(", ")),
        };
        println!("  {} = \"\"\n    {}{choice}", one.name, indented(&one.ask));
    }
    println!(
        "Nothing was run. Write your predictions there, then: {}",
        copy.command
    );
    true
}

fn job<'a>(lab: &'a Lab, copy: &Work) -> Job<'a> {
    Job {
        lab,
        variant: "work".to_owned(),
        sources: copy.folder.clone(),
        mistake: None,
        build_options: &[],
    }
}

fn keep(lab: &Lab, copy: &Work, grade: &Grade) -> Result<(), Failure> {
    let standing = Standing {
        points: grade.points(),
        of: lab.points,
    };
    let junit = results::junit(lab, grade)
        .map_err(|why| Failure::new(format!("cannot write JUnit of lab {}", lab.number()), why))?;
    copy.keep(
        standing,
        &[
            ("runs.txt", report::runs(lab, grade)),
            ("tests.ktap", results::ktap(lab, grade)),
            ("tests.xml", junit),
        ],
    )
}

/// Grades all labs that the learner has begun, as a table; returns whether they get all points.
pub(crate) fn grade_all(steps: &Steps, labs: &[Lab], work: Option<&Path>) -> Result<bool, Failure> {
    let mut begun = Vec::new();
    let mut rows: Vec<(String, u32)> = Vec::new();
    for lab in labs {
        let copy = Work::of(lab, work);
        if copy.exists() {
            let answers = copy.answers(lab)?;
            begun.push((lab, copy, answers));
        } else {
            rows.push((
                format!(
                    "{}  {:>3} of {:>3}  {}: not begun",
                    lab.number(),
                    0,
                    lab.points,
                    lab.title
                ),
                0,
            ));
        }
    }
    let jobs: Vec<Job<'_>> = begun.iter().map(|(lab, copy, _)| job(lab, copy)).collect();
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let done = jobs::run(steps, &jobs, threads)?;
    for ((lab, copy, answers), done) in begun.iter().zip(done) {
        let grade = judge::judge(lab, answers, &done.seen);
        keep(lab, copy, &grade)?;
        let open = match answers.open(lab).len() {
            0 => String::new(),
            count => format!(", {count} predictions not made"),
        };
        let row = format!(
            "{}  {:>3} of {:>3}  {}{open}",
            lab.number(),
            grade.points(),
            lab.points,
            lab.title
        );
        rows.push((row, grade.points()));
    }
    rows.sort();
    let (points, of): (u32, u32) = (
        rows.iter().map(|(_, points)| points).sum(),
        labs.iter().map(|lab| lab.points).sum(),
    );
    rows.iter().for_each(|(row, _)| println!("{row}"));
    println!("all {points} of {of}");
    Ok(points == of)
}

/// Shows a hint.
pub(crate) fn hint(lab: &Lab, number: &str) -> Result<bool, Failure> {
    let index = match number {
        "1" => 0,
        "2" => 1,
        other => {
            return Err(
                Failure::new(format!("there is no hint '{other}'"), "each lab has two")
                    .remedy("HINT=1 or HINT=2")
                    .usage(),
            );
        }
    };
    println!(
        "Hint {number} for lab {}: {}",
        lab.number(),
        indented(&lab.hints[index])
    );
    Ok(true)
}

/// Shows the difference between skeleton and solution.
pub(crate) fn solution(lab: &Lab) -> Result<bool, Failure> {
    let mut diff = Command::new("diff");
    diff.args(["-ruN", "--exclude", "answers.toml", "skeleton", "solution"])
        .current_dir(&lab.folder);
    let status = diff
        .status()
        .map_err(|error| Failure::new("cannot run diff", error.to_string()))?;
    // Status 1 means that they differ.
    match status.code() {
        Some(0 | 1) => Ok(true),
        _ => Err(Failure::new(
            "diff did not compare skeleton and solution",
            status.to_string(),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::tests::SMALL;

    #[test]
    fn the_list_tells_what_is_solved() {
        let scratch = tempfile::tempdir().unwrap();
        let mut lab = Lab::parse("07-small", SMALL).unwrap();
        lab.folder = scratch.path().join("07-small");
        std::fs::create_dir_all(lab.skeleton()).unwrap();
        let copy = Work::of(&lab, None);
        let labs = [lab];
        assert!(list(&labs, None).starts_with("07  -  "));
        copy.create(&labs[0]).unwrap();
        assert!(list(&labs, None).starts_with("07  begun  "));
        copy.keep(Standing { points: 3, of: 5 }, &[]).unwrap();
        assert!(list(&labs, None).starts_with("07  3 of 5  "));
        copy.keep(Standing { points: 5, of: 5 }, &[]).unwrap();
        assert!(list(&labs, None).starts_with("07  solved, 5 of 5  "));
    }

    #[test]
    fn there_are_two_hints() {
        let lab = Lab::parse("07-small", SMALL).unwrap();
        assert!(hint(&lab, "2").unwrap());
        assert!(hint(&lab, "3").unwrap_err().to_string().contains("'3'"));
    }
}
