// SPDX-License-Identifier: GPL-2.0-only

//! The arrivals of one interrupt, by the tracepoint of its handlers.
//!
//! A shared interrupt calls several handlers one after the other, always in the same order. Only the first of them
//! counts as an arrival.

use rustc_hash::FxHashMap;

use crate::arrivals::Arrivals;
use crate::failure::{Failure, errno};
use crate::handlers::event::{At, Function, Handler, Name, Names, Sink, Slot, Task};
use crate::handlers::raw::entries_of;
use crate::handlers::recorder::Recorder;
use crate::sysroot::{Sysroot, read_text};
use nix::errno::Errno;

/// A recording of one interrupt's arrivals in progress. Dropping it ends it.
#[derive(Debug)]
pub struct Watched {
    irq: u32,
    actions: String,
    recorder: Recorder,
    seen: Seen,
}

impl Watched {
    /// Begins to record the arrivals of an interrupt, with a buffer of `buffer_kib` KiB for each CPU.
    ///
    /// # Errors
    ///
    /// Says why this process cannot trace, that there is no such interrupt, or that it has no handler.
    pub fn start(sysroot: &Sysroot, irq: u32, buffer_kib: Option<u32>) -> Result<Self, Failure> {
        let actions = actions(sysroot, irq)?;
        let mut recorder = Recorder::start(sysroot, [entries_of(irq)], buffer_kib)?;
        let seen = Seen::new(&actions, &mut recorder.names);
        Ok(Self {
            irq,
            actions,
            recorder,
            seen,
        })
    }

    /// Reads the arrivals that have come; returns their number. Must be called at least once per
    /// [`PERIOD`](crate::trace::PERIOD), or the buffers overflow.
    pub fn read(&mut self) -> Result<usize, Failure> {
        self.recorder.read(&mut self.seen)?;
        Ok(self.seen.times_ns.len())
    }

    /// The interrupt with its actions, for people.
    pub fn name(&self) -> String {
        format!("irq {} ({})", self.irq, self.actions)
    }

    /// Ends the recording; returns the first `most` arrivals, and the length of the recording in nanoseconds. If the
    /// kernel lost some, the header says how many.
    pub fn end(mut self, most: usize) -> Result<(Arrivals, u64), Failure> {
        let end_ns = self.recorder.stop()?;
        self.recorder.rest(&mut self.seen)?;
        let lost = self.recorder.lost().saturating_add(self.recorder.odd());
        let start_ns = self.recorder.start_ns;
        let times = self.seen.times_ns.iter().copied().take(most);
        let mut arrivals = Arrivals::at(start_ns, times);
        arrivals.say("source", self.name());
        if lost > 0 {
            arrivals.say_lost(lost);
        }
        Ok((arrivals, end_ns.saturating_sub(start_ns)))
    }
}

/// The names of the handlers of an interrupt, separated by commas.
fn actions(sysroot: &Sysroot, irq: u32) -> Result<String, Failure> {
    let what = format!("cannot record irq {irq}");
    let path = sysroot.sys(&format!("kernel/irq/{irq}/actions"));
    let remedy = "simructl irqs lists those that come";
    match read_text(&path) {
        Ok(text) => match text.trim_end_matches('\n') {
            "" => Err(Failure::new(what, "no driver handles this interrupt").remedy(remedy)),
            actions => Ok(actions.to_string()),
        },
        Err(error) if errno(&error) == Errno::ENOENT => {
            Err(Failure::new(what, "there is no such interrupt").remedy(remedy))
        }
        Err(error) => Err(Failure::file("read", &path, None, &error)),
    }
}

/// The arrivals so far.
#[derive(Debug)]
struct Seen {
    /// The first handler, with the number of handlers that have the same name. A name may contain commas, so there may
    /// be several candidates.
    first: Vec<(Name, u32)>,
    /// How many handlers with that name were called on a CPU since the last arrival there.
    called: FxHashMap<u32, u32>,
    times_ns: Vec<u64>,
}

impl Seen {
    fn new(actions: &str, names: &mut Names) -> Self {
        let ends = actions.match_indices(',').map(|(end, _)| end);
        let first = ends.chain([actions.len()]).map(|end| {
            let name = &actions[..end];
            // As a complete entry of the list.
            let all = format!(",{actions},").replace(',', ",,");
            let whole = format!(",{},", name.replace(',', ",,"));
            let count = all.matches(&whole).count().max(1);
            let count = u32::try_from(count).unwrap_or(u32::MAX);
            (names.of(name.as_bytes()), count)
        });
        Self {
            first: first.collect(),
            called: FxHashMap::default(),
            times_ns: Vec::new(),
        }
    }
}

impl Sink for Seen {
    fn enter(&mut self, at: At, handler: Handler) {
        let Handler::Irq { action, .. } = handler else {
            return;
        };
        let Some((_, handlers)) = self.first.iter().find(|(name, _)| *name == action) else {
            return;
        };
        if *handlers > 1 {
            let called = self.called.entry(at.cpu).or_insert(0);
            let is_first = *called == 0;
            *called = (*called + 1) % handlers;
            if !is_first {
                return;
            }
        }
        self.times_ns.push(at.ns);
    }

    fn lose(&mut self) {
        // The next one is as good a beginning as any other.
        self.called.clear();
    }

    fn leave(&mut self, _: At, _: Slot) {}
    fn raise(&mut self, _: At, _: u32) {}
    fn queue(&mut self, _: At, _: u64, _: Function, _: Name) {}
    fn start(&mut self, _: At, _: u64, _: Function) {}
    fn wake(&mut self, _: At, _: u32) {}
    fn switch(&mut self, _: At, _: Task, _: Task, _: bool) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The arrival times, for handlers that are called at these times on these CPUs.
    fn seen(actions: &str, entries: &[(u64, u32, &str)]) -> Vec<u64> {
        let mut names = Names::default();
        let mut seen = Seen::new(actions, &mut names);
        for (ns, cpu, name) in entries {
            let at = At {
                ns: *ns,
                cpu: *cpu,
                pid: 0,
            };
            let action = names.of(name.as_bytes());
            seen.enter(at, Handler::Irq { irq: 9, action });
        }
        seen.times_ns
    }

    #[test]
    fn a_shared_interrupt_counts_once() {
        let entries = [(1, 0, "a"), (2, 0, "b"), (5, 1, "a"), (6, 1, "b")];
        assert_eq!(seen("a,b", &entries), [1, 5]);
        assert_eq!(seen("a", &[(1, 0, "a"), (2, 1, "a")]), [1, 2]);
    }

    #[test]
    fn handlers_of_one_name_are_told_apart_by_their_number() {
        let same = [
            (1, 0, "a"),
            (2, 1, "a"),
            (3, 0, "a"),
            (4, 1, "a"),
            (9, 0, "a"),
        ];
        assert_eq!(seen("a,a", &same), [1, 2, 9]);
        let mixed = [(1, 0, "a"), (2, 0, "b"), (3, 0, "a"), (4, 0, "a")];
        assert_eq!(seen("a,b,a", &mixed), [1, 4]);
    }

    #[test]
    fn a_name_may_have_a_comma() {
        assert_eq!(seen("x,y,z", &[(1, 0, "x,y"), (2, 0, "z")]), [1]);
        assert_eq!(
            seen("aa,a", &[(1, 0, "aa"), (2, 0, "a"), (5, 0, "aa")]),
            [1, 5]
        );
    }

    #[test]
    fn a_loss_begins_anew() {
        let mut names = Names::default();
        let mut seen = Seen::new("a,a", &mut names);
        let action = names.of(b"a");
        let enter = |seen: &mut Seen, ns| {
            let at = At { ns, cpu: 0, pid: 0 };
            seen.enter(at, Handler::Irq { irq: 9, action });
        };
        enter(&mut seen, 1);
        seen.lose();
        enter(&mut seen, 5);
        enter(&mut seen, 6);
        assert_eq!(seen.times_ns, [1, 5]);
    }

    #[test]
    fn an_interrupt_without_a_handler_is_told_from_one_that_is_not_there() {
        let directory = tempfile::tempdir().unwrap();
        let sysroot = Sysroot::new(directory.path().to_path_buf());
        let why = || actions(&sysroot, 7).unwrap_err().to_string();
        assert!(why().contains("there is no such interrupt"));
        let folder = directory.path().join("sys/kernel/irq/7");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("actions"), "\n").unwrap();
        assert!(why().contains("no driver handles"));
        std::fs::write(folder.join("actions"), "eth0,eth1\n").unwrap();
        assert_eq!(actions(&sysroot, 7).unwrap(), "eth0,eth1");
    }
}
