// SPDX-License-Identifier: GPL-2.0-only

//! Where CPU time goes, in nanoseconds, as far as the kernel counts it so. The time of a task is from its own
//! `schedstat` (an interrupt is charged to the task that it interrupts), context switches are from `/proc/stat`.
//! Switches are not counted if the benchmark's own thread causes them by waiting.
//!
//! A value that is absent, or has an unknown form, is `None`, never 0.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use nix::sys::resource::{UsageWho, getrusage};
use nix::unistd::Pid;

use simrupt::sysroot::{Sysroot, read_text, read_whole};

/// The totals up to a moment.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// Context switches.
    switches: Option<u64>,
    /// How often the thread that takes the snapshots has waited.
    own_waits: u64,
    /// The CPU time of each worker thread, by its number.
    workers: BTreeMap<i32, u64>,
    /// The CPU time of the readers.
    readers_ns: Option<u64>,
}

/// The CPU time and switches between two snapshots.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Usage {
    /// CPU time of kworkers, the threads of simrupt's interrupts, and ksoftirqd.
    pub worker_ns: Option<u64>,
    /// CPU time of the readers, in nanoseconds.
    pub reader_ns: Option<u64>,
    /// Context switches of the whole system, without those of the thread that takes the snapshots.
    pub switches: Option<u64>,
}

/// The files to read, prepared so that reading costs little.
#[derive(Debug)]
pub struct Accounts<'a> {
    sysroot: &'a Sysroot,
    readers: Vec<Pid>,
    workers: Vec<i32>,
}

impl<'a> Accounts<'a> {
    /// Finds the worker threads, which is the expensive part.
    pub fn open(sysroot: &'a Sysroot, readers: Vec<Pid>) -> Self {
        Self {
            sysroot,
            readers,
            workers: workers(sysroot),
        }
    }

    /// A snapshot before a measurement: the values that must be exact are read last.
    pub fn before(&self) -> Snapshot {
        Snapshot {
            workers: self.times_of_workers(),
            readers_ns: self.readers_ns(),
            own_waits: own_waits(),
            switches: self.switches(),
        }
    }

    /// A snapshot after it: the values that must be exact are read first. Then new workers are looked for.
    pub fn after(&mut self) -> Snapshot {
        let (switches, own_waits, readers_ns) = (self.switches(), own_waits(), self.readers_ns());
        self.workers = workers(self.sysroot);
        Snapshot {
            workers: self.times_of_workers(),
            readers_ns,
            own_waits,
            switches,
        }
    }

    fn switches(&self) -> Option<u64> {
        let file = fs::File::open(self.sysroot.proc("stat")).ok()?;
        switches(&read_whole(file).ok()?)
    }

    fn readers_ns(&self) -> Option<u64> {
        let times = self.readers.iter().map(|tid| self.task_ns(&task(*tid)));
        times.sum()
    }

    fn times_of_workers(&self) -> BTreeMap<i32, u64> {
        let time = |pid: &i32| Some((*pid, self.task_ns(&pid.to_string())?));
        self.workers.iter().filter_map(time).collect()
    }

    /// The CPU time of a task, by its directory in /proc.
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
    /// The usage from this snapshot to a later one.
    pub fn until(&self, later: &Self) -> Usage {
        Usage {
            worker_ns: self.workers_until(later),
            reader_ns: since(self.readers_ns, later.readers_ns),
            switches: self.switches_until(later),
        }
    }

    /// A wait is two switches: to another thread, and back. Switches by preemption count for the thread that preempts.
    fn switches_until(&self, later: &Self) -> Option<u64> {
        let own = 2 * later.own_waits.saturating_sub(self.own_waits);
        Some(since(self.switches, later.switches)?.saturating_sub(own))
    }

    /// Threads that have started since began at 0. The time of threads that have ended is unknown.
    fn workers_until(&self, later: &Self) -> Option<u64> {
        let used = |(pid, now): (&i32, &u64)| {
            let before = self.workers.get(pid).copied().unwrap_or(0);
            now.saturating_sub(before)
        };
        (!later.workers.is_empty()).then(|| later.workers.iter().map(used).sum())
    }
}

/// How often the calling thread has waited so far; 0 if the kernel does not tell.
fn own_waits() -> u64 {
    let usage = getrusage(UsageWho::RUSAGE_THREAD);
    usage.map_or(0, |usage| {
        u64::try_from(usage.voluntary_context_switches()).unwrap_or(0)
    })
}

fn since(before: Option<u64>, after: Option<u64>) -> Option<u64> {
    after?.checked_sub(before?)
}

/// The online CPUs: at least one.
pub fn online(sysroot: &Sysroot) -> Vec<u32> {
    let text = read_text(&sysroot.sys("devices/system/cpu/online")).unwrap_or_default();
    match cpu_list(text.trim()) {
        Some(cpus) if !cpus.is_empty() => cpus,
        _ => vec![0],
    }
}

/// More CPUs than any Linux supports.
const MOST_CPUS: u32 = 1 << 16;

/// A list of CPUs such as `0-3,8`; `None` if the text is not one.
pub fn cpu_list(text: &str) -> Option<Vec<u32>> {
    let mut cpus = Vec::new();
    for part in text.split(',') {
        let (from, to) = part.split_once('-').unwrap_or((part, part));
        let number = |text: &str| text.parse::<u32>().ok();
        let last = number(to).filter(|last| *last < MOST_CPUS)?;
        cpus.extend(number(from)?..=last);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_cpus_are_spelled_out() {
        assert_eq!(cpu_list("0-2,5"), Some(vec![0, 1, 2, 5]));
        assert_eq!(cpu_list("0"), Some(vec![0]));
        assert_eq!(cpu_list(""), None);
        assert_eq!(cpu_list("0-x"), None);
        assert_eq!(cpu_list("0-4294967295"), None);
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
    fn a_value_without_a_source_is_unknown_and_not_zero() {
        let snapshot = |switches| Snapshot {
            switches,
            ..Snapshot::default()
        };
        let usage = snapshot(Some(5)).until(&snapshot(Some(12)));
        assert_eq!((usage.reader_ns, usage.worker_ns), (None, None));
        assert_eq!(usage.switches, Some(7));
        assert_eq!(snapshot(Some(5)).until(&snapshot(None)).switches, None);
    }

    #[test]
    fn the_waits_of_the_benchmark_itself_are_no_switches_of_events() {
        let at = |switches, own_waits| Snapshot {
            switches: Some(switches),
            own_waits,
            ..Snapshot::default()
        };
        // 64 lines that are read one by one, and 1000 switches of events.
        let usage = at(500, 7).until(&at(500 + 1000 + 2 * 64, 7 + 64));
        assert_eq!(usage.switches, Some(1000));
        assert_eq!(at(5, 0).until(&at(6, 1)).switches, Some(0));
    }

    #[test]
    fn a_wait_of_this_thread_is_counted() {
        let before = own_waits();
        std::thread::sleep(std::time::Duration::from_millis(1));
        assert!(own_waits() > before);
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

    proptest::proptest! {
        #[test]
        fn no_text_makes_the_parsers_panic(text in damaged_text::texts(&[
            "0-3,8", "0", "cpu  1 2\nctxt 12345\nbtime 7\n",
        ])) {
            let _ = (cpu_list(&text), first_number(&text), switches(&text), is_worker(&text));
        }
    }
}
