// SPDX-License-Identifier: GPL-2.0-only

//! The NUMA nodes of the running machine, and their CPUs.

use std::fs;

use proc_interrupts::CpuList;

use simrupt::sysroot::{Sysroot, read_text};

/// A node.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    pub(crate) number: u32,
    /// Its CPUs, as a list and as a set.
    pub(crate) list: String,
    pub(crate) cpus: CpuList,
}

/// The nodes that have CPUs, in the order of their numbers; empty if the kernel has no nodes.
pub(crate) fn nodes(sysroot: &Sysroot) -> Vec<Node> {
    let folders = fs::read_dir(sysroot.sys("devices/system/node"));
    let node = |folder: fs::DirEntry| {
        let number = folder
            .file_name()
            .to_str()?
            .strip_prefix("node")?
            .parse()
            .ok()?;
        let list = read_text(&folder.path().join("cpulist")).ok()?;
        let list = list.trim().to_string();
        let cpus = list.parse().ok()?;
        Some(Node { number, list, cpus })
    };
    let mut nodes: Vec<Node> = (folders.into_iter().flatten().flatten())
        .filter_map(node)
        .collect();
    nodes.sort_unstable_by_key(|node| node.number);
    nodes
}
