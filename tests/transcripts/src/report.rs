// SPDX-License-Identifier: GPL-2.0-only

//! What is told in the end: each transcript that is amiss, and the totals.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use crate::machines::Ran;
use crate::marker::Marker;
use crate::page::{Page, Transcript};
use crate::plan::Boot;

/// Collects what is told.
#[derive(Debug, Default)]
pub(crate) struct Report {
    rows: Vec<String>,
    same: usize,
    amiss: usize,
    updated: usize,
    /// How many are made by something else, by its name.
    made_by: BTreeMap<String, usize>,
    /// How many are not run, by the reason.
    not_run: BTreeMap<String, usize>,
}

impl Report {
    /// Counts the transcripts of a page that do not run in a machine.
    pub(crate) fn count_elsewhere(&mut self, page: &Page) {
        for transcript in &page.transcripts {
            match &transcript.marker {
                Marker::MadeBy(target) => *self.made_by.entry(target.clone()).or_default() += 1,
                Marker::NotRun(reason) => *self.not_run.entry(reason.clone()).or_default() += 1,
                Marker::Run(_) => {}
            }
        }
    }

    pub(crate) fn is_same(&mut self) {
        self.same += 1;
    }

    pub(crate) fn amiss(
        &mut self,
        page: &Page,
        transcript: &Transcript,
        what: &str,
        rows: &[String],
    ) {
        self.amiss += 1;
        self.rows
            .push(format!("{}:{}: {what}", page.path, transcript.fence + 1));
        self.rows.extend_from_slice(rows);
    }

    /// A session that leaves something behind which its machine cannot take away.
    pub(crate) fn left(&mut self, page: &Page, what: &str) {
        self.amiss += 1;
        self.rows
            .push(format!("{}: after the transcripts: {what}", page.path));
    }

    /// A machine that did not end well, or whose kernel complained.
    pub(crate) fn machine_failed(
        &mut self,
        pages: &[Page],
        boot: &Boot,
        ran: &Ran,
        console: &Path,
    ) {
        self.amiss += 1;
        self.rows.push(format!(
            "{}: the machine did not end well",
            paths(pages, boot)
        ));
        let last: Vec<&str> = ran.text.lines().rev().take(10).collect();
        self.rows
            .extend(last.iter().rev().map(|line| format!("    | {line}")));
        self.rows
            .push(format!("    its console: {}", console.display()));
    }

    pub(crate) fn updated(&mut self, page: &Page, count: usize) {
        self.updated += count;
        self.rows.push(format!("{}: rewritten: {count}", page.path));
    }

    pub(crate) fn is_good(&self) -> bool {
        self.amiss == 0
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for row in &self.rows {
            writeln!(f, "{row}")?;
        }
        for (target, count) in &self.made_by {
            writeln!(f, "made and checked by {target}: {count}")?;
        }
        for (reason, count) in &self.not_run {
            writeln!(f, "not run, {reason}: {count}")?;
        }
        if self.updated > 0 {
            writeln!(
                f,
                "read what git diff says: {} transcripts were rewritten",
                self.updated
            )?;
        } else if self.amiss > 0 {
            writeln!(
                f,
                "UPDATE=1 rewrites those that drifted; Documentation/testing.md explains"
            )?;
        }
        writeln!(
            f,
            "transcripts: {} as shown, {} amiss",
            self.same, self.amiss
        )
    }
}

/// A row about a machine that has ended.
pub(crate) fn machine(pages: &[Page], boot: &Boot, ran: &Ran) -> String {
    format!("{}: {:.1} s", paths(pages, boot), ran.time.as_secs_f64())
}

/// The pages that a machine is for.
fn paths(pages: &[Page], boot: &Boot) -> String {
    let mut paths: Vec<&str> = boot
        .sessions
        .iter()
        .map(|session| pages[session.page].path.as_str())
        .collect();
    paths.dedup();
    paths.join(", ")
}
