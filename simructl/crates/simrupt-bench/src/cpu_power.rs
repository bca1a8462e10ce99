// SPDX-License-Identifier: GPL-2.0-only

//! Trade-offs of the CPUs between power and time: whether they may exceed their nominal frequency, and how deeply they
//! may sleep. Both make equal work take unequal times.

use std::fs;
use std::path::Path;

use crate::cpu::online;
use crate::results::IdleState;
use simrupt::sysroot::{Sysroot, read_text};

/// Whether any CPU may exceed its nominal frequency; `None` if the kernel does not say.
pub fn turbo(sysroot: &Sysroot) -> Option<bool> {
    let cpu = sysroot.sys("devices/system/cpu");
    if let Some(off) = number(&cpu.join("intel_pstate/no_turbo")) {
        return Some(off == 0);
    }
    if let Some(on) = number(&cpu.join("cpufreq/boost")) {
        return Some(on == 1);
    }
    let policies = fs::read_dir(cpu.join("cpufreq")).into_iter().flatten();
    policies
        .flatten()
        .filter_map(|policy| number(&policy.path().join("boost")))
        .map(|on| on == 1)
        .reduce(|one, other| one || other)
}

/// The idle state with the longest exit latency; `None` if the kernel manages none.
pub fn deepest_idle_state(sysroot: &Sysroot) -> Option<IdleState> {
    let limit_us = latency_limit_us(sysroot);
    online(sysroot)
        .into_iter()
        .flat_map(|cpu| {
            let directory = sysroot.sys(&format!("devices/system/cpu/cpu{cpu}/cpuidle"));
            fs::read_dir(directory).into_iter().flatten().flatten()
        })
        .filter_map(|state| idle_state(&state.path()))
        .filter(|state| limit_us.is_none_or(|limit| state.exit_latency_us <= limit))
        .max_by_key(|state| (state.exit_latency_us, state.name.clone()))
}

/// An idle state, if it is not disabled.
fn idle_state(directory: &Path) -> Option<IdleState> {
    if number(&directory.join("disable")) == Some(1) {
        return None;
    }
    Some(IdleState {
        name: read_text(&directory.join("name")).ok()?.trim().to_string(),
        exit_latency_us: number(&directory.join("latency"))?,
    })
}

/// The exit latency that programs such as tuned have asked the kernel not to exceed; `None` if it cannot be read. It is
/// a binary number: Documentation/power/pm_qos_interface.rst of the kernel.
fn latency_limit_us(sysroot: &Sysroot) -> Option<u64> {
    let bytes = fs::read(sysroot.path().join("dev/cpu_dma_latency")).ok()?;
    let bytes: [u8; 4] = bytes.get(..4)?.try_into().ok()?;
    u64::try_from(i32::from_ne_bytes(bytes)).ok()
}

fn number(path: &Path) -> Option<u64> {
    read_text(path).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment;

    /// A machine of two CPUs with these files.
    fn machine(files: &[(&str, &[u8])]) -> (tempfile::TempDir, Sysroot) {
        let online: (&str, &[u8]) = ("sys/devices/system/cpu/online", b"0-1\n");
        environment::tests::machine(&[files, &[online]].concat())
    }

    #[test]
    fn each_driver_says_in_its_own_way_whether_there_is_turbo() {
        const CPU: &str = "sys/devices/system/cpu";
        for (file, text, expected) in [
            ("intel_pstate/no_turbo", "0\n", Some(true)),
            ("intel_pstate/no_turbo", "1\n", Some(false)),
            ("cpufreq/boost", "1\n", Some(true)),
            ("cpufreq/boost", "0\n", Some(false)),
            ("cpufreq/policy3/boost", "1\n", Some(true)),
            ("cpufreq/policy3/boost", "0\n", Some(false)),
            ("online", "0-1\n", None),
        ] {
            let (_directory, sysroot) = machine(&[(&format!("{CPU}/{file}"), text.as_bytes())]);
            assert_eq!(turbo(&sysroot), expected, "{file} {text}");
        }
    }

    fn idle_states(more: &[(&str, &[u8])]) -> Option<IdleState> {
        const STATES: &str = "sys/devices/system/cpu/cpu1/cpuidle";
        let mut files: Vec<(String, &[u8])> = Vec::new();
        let states: [(&str, &[u8]); 3] = [("POLL", b"0\n"), ("C1", b"2\n"), ("C6", b"133\n")];
        for (at, (name, latency)) in states.into_iter().enumerate() {
            files.push((format!("{STATES}/state{at}/name"), name.as_bytes()));
            files.push((format!("{STATES}/state{at}/latency"), latency));
            files.push((format!("{STATES}/state{at}/disable"), b"0\n"));
        }
        let mut files: Vec<(&str, &[u8])> = files
            .iter()
            .map(|(name, text)| (name.as_str(), *text))
            .collect();
        files.extend(more);
        let (_directory, sysroot) = machine(&files);
        deepest_idle_state(&sysroot)
    }

    fn state(name: &str, exit_latency_us: u64) -> Option<IdleState> {
        let name = name.to_string();
        Some(IdleState {
            name,
            exit_latency_us,
        })
    }

    #[test]
    fn the_deepest_idle_state_is_of_those_that_may_be_entered() {
        assert_eq!(idle_states(&[]), state("C6", 133));
        let disable = "sys/devices/system/cpu/cpu1/cpuidle/state2/disable";
        assert_eq!(idle_states(&[(disable, b"1\n")]), state("C1", 2));
        // A program that holds /dev/cpu_dma_latency open has asked for 100 us, or for no limit.
        let asked = |us: i32| idle_states(&[("dev/cpu_dma_latency", &us.to_ne_bytes())]);
        assert_eq!(asked(100), state("C1", 2));
        assert_eq!(asked(0), state("POLL", 0));
        assert_eq!(asked(2_000_000_000), state("C6", 133));
        assert_eq!(
            idle_states(&[("dev/cpu_dma_latency", b"")]),
            state("C6", 133)
        );
    }

    #[test]
    fn a_machine_without_idle_states_has_no_deepest() {
        let (_directory, sysroot) = machine(&[]);
        assert_eq!(deepest_idle_state(&sysroot), None);
    }
}
