// SPDX-License-Identifier: GPL-2.0-only

//! The environment of a bench: everything about the machine that the figures may depend on.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::hint::black_box;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::time::Instant;

use crate::cpu::online;
use crate::cpu_power;
use crate::grade::{Facts, grade};
use crate::results::Environment;
use simrupt::sysroot::{Sysroot, read_text};

/// The debugging features that cost time: the option that turns each of them on, and a function that only a kernel with
/// it has, if there is one.
const DEBUG_OPTIONS: [(&str, &str); 9] = [
    ("KASAN", "kasan_report"),
    ("KCSAN", "kcsan_setup_watchpoint"),
    ("KMSAN", "kmsan_report"),
    ("PROVE_LOCKING", "lockdep_init_map_type"),
    ("DEBUG_OBJECTS", "debug_object_activate"),
    ("DEBUG_KMEMLEAK", "kmemleak_scan_area"),
    ("DEBUG_PREEMPT", "debug_smp_processor_id"),
    ("DEBUG_SPINLOCK", ""),
    ("DEBUG_ATOMIC_SLEEP", "__might_sleep"),
];

/// The name of QEMU's emulation in CPUID.
const EMULATOR: &str = "TCGTCGTCGTCG";

/// Reads the environment; missing parts are left out. The knobs are added by the caller that sets them.
pub fn look(sysroot: &Sysroot) -> Environment {
    let kernel = |name: &str| line(&sysroot.proc(&format!("sys/kernel/{name}")));
    let cpu = |name: &str| line(&sysroot.sys(&format!("devices/system/cpu/{name}")));
    let kernel_release = kernel("osrelease").unwrap_or_default();
    let kernel_version = kernel("version").unwrap_or_default();
    let hypervisor = hypervisor(sysroot);
    let emulated = hypervisor.as_deref() == Some(EMULATOR);
    let mut environment = Environment {
        preemption: preemption(sysroot, &kernel_version),
        machine: kernel("arch").unwrap_or_else(|| std::env::consts::ARCH.to_string()),
        cmdline: line(&sysroot.proc("cmdline")).unwrap_or_default(),
        cpu_model: cpu_model(sysroot),
        cpus_online: online(sysroot).len() as u32,
        clocksource: line(
            &sysroot.sys("devices/system/clocksource/clocksource0/current_clocksource"),
        ),
        governor: governor(sysroot),
        turbo: cpu_power::turbo(sysroot),
        deepest_idle_state: cpu_power::deepest_idle_state(sysroot),
        irqbalance: runs(sysroot, "irqbalance"),
        isolated_cpus: cpu("isolated").unwrap_or_default(),
        // Kernels that support such CPUs, but have none, say "(null)".
        nohz_full_cpus: cpu("nohz_full")
            .filter(|list| list.starts_with(|first: char| first.is_ascii_digit()))
            .unwrap_or_default(),
        mitigations: mitigations(sysroot),
        debug_options: debug_options(sysroot, &kernel_release),
        emulated,
        virtual_time: emulated && clock_counts_instructions(),
        hypervisor,
        module_version: line(&sysroot.module().join("version")),
        simructl_version: env!("CARGO_PKG_VERSION").to_string(),
        kernel_release,
        kernel_version,
        ..Environment::default()
    };
    let load = line(&sysroot.proc("loadavg"));
    let facts = Facts {
        load: load.and_then(|text| text.split(' ').next()?.parse().ok()),
        smt_active: cpu("smt/active").as_deref() == Some("1"),
        has_warned: kernel("tainted")
            .and_then(|mask| mask.parse::<u64>().ok())
            // TAINT_WARN and TAINT_DIE.
            .is_some_and(|mask| mask & ((1 << 9) | (1 << 7)) != 0),
    };
    (environment.grade, environment.reasons) = grade(&environment, &facts);
    environment
}

/// The text of a file of one line; `None` if it is missing or empty.
fn line(path: &Path) -> Option<String> {
    let text = read_text(path).ok()?;
    let text = text.trim_matches(['\0', '\n', ' ']);
    (!text.is_empty()).then(|| text.to_string())
}

/// Whether a program with this name runs.
fn runs(sysroot: &Sysroot, name: &str) -> bool {
    let processes = fs::read_dir(sysroot.proc("")).into_iter().flatten();
    processes
        .flatten()
        .any(|process| line(&process.path().join("comm")).as_deref() == Some(name))
}

/// The preemption model of the kernel.
fn preemption(sysroot: &Sysroot, version: &str) -> Option<String> {
    let words: Vec<&str> = version.split_whitespace().collect();
    if words.contains(&"PREEMPT_RT") {
        return Some("rt".to_string());
    }
    // If it can be changed at run time, this file has the current one: `none voluntary (full) lazy`.
    if let Ok(text) = read_text(&sysroot.sys("kernel/debug/sched/preempt")) {
        let current = text
            .split_whitespace()
            .find_map(|word| word.strip_prefix('(')?.strip_suffix(')'));
        if current.is_some() {
            return current.map(String::from);
        }
    }
    // The version does not name the other models, or names one that can change.
    let static_models = [("PREEMPT_LAZY", "lazy"), ("PREEMPT", "full")];
    let known = static_models.iter().find(|(word, _)| words.contains(word));
    known.map(|(_, model)| model.to_string())
}

fn cpu_model(sysroot: &Sysroot) -> Option<String> {
    let text = read_text(&sysroot.proc("cpuinfo")).ok()?;
    let (_, name) = text
        .lines()
        .filter_map(|row| row.split_once(':'))
        .find(|(name, _)| matches!(name.trim(), "model name" | "Model" | "cpu model"))?;
    Some(name.trim().to_string())
}

/// The governors of all CPUs, each once.
fn governor(sysroot: &Sysroot) -> Option<String> {
    let of = |cpu| {
        let path = format!("devices/system/cpu/cpu{cpu}/cpufreq/scaling_governor");
        line(&sysroot.sys(&path))
    };
    let all: BTreeSet<String> = online(sysroot).into_iter().filter_map(of).collect();
    let all: Vec<String> = all.into_iter().collect();
    (!all.is_empty()).then(|| all.join(", "))
}

fn mitigations(sysroot: &Sysroot) -> BTreeMap<String, String> {
    let directory = sysroot.sys("devices/system/cpu/vulnerabilities");
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let one = |entry: fs::DirEntry| {
        let name = entry.file_name().into_string().ok()?;
        Some((name, line(&entry.path())?))
    };
    entries.filter_map(one).collect()
}

/// The debugging features of the kernel, by its configuration if that is available, else by its functions.
fn debug_options(sysroot: &Sysroot, release: &str) -> Vec<String> {
    let places = [
        sysroot.path().join(format!("boot/config-{release}")),
        sysroot.path().join(format!("lib/modules/{release}/config")),
        sysroot
            .path()
            .join(format!("lib/modules/{release}/build/.config")),
    ];
    let configuration = places.iter().find(|path| path.is_file());
    let lines = |path: &Path| File::open(path).map(|file| BufReader::new(file).lines());
    let mut found = BTreeSet::new();
    if let Some(Ok(rows)) = configuration.map(|path| lines(path)) {
        for row in rows.map_while(Result::ok) {
            let on = |(option, _): &&(&str, &str)| row == format!("CONFIG_{option}=y");
            found.extend(DEBUG_OPTIONS.iter().find(on).map(|(option, _)| *option));
        }
    } else if let Ok(rows) = lines(&sysroot.proc("kallsyms")) {
        for row in rows.map_while(Result::ok) {
            // Address, type and name; functions of modules have the module after the name.
            let Some(name) = row.splitn(3, ' ').nth(2) else {
                continue;
            };
            let has = |(_, function): &&(&str, &str)| *function == name;
            found.extend(DEBUG_OPTIONS.iter().find(has).map(|(option, _)| *option));
        }
    }
    // These have files of their own.
    for (path, option) in [
        (sysroot.proc("lockdep_chains"), "PROVE_LOCKING"),
        (sysroot.sys("kernel/debug/kmemleak"), "DEBUG_KMEMLEAK"),
        (sysroot.sys("kernel/debug/debug_objects"), "DEBUG_OBJECTS"),
    ] {
        if path.exists() {
            found.insert(option);
        }
    }
    found.into_iter().map(String::from).collect()
}

/// The hypervisor, by the CPU's name for it, or else by the kernel's.
fn hypervisor(sysroot: &Sysroot) -> Option<String> {
    // The CPU's answer is about this machine, not about the files of another one.
    if sysroot.is_live() {
        if let Some(name) = signature() {
            return Some(name);
        }
    }
    line(&sysroot.sys("hypervisor/type"))
        .or_else(|| line(&sysroot.proc("device-tree/hypervisor/compatible")))
}

/// The CPU's information on its hypervisor.
#[cfg(target_arch = "x86_64")]
fn signature() -> Option<String> {
    use std::arch::x86_64::__cpuid;

    // SAFETY: Every x86-64 CPU has CPUID, and it changes nothing. (Newer compilers know.)
    #[allow(unused_unsafe)]
    let [features, name] = unsafe { [__cpuid(1), __cpuid(0x4000_0000)] };
    let is_guest = features.ecx & (1 << 31) != 0;
    let words = [name.ebx, name.ecx, name.edx].map(u32::to_le_bytes);
    let text = String::from_utf8_lossy(words.as_flattened()).into_owned();
    let text = text.trim_matches(['\0', ' ']).to_string();
    match (is_guest, text.as_str()) {
        (false, _) => None,
        (true, "") => Some("unknown".to_string()),
        (true, _) => Some(text),
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn signature() -> Option<String> {
    None
}

/// Whether time passes by executed instructions. Then equal work takes equally long, to the nanosecond.
fn clock_counts_instructions() -> bool {
    let work = || {
        let begin = Instant::now();
        let mut number = 1_u64;
        for _ in 0..20_000 {
            number = black_box(number.wrapping_mul(3));
        }
        black_box(number);
        begin.elapsed().as_nanos()
    };
    // The first run meets code that is not in memory yet, and some runs are interrupted.
    work();
    let mut times: Vec<u128> = (0..15).map(|_| work()).collect();
    times.sort_unstable();
    let most_alike = times.chunk_by(|a, b| a == b).map(<[u128]>::len).max();
    most_alike.unwrap_or(0) >= 5
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A machine with these files.
    pub(crate) fn machine<T: AsRef<[u8]>>(files: &[(&str, T)]) -> (tempfile::TempDir, Sysroot) {
        let directory = tempfile::tempdir().unwrap();
        for (name, content) in files {
            let path = directory.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        let sysroot = Sysroot::new(directory.path().to_path_buf());
        (directory, sysroot)
    }

    #[test]
    fn a_machine_is_described_by_its_files() {
        let (_directory, sysroot) = machine(&[
            ("proc/sys/kernel/osrelease", "7.3.4\n"),
            ("proc/sys/kernel/version", "#1 SMP PREEMPT_DYNAMIC Debian\n"),
            ("proc/sys/kernel/arch", "x86_64\n"),
            ("proc/cmdline", "quiet\n"),
            ("proc/cpuinfo", "processor : 0\nmodel name\t: Fast One\n"),
            (
                "sys/kernel/debug/sched/preempt",
                "none voluntary full (lazy)\n",
            ),
            ("sys/devices/system/cpu/online", "0-3\n"),
            (
                "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor",
                "powersave\n",
            ),
            (
                "sys/devices/system/cpu/cpu3/cpufreq/scaling_governor",
                "performance\n",
            ),
            (
                "sys/devices/system/cpu/vulnerabilities/meltdown",
                "Mitigation: PTI\n",
            ),
            (
                "sys/devices/system/clocksource/clocksource0/current_clocksource",
                "tsc\n",
            ),
            ("sys/module/simrupt/version", "0.1.0\n"),
            ("sys/hypervisor/type", "xen\n"),
            ("sys/devices/system/cpu/intel_pstate/no_turbo", "0\n"),
            ("sys/devices/system/cpu/isolated", "2-3\n"),
            ("sys/devices/system/cpu/nohz_full", "3\n"),
            ("proc/1/comm", "init\n"),
            ("proc/812/comm", "irqbalance\n"),
        ]);
        let environment = look(&sysroot);
        assert_eq!(environment.kernel_release, "7.3.4");
        assert_eq!(environment.machine, "x86_64");
        assert_eq!(environment.preemption.as_deref(), Some("lazy"));
        assert_eq!(environment.cpu_model.as_deref(), Some("Fast One"));
        assert_eq!(environment.cpus_online, 4);
        assert_eq!(environment.clocksource.as_deref(), Some("tsc"));
        let governor = environment.governor.as_deref();
        assert_eq!(governor, Some("performance, powersave"));
        assert_eq!(environment.mitigations["meltdown"], "Mitigation: PTI");
        assert_eq!(environment.turbo, Some(true));
        assert!(environment.irqbalance);
        assert_eq!(environment.isolated_cpus, "2-3");
        assert_eq!(environment.nohz_full_cpus, "3");
        assert_eq!(environment.hypervisor.as_deref(), Some("xen"));
        assert_eq!(environment.module_version.as_deref(), Some("0.1.0"));
        assert!(!environment.emulated && !environment.virtual_time);
    }

    #[test]
    fn no_isolated_cpus_are_an_empty_list() {
        let (_directory, sysroot) = machine(&[
            ("sys/devices/system/cpu/isolated", "\n"),
            ("sys/devices/system/cpu/nohz_full", "  (null)\n"),
            ("proc/812/comm", "irqbalance-ui\n"),
        ]);
        let environment = look(&sysroot);
        assert_eq!(environment.isolated_cpus, "");
        assert_eq!(environment.nohz_full_cpus, "");
        assert!(!environment.irqbalance);
    }

    #[test]
    fn a_machine_without_files_is_described_as_such() {
        let (_directory, sysroot) = machine::<&str>(&[]);
        let environment = look(&sysroot);
        assert_eq!(environment.preemption, None);
        assert_eq!(environment.cpus_online, 1);
        assert!(environment.debug_options.is_empty());
        assert!(!environment.grade.is_empty());
    }

    #[test]
    fn the_configuration_has_the_debugging_features() {
        let (_directory, sysroot) = machine(&[
            ("proc/sys/kernel/osrelease", "7.3.4\n"),
            (
                "boot/config-7.3.4",
                "CONFIG_KASAN=y\n# CONFIG_KCSAN is not set\nCONFIG_DEBUG_PREEMPT=y\n",
            ),
            ("proc/kallsyms", "0 T debug_object_activate\n"),
        ]);
        let options = look(&sysroot).debug_options;
        assert_eq!(options, ["DEBUG_PREEMPT", "KASAN"]);
    }

    #[test]
    fn without_a_configuration_functions_show_the_features() {
        let (_directory, sysroot) = machine(&[
            (
                "proc/kallsyms",
                "0 T kasan_report\n0 T kcsan_setup_watchpoint\t[module]\n0 t do_raw_spin_lock\n",
            ),
            ("proc/lockdep_chains", ""),
        ]);
        let options = look(&sysroot).debug_options;
        assert_eq!(options, ["KASAN", "PROVE_LOCKING"]);
    }

    #[test]
    fn the_version_has_the_preemption_if_nothing_else_does() {
        let (_directory, sysroot) = machine::<&str>(&[]);
        for (version, expected) in [
            ("#1 SMP PREEMPT_RT x", Some("rt")),
            ("#1 SMP PREEMPT x", Some("full")),
            ("#1 SMP PREEMPT_DYNAMIC x", None),
            ("#1 SMP x", None),
            ("", None),
        ] {
            assert_eq!(preemption(&sysroot, version).as_deref(), expected);
        }
    }
}
