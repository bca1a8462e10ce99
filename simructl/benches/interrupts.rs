// SPDX-License-Identifier: GPL-2.0-only

//! The costs of `simructl irqs` on large machines: one of 512 CPUs with 2,000 interrupts, and one of 1,152 CPUs with 200.
//! Each figure is that of the whole program, from its start to its end, with the table in memory. util-linux's lsirq
//! takes its turns on the same tables.
//! Before util-linux 2.42, lsirq can read /proc/interrupts only. So the table is mounted in that place, in a mount
//! namespace of each run's own. That needs root: without it, lsirq is left out.

use std::env;
use std::ffi::OsString;
use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;

const LARGE: Machine = Machine {
    cpus: 512,
    rows: 2000,
};
const WIDE: Machine = Machine {
    cpus: 1152,
    rows: 200,
};
const ROUNDS: usize = 15;
/// Makes the benchmark run a single command and print its costs.
const ONE: &str = "--one";
const SIMRUCTL: &str = env!("CARGO_BIN_EXE_simructl");
/// JSON of the large machine may take no more than this.
const MOST_CPU_MS: f64 = 100.0;
const MOST_MEMORY_MIB: f64 = 16.0;
/// Metrics of the wide machine, summed and without zeros, may be no longer than this.
const MOST_BYTES: u64 = 1_000_000;

struct Machine {
    cpus: usize,
    rows: usize,
}

impl Machine {
    /// A table as the kernel writes it. Most interrupts come to few CPUs, and some to all.
    fn table(&self, more: usize) -> String {
        let mut text = " ".repeat(12);
        for cpu in 0..self.cpus {
            text += &format!("CPU{cpu:<8}");
        }
        text.push('\n');
        for row in 0..self.rows {
            text += &format!("{row:4}:");
            for cpu in 0..self.cpus {
                let count = match (row % 10 == 0, cpu == row % self.cpus) {
                    (true, _) => row * 1000 + cpu + more,
                    (false, true) => 4_000_000_000 + more,
                    (false, false) => 0,
                };
                text += &format!(" {count:10}");
            }
            text += &format!(
                "  PCI-MSIX-0000:{:02x}:00.0 {row:4}-edge      nvme{row}q{row}\n",
                row % 256
            );
        }
        text
    }
}

/// A command, and the costs of its runs.
struct Case {
    name: &'static str,
    /// The file in the place of /proc/interrupts.
    table: &'static str,
    command: Vec<String>,
    cpu_ms: Vec<f64>,
    memory_mib: f64,
    bytes: u64,
}

impl Case {
    fn new(name: &'static str, table: &'static str, program: &str, arguments: &str) -> Self {
        let words = [program].into_iter().chain(arguments.split_whitespace());
        Self {
            name,
            table,
            command: words.map(str::to_string).collect(),
            cpu_ms: Vec::new(),
            memory_mib: 0.0,
            bytes: 0,
        }
    }

    /// Runs it once, in a process that has no other child.
    fn run(&mut self, folder: &Path) {
        let file = folder.join("output");
        let output = Command::new(env::current_exe().unwrap())
            .arg(ONE)
            .arg(folder.join(self.table))
            .arg(&file)
            .args(&self.command)
            .current_dir(folder)
            .output()
            .unwrap();
        assert!(output.status.success(), "{:?}: {output:?}", self.command);
        let text = String::from_utf8(output.stdout).unwrap();
        let mut figures = text
            .split_whitespace()
            .map(|figure| figure.parse::<f64>().unwrap());
        self.cpu_ms.push(figures.next().unwrap());
        self.memory_mib = self.memory_mib.max(figures.next().unwrap());
        self.bytes = fs::metadata(&file).unwrap().len();
    }

    fn median_ms(&self) -> f64 {
        self.cpu_ms[self.cpu_ms.len() / 2]
    }
}

/// Runs a command with a table in the place of /proc/interrupts; prints its CPU time and the most memory it had.
fn one(mut arguments: impl Iterator<Item = OsString>) {
    let table = arguments.next().unwrap();
    let output = arguments.next().unwrap();
    if is_root() {
        unshare(CloneFlags::CLONE_NEWNS).unwrap();
        let none: Option<&str> = None;
        mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none).unwrap();
        mount(
            Some(&*table),
            "/proc/interrupts",
            none,
            MsFlags::MS_BIND,
            none,
        )
        .unwrap();
    }
    let program = arguments.next().unwrap();
    let status = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(File::create(output).unwrap())
        .status()
        .unwrap();
    assert!(status.success());
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).unwrap();
    let cpu_us = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    println!(
        "{} {}",
        cpu_us as f64 / 1e3,
        usage.max_rss() as f64 / 1024.0
    );
}

fn is_root() -> bool {
    nix::unistd::geteuid().is_root()
}

/// The version of lsirq, if it can be run here on our table.
fn lsirq() -> Result<String, &'static str> {
    let output = Command::new("lsirq").arg("--version").output();
    let output = output.map_err(|_| "it is not installed; Debian has it in util-linux-extra")?;
    if !is_root() {
        return Err("to mount a table in the place of /proc/interrupts needs root");
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_string())
}

fn main() -> ExitCode {
    let mut arguments = env::args_os().skip(1);
    if arguments.next().is_some_and(|first| first == ONE) {
        one(arguments);
        return ExitCode::SUCCESS;
    }
    let folder = tempfile::tempdir_in("/dev/shm").expect("a folder in memory");
    for (name, text) in [
        ("large", LARGE.table(0)),
        ("later", LARGE.table(500)),
        ("wide", WIDE.table(0)),
    ] {
        fs::write(folder.path().join(name), text).unwrap();
    }
    let simructl = |name, table, arguments| Case::new(name, table, SIMRUCTL, arguments);
    let mut cases = vec![
        simructl("nothing but to start", "large", "--version"),
        simructl("JSON", "large", "irqs --from large --json"),
        simructl(
            "JSON of what is between",
            "large",
            "irqs --diff large later --json",
        ),
        simructl("a table", "large", "irqs --from large --width 200"),
        simructl(
            "a table, turned",
            "large",
            "irqs --from large --width 200 --transpose",
        ),
        simructl("CSV", "large", "irqs --from large --csv"),
        simructl(
            "metrics, all",
            "large",
            "irqs --from large --metrics openmetrics",
        ),
        simructl(
            "1,152 CPUs: metrics, all",
            "wide",
            "irqs --from wide --metrics prometheus",
        ),
        simructl(
            "  without zeros",
            "wide",
            "irqs --from wide --metrics prometheus --no-zeros",
        ),
        simructl(
            "  summed, without zeros",
            "wide",
            "irqs --from wide --metrics prometheus --sum --no-zeros",
        ),
    ];
    match lsirq() {
        Ok(version) => {
            println!("{version}");
            cases.push(simructl(
                "/proc/interrupts as JSON",
                "large",
                "irqs --once --json",
            ));
            cases.push(Case::new("  lsirq: as JSON", "large", "lsirq", "--json"));
            cases.push(simructl(
                "/proc/interrupts as pairs",
                "large",
                "irqs --once --pairs -o irq,total,actions",
            ));
            cases.push(Case::new("  lsirq: as pairs", "large", "lsirq", "--pairs"));
        }
        Err(why) => println!("without lsirq: {why}"),
    }
    for _ in 0..ROUNDS {
        for case in &mut cases {
            case.run(folder.path());
        }
    }
    let Machine { cpus, rows } = LARGE;
    println!("{cpus} CPUs, {rows} interrupts unless otherwise said; {ROUNDS} rounds");
    println!(
        "{:26} {:>7} {:>16} {:>7} {:>11}",
        "", "CPU ms", "least to most", "MiB", "bytes"
    );
    for case in &mut cases {
        case.cpu_ms.sort_by(f64::total_cmp);
        let spread = format!("{:.1} to {:.1}", case.cpu_ms[0], case.cpu_ms[ROUNDS - 1]);
        let (memory_mib, bytes) = (case.memory_mib, case.bytes);
        println!(
            "{:26} {:7.1} {spread:>16} {memory_mib:7.1} {bytes:11}",
            case.name,
            case.median_ms()
        );
    }
    let of = |name: &str| cases.iter().find(|case| case.name == name).unwrap();
    let (json, summed) = (of("JSON"), of("  summed, without zeros"));
    let is_good = json.median_ms() <= MOST_CPU_MS
        && json.memory_mib <= MOST_MEMORY_MIB
        && summed.bytes <= MOST_BYTES;
    match is_good {
        true => ExitCode::SUCCESS,
        false => {
            println!(
                "JSON may take {MOST_CPU_MS} ms and {MOST_MEMORY_MIB} MiB, the summed metrics {MOST_BYTES} bytes"
            );
            ExitCode::FAILURE
        }
    }
}
