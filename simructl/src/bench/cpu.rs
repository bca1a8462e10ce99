// SPDX-License-Identifier: GPL-2.0-only

//! Where CPU time goes, in nanoseconds, as far as the kernel counts it so.
//!
//! - Idle time, from `/proc/timer_list`: `idle_sleeptime` and `iowait_sleeptime` of each CPU. Kernels
//!   from 7.3 on do not show it any more, and count interrupts out of idle as idle: there is no source
//!   for busy time then. `/proc/stat` counts in steps of 10 ms, too coarse for rounds of a second.
//! - What all tasks used, from `/proc/schedstat`.
//! - What a task used, from its own `schedstat`. An interrupt is charged to the task that it interrupts.
//! - Context switches, from `/proc/stat`.
//!
//! What is not there, or not of the form known, is `None`: never 0.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use nix::unistd::{Pid, gettid};

use crate::sysroot::{Sysroot, read_text, read_whole};

/// What was used up to a moment.
#[derive(Debug, Clone, Default)]
pub(crate) struct Snapshot {
    /// When idle time was read, and how much all CPUs had of it.
    idle: Option<Idle>,
    /// What all tasks used.
    tasks_ns: Option<u64>,
    /// Context switches.
    switches: Option<u64>,
    /// What each worker thread used, by its number.
    workers: BTreeMap<i32, u64>,
    /// What the readers used.
    readers_ns: Option<u64>,
    /// What the calling thread used.
    own_ns: Option<u64>,
}

/// The idle time of all CPUs.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Idle {
    now_ns: u64,
    cpus: u64,
    idle_ns: u64,
}

/// What was used between two snapshots.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Usage {
    /// All CPU time that was not idle, but for what the bench itself used.
    pub(crate) busy_ns: Option<u64>,
    /// By kworkers, the threads of simrupt's interrupts, and ksoftirqd.
    pub(crate) worker_ns: Option<u64>,
    pub(crate) reader_ns: Option<u64>,
    /// Busy time that no task was charged for.
    pub(crate) interrupt_ns: Option<u64>,
    pub(crate) switches: Option<u64>,
}

/// Where to look, prepared so that looking costs little.
#[derive(Debug)]
pub(crate) struct Accounts<'a> {
    sysroot: &'a Sysroot,
    readers: Vec<Pid>,
    workers: Vec<i32>,
}

impl<'a> Accounts<'a> {
    /// Finds the worker threads that there are: the costly part.
    pub(crate) fn open(sysroot: &'a Sysroot, readers: Vec<Pid>) -> Self {
        Self {
            sysroot,
            readers,
            workers: workers(sysroot),
        }
    }

    /// A snapshot before a measurement: what is to be exact comes last.
    pub(crate) fn before(&self) -> Snapshot {
        let mut snapshot = Snapshot {
            workers: self.times_of_workers(),
            readers_ns: self.readers_ns(),
            ..Snapshot::default()
        };
        self.whole_system(&mut snapshot);
        snapshot
    }

    /// A snapshot after it: what is to be exact comes first. Workers are looked for once more.
    pub(crate) fn after(&mut self) -> Snapshot {
        let mut snapshot = Snapshot::default();
        self.whole_system(&mut snapshot);
        snapshot.readers_ns = self.readers_ns();
        self.workers = workers(self.sysroot);
        snapshot.workers = self.times_of_workers();
        snapshot
    }

    fn whole_system(&self, snapshot: &mut Snapshot) {
        let text = |name| {
            let file = fs::File::open(self.sysroot.proc(name)).ok()?;
            read_whole(file).ok()
        };
        snapshot.switches = text("stat").as_deref().and_then(switches);
        snapshot.tasks_ns = text("schedstat").as_deref().and_then(tasks_ns);
        snapshot.own_ns = self.task_ns(&task(gettid()));
        snapshot.idle = text("timer_list").as_deref().and_then(idle);
    }

    fn readers_ns(&self) -> Option<u64> {
        let times = self.readers.iter().map(|tid| self.task_ns(&task(*tid)));
        times.sum()
    }

    fn times_of_workers(&self) -> BTreeMap<i32, u64> {
        let time = |pid: &i32| Some((*pid, self.task_ns(&pid.to_string())?));
        self.workers.iter().filter_map(time).collect()
    }

    /// What a task used, by its directory in /proc.
    fn task_ns(&self, directory: &str) -> Option<u64> {
        let path: PathBuf = self.sysroot.proc(directory).join("schedstat");
        first_number(&read_text(&path).ok()?)
    }
}

/// The directory of one of this program's threads.
fn task(tid: Pid) -> String {
    format!("self/task/{tid}")
}

impl Snapshot {
    /// What was used from this snapshot to a later one.
    pub(crate) fn until(&self, later: &Self) -> Usage {
        let own_ns = since(self.own_ns, later.own_ns);
        let busy_ns = match (self.idle, later.idle) {
            (Some(from), Some(to)) if from.cpus == to.cpus => {
                let idle_ns = to.idle_ns.saturating_sub(from.idle_ns);
                let all_ns = to.now_ns.saturating_sub(from.now_ns) * to.cpus;
                Some(all_ns.saturating_sub(idle_ns))
            }
            _ => None,
        };
        let tasks_ns = since(self.tasks_ns, later.tasks_ns);
        Usage {
            busy_ns: minus(busy_ns, own_ns),
            worker_ns: self.workers_until(later),
            reader_ns: since(self.readers_ns, later.readers_ns),
            interrupt_ns: minus(busy_ns, tasks_ns),
            switches: since(self.switches, later.switches),
        }
    }

    /// Threads that have come since began at 0; what those used that have gone is not known.
    fn workers_until(&self, later: &Self) -> Option<u64> {
        let used = |(pid, now): (&i32, &u64)| {
            let before = self.workers.get(pid).copied().unwrap_or(0);
            now.saturating_sub(before)
        };
        (!later.workers.is_empty()).then(|| later.workers.iter().map(used).sum())
    }
}

fn since(before: Option<u64>, after: Option<u64>) -> Option<u64> {
    after?.checked_sub(before?)
}

fn minus(all: Option<u64>, part: Option<u64>) -> Option<u64> {
    Some(all?.saturating_sub(part?))
}

/// The CPUs that are online: at least one.
pub(crate) fn online(sysroot: &Sysroot) -> Vec<u32> {
    let text = read_text(&sysroot.sys("devices/system/cpu/online")).unwrap_or_default();
    match cpu_list(text.trim()) {
        Some(cpus) if !cpus.is_empty() => cpus,
        _ => vec![0],
    }
}

/// A list of CPUs such as `0-3,8`.
fn cpu_list(text: &str) -> Option<Vec<u32>> {
    let mut cpus = Vec::new();
    for part in text.split(',') {
        let (from, to) = part.split_once('-').unwrap_or((part, part));
        cpus.extend(from.parse::<u32>().ok()?..=to.parse().ok()?);
    }
    Some(cpus)
}

/// The threads that do the kernel's deferred work.
fn workers(sysroot: &Sysroot) -> Vec<i32> {
    let entries = fs::read_dir(sysroot.proc("")).into_iter().flatten();
    let pids = entries.flatten().filter_map(|entry| {
        let pid: i32 = entry.file_name().to_str()?.parse().ok()?;
        let name = read_text(&entry.path().join("comm")).ok()?;
        is_worker(name.trim()).then_some(pid)
    });
    pids.collect()
}

/// Whether a thread's name is that of a kworker, of one of simrupt's interrupts, or of ksoftirqd.
fn is_worker(name: &str) -> bool {
    let is_interrupt = name.starts_with("irq/") && name.contains("simrupt");
    is_interrupt || name.starts_with("kworker/") || name.starts_with("ksoftirqd/")
}

fn first_number(text: &str) -> Option<u64> {
    text.split_whitespace().next()?.parse().ok()
}

/// The context switches of `/proc/stat`.
fn switches(text: &str) -> Option<u64> {
    let row = text.lines().find_map(|row| row.strip_prefix("ctxt "))?;
    first_number(row)
}

/// The time of all tasks of `/proc/schedstat`: the seventh number of each CPU.
fn tasks_ns(text: &str) -> Option<u64> {
    let version = text.lines().next()?.strip_prefix("version ")?;
    // Before 15 it was in jiffies; a version to come may have it somewhere else.
    if !(15..=17).contains(&version.trim().parse::<u32>().ok()?) {
        return None;
    }
    let rows = text.lines().filter(|row| row.starts_with("cpu"));
    let times = rows.map(|row| row.split_whitespace().nth(7)?.parse::<u64>().ok());
    // No CPU at all is no answer.
    let times: Option<Vec<u64>> = times.collect();
    times
        .filter(|times| !times.is_empty())
        .map(|times| times.iter().sum())
}

/// The idle time of `/proc/timer_list`.
fn idle(text: &str) -> Option<Idle> {
    let mut idle = Idle {
        now_ns: 0,
        cpus: 0,
        idle_ns: 0,
    };
    for row in text.lines() {
        let number = |value: &str| first_number(value);
        if let Some(now) = row.strip_prefix("now at ") {
            idle.now_ns = number(now)?;
        }
        let Some((name, value)) = row.trim().split_once(':') else {
            continue;
        };
        match name.trim() {
            ".idle_sleeptime" => {
                idle.cpus += 1;
                idle.idle_ns += number(value)?;
            }
            ".iowait_sleeptime" => idle.idle_ns += number(value)?,
            _ => {}
        }
    }
    (idle.cpus > 0 && idle.now_ns > 0).then_some(idle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_cpus_are_spelled_out() {
        assert_eq!(cpu_list("0-2,5"), Some(vec![0, 1, 2, 5]));
        assert_eq!(cpu_list("0"), Some(vec![0]));
        assert_eq!(cpu_list(""), None);
        assert_eq!(cpu_list("0-x"), None);
    }

    #[test]
    fn workers_are_known_by_their_names() {
        let all = [
            "kworker/0:1-events",
            "kworker/u8:2",
            "ksoftirqd/0",
            "irq/24-simrupt0",
        ];
        assert!(all.into_iter().all(is_worker));
        let none = ["irq/9-acpi", "simructl", "kthreadd", "rcu_preempt"];
        assert!(!none.into_iter().any(is_worker));
    }

    #[test]
    fn context_switches_stand_in_a_row_of_their_own() {
        assert_eq!(switches("cpu  1 2\nctxt 12345\nbtime 7\n"), Some(12345));
        assert_eq!(switches("cpu  1 2\n"), None);
    }

    #[test]
    fn the_time_of_tasks_is_the_seventh_number_of_a_version_that_is_known() {
        let rows = "timestamp 5\ncpu0 1 0 3 4 5 6 700 8 9\ndomain0 MC 3 0 0 0 0 0 0 1\n\
                    cpu1 1 0 3 4 5 6 77 8 9\n";
        assert_eq!(tasks_ns(&format!("version 17\n{rows}")), Some(777));
        assert_eq!(tasks_ns(&format!("version 15\n{rows}")), Some(777));
        assert_eq!(tasks_ns(&format!("version 18\n{rows}")), None);
        assert_eq!(tasks_ns(rows), None);
        assert_eq!(tasks_ns("version 17\ntimestamp 5\n"), None);
        assert_eq!(tasks_ns("version 17\ncpu0 1 2\n"), None);
    }

    const TIMERS: &str = "Timer List Version: v0.10\nnow at 5000 nsecs\n\ncpu: 0\n\
                          \x20 .idle_sleeptime : 3000 nsecs\n  .iowait_sleeptime: 10 nsecs\n\
                          cpu: 1\n  .idle_sleeptime : 400 nsecs\n  .iowait_sleeptime: 0 nsecs\n";

    #[test]
    fn idle_time_is_that_of_all_cpus_with_and_without_io() {
        let expected = Idle {
            now_ns: 5000,
            cpus: 2,
            idle_ns: 3410,
        };
        assert_eq!(idle(TIMERS), Some(expected));
    }

    #[test]
    fn a_kernel_that_does_not_show_idle_time_has_none() {
        let rows = TIMERS.lines().filter(|row| !row.contains("sleeptime"));
        let without = rows.collect::<Vec<_>>().join("\n");
        assert_eq!(idle(&without), None);
        assert_eq!(idle(""), None);
    }

    fn snapshot(now_ns: u64, idle_ns: u64, tasks_ns: u64, own_ns: u64) -> Snapshot {
        Snapshot {
            idle: Some(Idle {
                now_ns,
                cpus: 2,
                idle_ns,
            }),
            tasks_ns: Some(tasks_ns),
            own_ns: Some(own_ns),
            switches: Some(now_ns),
            ..Snapshot::default()
        }
    }

    #[test]
    fn busy_is_what_was_not_idle_and_interrupts_are_what_no_task_had() {
        let usage = snapshot(1000, 100, 50, 7).until(&snapshot(2000, 1600, 350, 17));
        // 2 CPUs for 1000 ns, 1500 of them idle, 10 by the bench itself.
        assert_eq!(usage.busy_ns, Some(490));
        assert_eq!(usage.interrupt_ns, Some(200));
        assert_eq!(usage.switches, Some(1000));
    }

    #[test]
    fn what_has_no_source_is_unknown_and_not_nothing() {
        let mut later = snapshot(2000, 1600, 350, 17);
        later.idle = None;
        let usage = snapshot(1000, 100, 50, 7).until(&later);
        assert_eq!((usage.busy_ns, usage.interrupt_ns), (None, None));
        assert_eq!((usage.reader_ns, usage.worker_ns), (None, None));
        // A CPU has gone meanwhile.
        let mut later = snapshot(2000, 1600, 350, 17);
        later.idle.as_mut().unwrap().cpus = 1;
        assert_eq!(snapshot(0, 0, 0, 0).until(&later).busy_ns, None);
    }

    #[test]
    fn threads_may_come_and_go() {
        let at = |workers: &[(i32, u64)]| Snapshot {
            workers: workers.iter().copied().collect(),
            ..Snapshot::default()
        };
        let usage = at(&[(1, 100), (2, 50)]).until(&at(&[(1, 130), (3, 4)]));
        assert_eq!(usage.worker_ns, Some(34));
    }
}
