// SPDX-License-Identifier: GPL-2.0-only

//! The files that a machine needs to run its sessions: `/docs`, and files of the checkout in root's home folder.

use std::fs;
use std::ops::Range;
use std::path::Path;

use simrupt::failure::Failure;

use crate::marker::Image;
use crate::outcome::run_of;
use crate::page::{Page, Transcript};
use crate::plan::Boot;

const GUEST: &str = include_str!("guest.sh");
const SESSION: &str = include_str!("session.sh");

/// Writes the files for a machine into a new folder, which becomes its root folder.
pub(crate) fn write(
    folder: &Path,
    checkout: &Path,
    pages: &[Page],
    boot: &Boot,
) -> Result<(), Failure> {
    let docs = folder.join("docs");
    let home = folder.join(match boot.image {
        Image::Plain => "root",
        Image::Tools => "tools/root",
    });
    let _ = fs::remove_dir_all(folder);
    make(&docs)?;
    put(&docs.join("guest.sh"), GUEST)?;
    put(&docs.join("session.sh"), SESSION)?;
    for (index, session) in boot.sessions.iter().enumerate() {
        let of_session = docs.join(format!("{:02}", number(index)));
        make(&of_session)?;
        let page = &pages[session.page];
        let mut step = 0;
        for &transcript in &session.transcripts {
            for (commands, ending) in scripts(&page.transcripts[transcript]) {
                put(
                    &of_session.join(format!("{step:03}{ending}")),
                    &format!("{commands}\n"),
                )?;
                step += 1;
            }
        }
        for name in &session.machine.files {
            let to = home.join(Path::new(name).file_name().unwrap_or_default());
            make(&home)?;
            let copied = fs::copy(checkout.join(name), &to);
            copied.map_err(|error| {
                Failure::new(
                    format!("{}: cannot copy {name}", page.path),
                    error.to_string(),
                )
                .remedy("files=\"…\" in the marker names files by their paths in the checkout")
            })?;
        }
    }
    Ok(())
}

/// The number of a session in its machine, by its index.
pub(crate) fn number(index: usize) -> usize {
    index + 1
}

/// How the name of a step ends if each of its commands must succeed.
const STRICT: &str = "-strict";
/// How it ends if its standard error is not compared.
const STDOUT: &str = "-stdout";

/// The steps of a transcript: the commands of each, and how its name ends.
fn scripts(transcript: &Transcript) -> Vec<(String, &'static str)> {
    let Some(run) = run_of(transcript) else {
        return Vec::new();
    };
    let mut scripts = Vec::new();
    if !run.set_up.is_empty() {
        scripts.push((run.set_up.join("\n"), STRICT));
    }
    let ending = |is_compared| match (is_compared, run.is_stdout) {
        (false, _) => STRICT,
        (true, true) => STDOUT,
        (true, false) => "",
    };
    let steps = transcript.steps.iter();
    scripts.extend(steps.map(|step| (step.command.clone(), ending(step.is_compared))));
    scripts
}

/// The numbers of the steps of each transcript of a session.
pub(crate) fn step_numbers(page: &Page, transcripts: &[usize]) -> Vec<Range<usize>> {
    let mut begin = 0;
    let counts = transcripts
        .iter()
        .map(|&index| scripts(&page.transcripts[index]).len());
    counts
        .map(|count| {
            let range = begin..begin + count;
            begin = range.end;
            range
        })
        .collect()
}

fn make(folder: &Path) -> Result<(), Failure> {
    fs::create_dir_all(folder).map_err(|error| {
        Failure::new(
            format!("cannot make {}", folder.display()),
            error.to_string(),
        )
    })
}

fn put(file: &Path, text: &str) -> Result<(), Failure> {
    fs::write(file, text).map_err(|error| {
        Failure::new(
            format!("cannot write {}", file.display()),
            error.to_string(),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan;
    use crate::said::{Printed, Said};
    use std::process::Command;

    const PAGE: &str = "<!-- transcript: new files=\"given.txt\"\nhere=there\n-->\n```\n$ echo $here; echo amiss >&2\n\
                        $ cat <<'END'\n> a  b\n> END\n$ nonesuch\n```\n<!-- transcript: commands -->\n```sh\ncd /\n\
                        false\necho unseen\n```\n";

    fn parsed() -> Page {
        let (page, faults) = Page::parse("a.md", PAGE);
        assert_eq!(faults, []);
        page
    }

    fn written(scratch: &Path, page: Page) -> (Page, Boot) {
        let boot = plan::boots(plan::sessions(0, &page).unwrap()).remove(0);
        fs::write(scratch.join("given.txt"), "given").unwrap();
        write(
            &scratch.join("content"),
            scratch,
            std::slice::from_ref(&page),
            &boot,
        )
        .unwrap();
        (page, boot)
    }

    #[test]
    fn a_session_has_its_steps_in_their_order_and_its_files() {
        let scratch = tempfile::tempdir().unwrap();
        let (page, boot) = written(scratch.path(), parsed());
        let content = scratch.path().join("content");
        let mut names: Vec<_> = fs::read_dir(content.join("docs/01"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        assert_eq!(names, ["000-strict", "001", "002", "003", "004-strict"]);
        assert_eq!(
            fs::read_to_string(content.join("root/given.txt")).unwrap(),
            "given"
        );
        assert_eq!(
            step_numbers(&page, &boot.sessions[0].transcripts),
            [0..4, 4..5]
        );
    }

    /// Runs the steps of the page's first session in a shell of this machine. Returns the output of each step.
    fn run_steps(scratch: &Path, page: Page) -> Vec<Printed> {
        written(scratch, page);
        let docs = scratch.join("content/docs");
        // Root's home is elsewhere here.
        let script = SESSION
            .replace("cd /root", "cd /tmp")
            .replace("/docs", &docs.display().to_string());
        let output = Command::new("sh")
            .args(["-c", &format!("exec 2>&1; {script}"), "sh"])
            .arg(docs.join("01"))
            .output()
            .unwrap();
        let said = Said::parse(&String::from_utf8(output.stdout).unwrap());
        said.steps(1, 0..9)
    }

    #[test]
    fn the_shell_runs_them_one_after_the_other_and_marks_them() {
        let scratch = tempfile::tempdir().unwrap();
        let steps = run_steps(scratch.path(), parsed());
        let printed = |output: &str, status| Printed {
            output: output.to_owned(),
            status: Some(status),
        };
        assert_eq!(steps.len(), 5, "{steps:?}");
        assert_eq!(steps[0], printed("", 0));
        assert_eq!(steps[1], printed("there\namiss\n", 0));
        assert_eq!(steps[2], printed("a  b\n", 0));
        assert_eq!(steps[3].status, Some(127));
        assert_eq!(steps[4], printed("", 1));
    }

    #[test]
    fn standard_error_is_left_out_where_the_marker_says_so() {
        let page = "<!-- transcript: new stdout\ntrue\n-->\n```\n$ echo shown; echo amiss >&2\nshown\n```\n";
        let scratch = tempfile::tempdir().unwrap();
        let (page, faults) = Page::parse("a.md", page);
        assert_eq!(faults, []);
        let steps = run_steps(scratch.path(), page);
        assert_eq!(steps[1].output, "shown\n");
    }

    #[test]
    fn a_file_that_is_not_there_is_named() {
        let scratch = tempfile::tempdir().unwrap();
        let (page, _) = Page::parse(
            "a.md",
            "<!-- transcript: new files=\"lost\" -->\n```\n$ ls\n```\n",
        );
        let boot = plan::boots(plan::sessions(0, &page).unwrap()).remove(0);
        let error = write(
            &scratch.path().join("content"),
            scratch.path(),
            &[page],
            &boot,
        )
        .unwrap_err();
        assert!(
            error.to_string().contains("a.md: cannot copy lost"),
            "{error}"
        );
    }
}
