// SPDX-License-Identifier: GPL-2.0-only

//! Checks that labs keep their promises: `make labs`. A solution gets all points, a skeleton fails and says what to do,
//! each mistake has its explanation, each wrong answer its remark.

use std::fs;
use std::io;
use std::path::Path;
use std::thread;
use std::time::Instant;

use simrupt::failure::Failure;

use crate::answers::{self, Answers};
use crate::jobs::{self, Done, Job};
use crate::judge::{self, Grade, Judged, Seen};
use crate::lab::{Lab, Mistake};
use crate::report;
use crate::steps::Steps;
use crate::work::{Work, read_answers};

/// The promise that a job is checked for.
enum Held<'a> {
    Solution,
    Skeleton,
    Mistake(&'a Mistake),
}

/// Checks these labs; prints a line for each, and its errors. Returns whether there are none.
pub(crate) fn check(steps: &Steps, labs: &[&Lab]) -> Result<bool, Failure> {
    let mut jobs = Vec::new();
    let mut held = Vec::new();
    let mut all_answers = Vec::new();
    for &lab in labs {
        let right = read_answers(lab, &lab.solution())?;
        all_answers.push(right);
        jobs.push(Job {
            lab,
            variant: "solution".to_owned(),
            sources: lab.solution(),
            mistake: None,
            build_options: &["W=1"],
        });
        held.push(Held::Solution);
        jobs.push(Job {
            lab,
            variant: "skeleton".to_owned(),
            sources: lab.skeleton(),
            mistake: None,
            build_options: &[],
        });
        held.push(Held::Skeleton);
        for mistake in &lab.mistakes {
            jobs.push(Job {
                lab,
                variant: format!("mistake-{}", mistake.name.replace(' ', "-")),
                sources: lab.solution(),
                mistake: Some(mistake),
                build_options: &[],
            });
            held.push(Held::Mistake(mistake));
        }
    }
    let threads = thread::available_parallelism().map_or(1, usize::from);
    println!(
        "building {} versions of {} labs, then running them ...",
        jobs.len(),
        labs.len()
    );
    let start = Instant::now();
    let done = jobs::run(steps, &jobs, threads)?;
    println!("built and run in {:.1} s", start.elapsed().as_secs_f64());
    let mut is_good = true;
    for (lab, right) in labs.iter().zip(&all_answers) {
        let mut amiss = Vec::new();
        let of_lab = jobs
            .iter()
            .zip(&held)
            .zip(&done)
            .filter(|((job, _), _)| std::ptr::eq(job.lab, *lab));
        for ((job, held), done) in of_lab {
            let grade = judge::judge(lab, right, &done.seen);
            let told = match held {
                Held::Solution => solution(lab, right, done, &grade),
                Held::Skeleton => skeleton(lab, &grade),
                Held::Mistake(mistake) => of_mistake(lab, mistake, &grade),
            };
            if !told.is_empty() {
                let text = read(lab, &grade);
                amiss.push(format!(
                    "{}: {}\n{}",
                    job.variant,
                    told.join("; "),
                    report::indented(&text)
                ));
            }
        }
        amiss.extend(todo_marks(lab)?);
        let verdict = if amiss.is_empty() { "ok" } else { "FAILED" };
        println!(
            "{verdict:6}  {}: {} cases, {} predictions, {} points, {} mistakes",
            lab.name,
            lab.cases.len(),
            lab.predictions.len(),
            lab.points,
            lab.mistakes.len()
        );
        amiss.iter().for_each(|text| println!("    {text}"));
        is_good &= amiss.is_empty();
    }
    Ok(is_good)
}

/// The report as a learner would read it.
fn read(lab: &Lab, grade: &Grade) -> String {
    report::text(lab, grade, &Work::of(lab, None).command)
}

fn solution(lab: &Lab, right: &Answers, done: &Done, grade: &Grade) -> Vec<String> {
    let mut amiss = Vec::new();
    if grade.points() != lab.points {
        amiss.push(format!(
            "it gets {} points, not {}",
            grade.points(),
            lab.points
        ));
    }
    if matches!(done.seen, Seen::Ran(_)) && done.messages.contains("warning:") {
        amiss.push(format!("warnings: {}", done.messages.trim()));
    }
    // For a wrong answer with a remark: the remark is shown, and the points of that question are lost.
    for one in &lab.predictions {
        for (wrong, remark) in &one.remarks {
            let answers = right.with(&one.name, wrong);
            let grade = judge::judge(lab, &answers, &done.seen);
            let is_lost = lab.points - grade.points() == one.points;
            if !is_lost || !read(lab, &grade).contains(&report::indented(remark)) {
                amiss.push(format!(
                    "the answer '{wrong}' to {} gets no remark",
                    one.name
                ));
            }
        }
        if !one.one_of.is_empty()
            && !one
                .one_of
                .iter()
                .any(|word| answers::same(word, right.to(one)))
        {
            amiss.push(format!(
                "the right answer to {} is not in its list",
                one.name
            ));
        }
    }
    amiss
}

fn skeleton(lab: &Lab, grade: &Grade) -> Vec<String> {
    let mut amiss = Vec::new();
    let is_built = grade.build_messages.is_none();
    if is_built != lab.skeleton_builds {
        amiss.push(format!(
            "`skeleton_builds` is {}, but that is not so",
            lab.skeleton_builds
        ));
    }
    if is_built && grade.cases.iter().all(Judged::has_passed) {
        amiss.push("it passes all cases".to_owned());
    }
    if !is_built && grade.explanations.is_empty() {
        amiss.push("its build error has no explanation".to_owned());
    }
    amiss
}

fn of_mistake(lab: &Lab, mistake: &Mistake, grade: &Grade) -> Vec<String> {
    let mut amiss = Vec::new();
    if grade.points() == lab.points {
        amiss.push("it gets all points".to_owned());
    }
    if let Some(name) = &mistake.explained_by {
        if !grade.explains(lab, name) {
            amiss.push(format!("the explanation '{name}' is not shown"));
        }
    }
    for name in &mistake.fails {
        let judged = lab
            .cases
            .iter()
            .zip(&grade.cases)
            .find(|(case, _)| case.name == *name);
        if judged.is_some_and(|(_, judged)| judged.has_passed()) {
            amiss.push(format!("the case '{name}' passes"));
        }
    }
    amiss
}

/// Checks that each skeleton marks the places to fill in, and no solution does.
fn todo_marks(lab: &Lab) -> Result<Vec<String>, Failure> {
    let look = |folder: &Path| {
        has_mark(folder).map_err(|error| {
            Failure::new(
                format!("cannot read {}", folder.display()),
                error.to_string(),
            )
        })
    };
    let mut amiss = Vec::new();
    if !look(&lab.skeleton())? {
        amiss.push("no file of the skeleton has a TODO".to_owned());
    }
    if look(&lab.solution())? {
        amiss.push("a file of the solution has a TODO".to_owned());
    }
    Ok(amiss)
}

/// Whether a file of a folder, or of a folder in it, has a TODO.
fn has_mark(folder: &Path) -> io::Result<bool> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        let is_marked = match entry.file_type()?.is_dir() {
            true => has_mark(&path)?,
            false => fs::read_to_string(&path)?.contains("TODO"),
        };
        if is_marked {
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_found_in_a_folder_of_a_folder() {
        let folder = tempfile::tempdir().unwrap();
        let programs = folder.path().join("programs");
        fs::create_dir(&programs).unwrap();
        fs::write(folder.path().join("lab.c"), "done\n").unwrap();
        fs::write(programs.join("waiter.c"), "done\n").unwrap();
        assert!(!has_mark(folder.path()).unwrap());
        fs::write(programs.join("waiter.c"), "/* TODO: wait */\n").unwrap();
        assert!(has_mark(folder.path()).unwrap());
    }
}
