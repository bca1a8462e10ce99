// SPDX-License-Identifier: GPL-2.0-only

//! Detects writes to the files that a measurement depends on, including writes that are reverted at once, which a
//! comparison of values would not find.
//!
//! The kernel reports each write() to a file by inotify, on any file system. It does not report which process wrote, so
//! this process must not write between [`Writes::begin`] and [`Writes::seen`].

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify, WatchDescriptor};

/// Files and directories that are watched.
#[derive(Debug)]
pub struct Writes {
    /// Absent if the kernel has no inotify, or no free instance.
    inotify: Option<Inotify>,
    paths: HashMap<WatchDescriptor, PathBuf>,
}

impl Writes {
    /// Watches nothing yet.
    pub fn new() -> Self {
        let flags = InitFlags::IN_NONBLOCK | InitFlags::IN_CLOEXEC;
        Self {
            inotify: Inotify::init(flags).ok(),
            paths: HashMap::new(),
        }
    }

    /// Watches a file, or the files of a directory. A file that does not exist cannot be watched; one that is already
    /// watched stays watched.
    pub fn watch(&mut self, path: &Path) {
        let Some(inotify) = &self.inotify else {
            return;
        };
        if let Ok(watch) = inotify.add_watch(path, AddWatchFlags::IN_MODIFY) {
            self.paths.insert(watch, path.to_path_buf());
        }
    }

    /// Forgets all writes so far.
    pub fn begin(&mut self) {
        self.seen();
    }

    /// The files that were written to since the last call, each once.
    pub fn seen(&mut self) -> Vec<PathBuf> {
        let mut seen = Vec::new();
        let Some(inotify) = &self.inotify else {
            return seen;
        };
        loop {
            let events = match inotify.read_events() {
                Ok(events) => events,
                Err(Errno::EINTR) => continue,
                // There are no more.
                Err(_) => return seen,
            };
            for event in events {
                // An event without a path belongs to a watch that is gone, or says that the queue has overflowed.
                let path = self.paths.get(&event.wd).map(|path| match &event.name {
                    Some(name) => path.join(name),
                    None => path.clone(),
                });
                let is_write = event.mask.contains(AddWatchFlags::IN_MODIFY);
                if let Some(path) = path.filter(|path| is_write && !seen.contains(path)) {
                    seen.push(path);
                }
            }
        }
    }
}

impl Default for Writes {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_value_that_is_written_and_written_back_is_seen() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        let (knob, affinity) = (root.join("line0/rate_hz"), root.join("affinity"));
        fs::create_dir(root.join("line0")).unwrap();
        fs::write(&knob, "1").unwrap();
        fs::write(&affinity, "0").unwrap();
        let mut writes = Writes::new();
        writes.watch(&root.join("line0"));
        writes.watch(&affinity);
        writes.watch(&root.join("absent"));
        assert_eq!(writes.seen(), Vec::<PathBuf>::new());

        fs::write(&knob, "7").unwrap();
        fs::write(&knob, "1").unwrap();
        fs::write(&affinity, "0").unwrap();
        fs::read(&knob).unwrap();
        assert_eq!(writes.seen(), [knob.clone(), affinity]);
        assert_eq!(writes.seen(), Vec::<PathBuf>::new());

        fs::write(&knob, "2").unwrap();
        writes.begin();
        assert_eq!(writes.seen(), Vec::<PathBuf>::new());
    }
}
