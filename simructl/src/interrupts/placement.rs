// SPDX-License-Identifier: GPL-2.0-only

//! Where interrupts may go, and which threads serve them: `/proc/irq` and the names of kernel threads.

use std::collections::BTreeMap;
use std::fs;

use simrupt::sysroot::{Sysroot, read_text};

/// The placement of one interrupt.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Placement {
    /// The CPUs that it may go to, as a list: `0-3,8`. `None` if the kernel does not show it.
    pub(crate) affinity: Option<String>,
    /// Those of them that it does go to.
    pub(crate) effective: Option<String>,
    /// The NUMA node of its device. `None` if the device is not near any node, or the node is unknown.
    pub(crate) node: Option<u32>,
    /// The process numbers of its threads.
    pub(crate) threads: Vec<u32>,
}

/// The threads of all interrupts, by the interrupt's number.
#[derive(Debug, Default)]
pub(crate) struct Threads(BTreeMap<u32, Vec<u32>>);

impl Threads {
    /// Finds the running threads by their names: `irq/24-simrupt0`.
    pub(crate) fn find(sysroot: &Sysroot) -> Self {
        let mut threads: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        let processes = fs::read_dir(sysroot.proc(""))
            .into_iter()
            .flatten()
            .flatten();
        for process in processes {
            let pid = process
                .file_name()
                .to_str()
                .and_then(|name| name.parse().ok());
            let Some(pid) = pid else { continue };
            // The process may have ended in the meantime.
            let text = |name: &str| read_text(&process.path().join(name)).unwrap_or_default();
            // A program may have any name, but a kernel thread has no command line.
            let irq = irq_of_thread(&text("comm")).filter(|_| text("cmdline").is_empty());
            if let Some(irq) = irq {
                threads.entry(irq).or_default().push(pid);
            }
        }
        threads.values_mut().for_each(|pids| pids.sort_unstable());
        Self(threads)
    }
}

/// The interrupt that a thread of this name serves.
fn irq_of_thread(name: &str) -> Option<u32> {
    name.strip_prefix("irq/")?.split_once('-')?.0.parse().ok()
}

impl Placement {
    pub(crate) fn of(sysroot: &Sysroot, irq: u32, threads: &Threads) -> Self {
        let text = |name: &str| {
            let text = read_text(&sysroot.proc(&format!("irq/{irq}/{name}"))).ok()?;
            Some(text.trim().to_string())
        };
        Self {
            affinity: text("smp_affinity_list"),
            effective: text("effective_affinity_list"),
            node: text("node").and_then(|node| node.parse().ok()),
            threads: threads.0.get(&irq).cloned().unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_names_its_interrupt() {
        assert_eq!(irq_of_thread("irq/24-simrupt0\n"), Some(24));
        assert_eq!(irq_of_thread("irq/25-s-aerdrv\n"), Some(25));
        for other in ["irq/x-y", "irq/", "kworker/24-x", "irq/24", ""] {
            assert_eq!(irq_of_thread(other), None, "{other}");
        }
    }
}
