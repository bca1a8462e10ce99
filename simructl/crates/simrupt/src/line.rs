// SPDX-License-Identifier: GPL-2.0-only

//! The counters of one line of the module, read from debugfs.

use std::fs::File;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use serde_json::{Value, json};

use crate::failure::{Failure, errno};
use crate::files::contexts::Contexts;
use crate::files::stats::Stats;
use crate::sysroot::read_whole;

/// The counters of events that no reader will get.
const LOST: [&str; 4] = ["overrun", "dropped", "overwritten", "flushed"];

/// The counters of one line.
#[derive(Debug)]
pub struct Counters {
    /// The counters.
    pub stats: Stats,
    /// Which stage ran how often in which context.
    pub contexts: Contexts,
}

impl Counters {
    /// Reads the counters of a line from its debugfs directory; `None` if its driver is unbound.
    pub fn read(directory: &Path, line: u32) -> Result<Option<Self>, Failure> {
        let file = |name| read_line_file(directory.join(name), line);
        let (Some((stats_path, stats)), Some((contexts_path, contexts))) =
            (file("stats")?, file("contexts")?)
        else {
            return Ok(None);
        };
        Ok(Some(Self {
            stats: Stats::parse(&stats).map_err(|why| Failure::malformed(&stats_path, why))?,
            contexts: Contexts::parse(&contexts)
                .map_err(|why| Failure::malformed(&contexts_path, why))?,
        }))
    }

    /// The number of events that no reader will get.
    pub fn lost(&self) -> u64 {
        LOST.iter()
            .filter_map(|name| self.stats.get(name))
            .fold(0, u64::saturating_add)
    }

    /// The counters as a JSON object.
    pub fn stats_json(&self) -> Value {
        self.stats
            .iter()
            .map(|(name, value)| (name.to_string(), json!(value)))
            .collect::<serde_json::Map<_, _>>()
            .into()
    }

    /// The contexts as a JSON object of stages, each an object of counts.
    pub fn contexts_json(&self) -> Value {
        self.contexts
            .stages
            .iter()
            .map(|(stage, counts)| {
                let counts: serde_json::Map<_, _> = self
                    .contexts
                    .columns
                    .iter()
                    .zip(counts)
                    .map(|(column, &count)| (column.clone(), json!(count)))
                    .collect();
                (stage.clone(), Value::from(counts))
            })
            .collect::<serde_json::Map<_, _>>()
            .into()
    }
}

/// The text of one file with its path; `None` if the driver is unbound.
pub fn read_line_file(path: PathBuf, line: u32) -> Result<Option<(PathBuf, String)>, Failure> {
    match File::open(&path).and_then(read_whole) {
        Ok(text) => Ok(Some((path, text))),
        Err(error) if errno(&error) == Errno::ENODEV => Ok(None),
        Err(error) => Err(Failure::file("read", &path, Some(line), &error)),
    }
}
