// SPDX-License-Identifier: GPL-2.0-only

//! How long `simructl irqs` takes for a large machine: 512 CPUs, 2,000 interrupts. Each figure is that of the
//! whole program, from its start to its end, with the table in a file in memory.

use std::fs::{self, File};
use std::process::{Command, Stdio};
use std::time::Instant;

const CPUS: usize = 512;
const ROWS: usize = 2000;
const ROUNDS: usize = 21;

/// A table as the kernel writes it. Most interrupts come to few CPUs, and some to all.
fn table(more: usize) -> String {
    let mut text = " ".repeat(12);
    for cpu in 0..CPUS {
        text += &format!("CPU{cpu:<8}");
    }
    text.push('\n');
    for row in 0..ROWS {
        text += &format!("{row:4}:");
        for cpu in 0..CPUS {
            let count = match (row % 10 == 0, cpu == row % CPUS) {
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

fn main() {
    let folder = tempfile::tempdir_in("/dev/shm").expect("a folder in memory");
    let files = ["a", "b"].map(|name| folder.path().join(name));
    for (more, file) in files.iter().enumerate() {
        fs::write(file, table(more * 500)).unwrap();
    }
    let [a, b] = files.each_ref().map(|file| file.to_str().unwrap());
    let cases = [
        ("nothing but to start", vec!["--version"]),
        ("a table", vec!["irqs", "--from", a, "--width", "200"]),
        (
            "two, and what is between",
            vec!["irqs", "--diff", a, b, "--width", "200"],
        ),
        ("as JSON", vec!["irqs", "--from", a, "--json"]),
        ("as CSV", vec!["irqs", "--from", a, "--csv"]),
        (
            "for OpenMetrics",
            vec!["irqs", "--from", a, "--openmetrics"],
        ),
    ];
    let mut times = vec![Vec::new(); cases.len()];
    for _ in 0..ROUNDS {
        for ((_, arguments), times) in cases.iter().zip(&mut times) {
            let output = File::create(folder.path().join("output")).unwrap();
            let start = Instant::now();
            let status = Command::new(env!("CARGO_BIN_EXE_simructl"))
                .args(arguments)
                .stdin(Stdio::null())
                .stdout(output)
                .status()
                .unwrap();
            times.push(start.elapsed().as_secs_f64() * 1e3);
            assert!(status.success());
        }
    }
    println!("{CPUS} CPUs, {ROWS} rows, {ROUNDS} rounds; ms: median (least to most)");
    for ((name, _), times) in cases.iter().zip(&mut times) {
        times.sort_by(f64::total_cmp);
        let [least, median, most] = [0, ROUNDS / 2, ROUNDS - 1].map(|at| times[at]);
        println!("{name:26} {median:8.1} ({least:.1} to {most:.1})");
    }
}
