// SPDX-License-Identifier: GPL-2.0-only

//! Builds and runs the files of labs, with as many labs in one machine as possible.

use std::collections::{BTreeMap, VecDeque};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::thread;

use simrupt::failure::Failure;

use crate::files;
use crate::judge::{Runs, Seen};
use crate::lab::{Lab, Mistake};
use crate::steps::Steps;
use crate::transcript::{self, MachineEnd};

/// Files to be built, and run by the cases of a lab.
#[derive(Debug)]
pub(crate) struct Job<'a> {
    pub(crate) lab: &'a Lab,
    /// The name of its folder in the lab's: `work`, `solution`, `skeleton` or that of a mistake.
    pub(crate) variant: String,
    /// Where the files are.
    pub(crate) sources: PathBuf,
    /// The mistake to make in the copy.
    pub(crate) mistake: Option<&'a Mistake>,
    /// Options of the build.
    pub(crate) build_options: &'static [&'static str],
}

/// The outcome of a job.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) seen: Seen,
    /// The build's messages, even if it succeeded.
    pub(crate) messages: String,
}

/// Builds and runs all jobs, `threads` at the same time.
pub(crate) fn run(steps: &Steps, jobs: &[Job<'_>], threads: usize) -> Result<Vec<Done>, Failure> {
    for job in jobs {
        steps.prepare(job.lab.kernel, &job.lab.machine)?;
    }
    let built = parallel(threads, jobs.iter().collect(), |job| build(steps, job))?;
    let mut done: Vec<Done> = Vec::new();
    for (is_built, messages) in built {
        let seen = match is_built {
            true => Seen::Ran(Runs::new()),
            false => Seen::BuildFailed(messages.clone()),
        };
        done.push(Done { seen, messages });
    }
    let is_built = |at: &usize| matches!(done[*at].seen, Seen::Ran(_));
    let groups = groups(jobs, (0..jobs.len()).filter(is_built), threads.max(1));
    let runs = parallel(threads, groups, |group| run_group(steps, jobs, group))?;
    for (at, runs) in runs.into_iter().flatten() {
        done[at].seen = Seen::Ran(runs);
    }
    Ok(done)
}

/// Does `work` for each of `items` in `threads` threads; the results are in the order of the items.
fn parallel<I: Send, O: Send>(
    threads: usize,
    items: Vec<I>,
    work: impl Fn(I) -> Result<O, Failure> + Sync,
) -> Result<Vec<O>, Failure> {
    let count = items.len();
    let queue: Mutex<VecDeque<(usize, I)>> = Mutex::new(items.into_iter().enumerate().collect());
    let results = Mutex::new(BTreeMap::new());
    let take = || {
        queue
            .lock()
            .unwrap_or_else(|error| error.into_inner())
            .pop_front()
    };
    thread::scope(|scope| {
        for _ in 0..threads.clamp(1, count.max(1)) {
            scope.spawn(|| {
                while let Some((at, item)) = take() {
                    let result = work(item);
                    results
                        .lock()
                        .unwrap_or_else(|error| error.into_inner())
                        .insert(at, result);
                }
            });
        }
    });
    results
        .into_inner()
        .unwrap_or_else(|error| error.into_inner())
        .into_values()
        .collect()
}

/// The jobs that share a machine. Jobs that may share one are spread over `threads` machines.
fn groups(
    jobs: &[Job<'_>],
    built: impl Iterator<Item = usize>,
    machines: usize,
) -> Vec<Vec<usize>> {
    let mut shared: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    let mut groups = Vec::new();
    for at in built {
        let lab = jobs[at].lab;
        if lab.machine.alone {
            groups.push(vec![at]);
        } else {
            shared
                .entry((lab.kernel, &lab.machine))
                .or_default()
                .push(at);
        }
    }
    for group in shared.into_values() {
        let size = group.len().div_ceil(machines);
        groups.extend(group.chunks(size.max(1)).map(<[usize]>::to_vec));
    }
    groups
}

/// Where the files of a job are built.
fn build_folder(steps: &Steps, job: &Job<'_>) -> PathBuf {
    steps
        .folder(job.lab.kernel, &job.lab.name)
        .join(&job.variant)
}

/// Builds a job; returns whether it succeeded, and the messages.
fn build(steps: &Steps, job: &Job<'_>) -> Result<(bool, String), Failure> {
    let folder = build_folder(steps, job);
    let cannot = |error: io::Error| {
        Failure::new(
            format!("cannot copy {}", job.sources.display()),
            error.to_string(),
        )
    };
    files::mirror(&job.sources, &folder).map_err(cannot)?;
    if let Some(mistake) = job.mistake {
        files::make_mistake(mistake, &folder)?;
    }
    let (is_built, messages) = steps.build(job.lab.kernel, &folder, job.build_options)?;
    let theirs = format!("{}/", folder.display());
    Ok((
        is_built,
        messages.replace(&theirs, &format!("{}/", job.sources.display())),
    ))
}

/// Runs the rest of each job, in one machine after the other. If a run ends the machine, or leaves a mark on its
/// kernel, the next machine does the rest.
fn run_group(
    steps: &Steps,
    jobs: &[Job<'_>],
    group: Vec<usize>,
) -> Result<Vec<(usize, Runs)>, Failure> {
    let mut left: Vec<(usize, Vec<usize>)> = group
        .iter()
        .map(|&at| (at, runs_of(jobs[at].lab)))
        .collect();
    let mut done: Vec<(usize, Runs)> = group.iter().map(|&at| (at, Runs::new())).collect();
    let first = &jobs[group[0]];
    // Jobs that share a machine may be variants of one lab, or of several.
    let name = format!("machine-{}-{}", first.lab.name, first.variant);
    let content = steps.folder(first.lab.kernel, &name);
    while left.iter().any(|(_, runs)| !runs.is_empty()) {
        let plan = plan(jobs, &left);
        lay_out(steps, jobs, &plan, &content).map_err(|error| {
            Failure::new(
                format!("cannot make {}", content.display()),
                error.to_string(),
            )
        })?;
        let said = steps.boot(first.lab.kernel, &first.lab.machine, &content)?;
        let runs = transcript::runs(&said.output, &said.console, &said.end);
        if runs.is_empty() {
            let why = match said.end {
                MachineEnd::Failed(why) => why,
                end => format!("it ran nothing ({end:?})"),
            };
            return Err(
                Failure::new("the test machine did not work", why).remedy(format!(
                    "the console is in {}; on a busy machine PATIENCE=4",
                    content.with_extension("console").display()
                )),
            );
        }
        for ((number, index), run) in runs {
            let Some((_, left)) = left.get_mut(number) else {
                continue;
            };
            left.retain(|&one| one != index);
            done[number].1.insert(index, run);
        }
    }
    Ok(done)
}

/// The cases that have commands.
fn runs_of(lab: &Lab) -> Vec<usize> {
    (0..lab.cases.len())
        .filter(|&at| lab.cases[at].run.is_some())
        .collect()
}

/// The runs of the next machine: numbers of jobs in the group, each with its runs. A fresh case is the first of its
/// machine.
fn plan(jobs: &[Job<'_>], left: &[(usize, Vec<usize>)]) -> Vec<(usize, usize, Vec<usize>)> {
    let mut plan: Vec<(usize, usize, Vec<usize>)> = Vec::new();
    for (number, (at, runs)) in left.iter().enumerate() {
        let is_fresh = |run: &usize| jobs[*at].lab.cases[*run].fresh;
        let mut taken: Vec<usize> = Vec::new();
        for run in runs {
            if is_fresh(run) && !(plan.is_empty() && taken.is_empty()) {
                break;
            }
            taken.push(*run);
        }
        if !taken.is_empty() {
            plan.push((number, *at, taken));
        }
    }
    plan
}

/// Fills the machine's folder: `labs.sh`, and for each job the built files and the commands of its runs.
fn lay_out(
    steps: &Steps,
    jobs: &[Job<'_>],
    plan: &[(usize, usize, Vec<usize>)],
    content: &Path,
) -> io::Result<()> {
    match fs::remove_dir_all(content) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    fs::create_dir_all(content)?;
    fs::write(content.join("labs.sh"), include_str!("guest.sh"))?;
    for (number, at, runs) in plan {
        let job = &jobs[*at];
        let folder = content.join("labs").join(format!("{number:04}"));
        fs::create_dir_all(&folder)?;
        let built = build_folder(steps, job);
        for module in files::modules(&built)? {
            fs::copy(&module, folder.join(module.file_name().unwrap_or_default()))?;
        }
        for program in files::programs(&built)? {
            fs::copy(built.join(&program), folder.join(program))?;
        }
        for &run in runs {
            if let Some(commands) = &job.lab.cases[run].run {
                fs::write(folder.join(format!("{run:04}.sh")), commands)?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::tests::SMALL;

    fn job<'a>(lab: &'a Lab, variant: &str) -> Job<'a> {
        Job {
            lab,
            variant: variant.to_owned(),
            sources: PathBuf::from("x"),
            mistake: None,
            build_options: &[],
        }
    }

    #[test]
    fn only_jobs_that_want_the_same_machine_share_it() {
        let plain = Lab::parse("01-a", SMALL).unwrap();
        let other = Lab::parse("02-b", SMALL).unwrap();
        let with = |name: &str, machine: &str| {
            let text = SMALL.replacen(
                "[[prediction]]",
                &format!("[machine]\n{machine}\n[[prediction]]"),
                1,
            );
            Lab::parse(name, &text).unwrap()
        };
        let nosmap = with("03-c", "kernel_args = ['nosmap']");
        let alone = with("04-d", "alone = true");
        let jobs: Vec<Job<'_>> = [&plain, &nosmap, &alone, &alone, &other]
            .map(|lab| job(lab, "solution"))
            .into();
        assert_eq!(
            groups(&jobs, 0..5, 1),
            [vec![2], vec![3], vec![0, 4], vec![1]]
        );
        assert_eq!(
            groups(&jobs, [0, 1, 4].into_iter(), 2),
            [vec![0], vec![4], vec![1]]
        );
    }

    #[test]
    fn a_fresh_case_begins_a_machine() {
        let text = SMALL.replacen(
            "name = \"second\"",
            "name = \"second\"\nfresh = true\nrun = \"dmesg\"",
            1,
        );
        let lab = Lab::parse("01-a", &text).unwrap();
        let jobs = [job(&lab, "solution"), job(&lab, "skeleton")];
        let all = [(0, vec![0, 1]), (1, vec![0, 1])];
        assert_eq!(plan(&jobs, &all), [(0, 0, vec![0]), (1, 1, vec![0])]);
        let rest = [(0, vec![1]), (1, vec![1])];
        assert_eq!(plan(&jobs, &rest), [(0, 0, vec![1])]);
    }

    #[test]
    fn results_of_threads_are_in_the_order_of_their_items() {
        let squares = parallel(3, (0..20).collect(), |n: u32| Ok(n * n)).unwrap();
        assert_eq!(squares, (0..20).map(|n| n * n).collect::<Vec<_>>());
        let failed = parallel(3, vec![1, 2], |n: u32| match n {
            1 => Ok(n),
            _ => Err(Failure::new("two", "it is even")),
        });
        assert!(failed.is_err());
    }
}
