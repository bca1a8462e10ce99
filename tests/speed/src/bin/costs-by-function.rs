// SPDX-License-Identifier: GPL-2.0-only

//! In which functions the instructions of an event are executed: `costs-by-function FOLDER`.
//!
//! FOLDER is the output of `make bench PRESET=speed`. Its file `blocks` (plugin/counts.c) has the count of each block
//! of code. `counted` has the driver, the setting, the number of events, and the addresses of that driver's functions;
//! `kallsyms` has the addresses of the kernel's. The output is, for each setting, the functions in which the drivers
//! differ. A function includes the code that the compiler inlined into it.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::path::Path;
use std::process::ExitCode;
use std::{env, fs};

/// Functions that differ by less than this part of all instructions are left out.
const LEAST: f64 = 0.0003;

/// The kernel's half of the address space.
const KERNEL: u64 = 1 << 63;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// The blocks that ran between two marks.
struct Run {
    driver: String,
    setting: String,
    events: f64,
    /// The driver's functions, by address.
    functions: BTreeMap<u64, String>,
}

/// A line of /proc/kallsyms: address and name of a function.
fn function(line: &str) -> Option<(u64, &str)> {
    let mut words = line.split_whitespace();
    let address = u64::from_str_radix(words.next()?, 16).ok()?;
    let kind = words.next()?;
    let name = words.next()?;
    matches!(kind, "t" | "T" | "w" | "W").then_some((address, name))
}

/// The name of a driver's function without its crate, type parameters and disambiguators, so that two drivers with the
/// same source have the same names.
fn plain(symbol: &str) -> String {
    let name = format!("{:#}", rustc_demangle::demangle(symbol));
    let Some((_, path)) = ["simrupt_main::", "simrupt_min_main::"]
        .iter()
        .filter_map(|own| name.split_once(own))
        .max_by_key(|(_, path)| path.len())
    else {
        return name;
    };
    let is_path = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    let end = path.find(|c| !is_path(c)).unwrap_or(path.len());
    let path = path[..end].trim_end_matches(':');
    let last = name.rsplit("::").next().unwrap_or(&name);
    if path.ends_with(last) || last.contains('{') {
        path.to_string()
    } else {
        format!("{path}::{last}")
    }
}

fn runs(text: &str) -> Result<Vec<Run>> {
    let mut runs: Vec<Run> = Vec::new();
    for line in text.lines() {
        if let Some((address, name)) = function(line) {
            let run = runs.last_mut().ok_or("a function before any run")?;
            run.functions.insert(address, plain(name));
        } else if !line.contains("[simrupt") {
            let mut words = line.splitn(3, ' ');
            let mut word = || words.next().ok_or("a run without driver or setting");
            let events = word()?.parse()?;
            let (driver, setting) = (word()?.to_string(), word()?.to_string());
            runs.push(Run {
                driver,
                setting,
                events,
                functions: BTreeMap::new(),
            });
        }
    }
    Ok(runs)
}

/// Instructions per event of each function in one run.
fn costs(run: &Run, blocks: &str, kernel: &BTreeMap<u64, String>) -> Result<BTreeMap<String, f64>> {
    let mut costs = BTreeMap::new();
    for line in blocks.lines().skip(1) {
        let mut words = line.split(' ');
        let mut word = || words.next().ok_or("a block without its numbers");
        let address = u64::from_str_radix(word()?, 16)?;
        let instructions: f64 = word()?.parse()?;
        let times: f64 = word()?.parse()?;
        if address < KERNEL {
            // The thread that soaks up idle time is included; its share means nothing.
            continue;
        }
        // The last function before the block, of the driver or of the kernel.
        let before = |functions: &BTreeMap<u64, String>| {
            let (place, name) = functions.range(..=address).next_back()?;
            Some((*place, name.clone()))
        };
        let function = before(&run.functions).max(before(kernel));
        let (_, name) = function.ok_or("a block before all functions")?;
        *costs.entry(name).or_default() += instructions * times / run.events;
    }
    Ok(costs)
}

fn tables(folder: &Path) -> Result<String> {
    let read = |name: &str| {
        let path = folder.join(name);
        fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))
    };
    let kernel: BTreeMap<u64, String> = read("kallsyms")?
        .lines()
        .filter(|line| !line.contains('['))
        .filter_map(function)
        .map(|(address, name)| (address, name.to_string()))
        .collect();
    let runs = runs(&read("counted")?)?;
    let blocks = read("blocks")?;
    let blocks: Vec<&str> = blocks.split("mark ").skip(1).collect();
    if blocks.len() != runs.len() {
        let (marks, runs) = (blocks.len(), runs.len());
        return Err(format!(
            "{marks} marks for {runs} runs: is the file `blocks` of the same run?"
        )
        .into());
    }
    // For each setting and driver, the last round.
    let mut settings: BTreeMap<&str, BTreeMap<&str, BTreeMap<String, f64>>> = BTreeMap::new();
    for (run, blocks) in runs.iter().zip(&blocks) {
        let drivers = settings.entry(&run.setting).or_default();
        drivers.insert(&run.driver, costs(run, blocks, &kernel)?);
    }
    let mut text = String::new();
    for (setting, drivers) in &settings {
        let names: BTreeSet<&String> = drivers.values().flat_map(BTreeMap::keys).collect();
        let of = |driver: &BTreeMap<String, f64>, name: &String| {
            driver.get(name).copied().unwrap_or(0.0)
        };
        let mut rows: Vec<(&String, Vec<f64>)> = names
            .into_iter()
            .map(|name| {
                (
                    name,
                    drivers.values().map(|driver| of(driver, name)).collect(),
                )
            })
            .collect();
        let most = |row: &[f64]| row.iter().copied().fold(0.0, f64::max);
        let spread = |row: &[f64]| most(row) - row.iter().copied().fold(f64::INFINITY, f64::min);
        let all = |index: usize| rows.iter().map(|(_, row)| row[index]).sum::<f64>();
        let most_of_all = (0..drivers.len()).map(all).fold(0.0, f64::max);
        rows.retain(|(_, row)| spread(row) >= LEAST * most_of_all);
        rows.sort_by(|(_, one), (_, other)| most(other).total_cmp(&most(one)));
        text += &format!(
            "\n{setting}: instructions per event (or record, or load), where the drivers differ\n"
        );
        for driver in drivers.keys() {
            text += &format!("{driver:>12}");
        }
        text += "  function\n";
        for (name, row) in rows {
            for cost in row {
                text += &format!("{cost:>12.1}");
            }
            text += &format!("  {name}\n");
        }
    }
    Ok(text)
}

fn main() -> ExitCode {
    let arguments: Vec<_> = env::args_os().skip(1).collect();
    let [folder] = arguments.as_slice() else {
        eprintln!("usage: costs-by-function FOLDER");
        return ExitCode::from(2);
    };
    match tables(Path::new(folder)) {
        Ok(text) => {
            print!("{text}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("costs-by-function: {error}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_drivers_with_the_same_source_have_the_same_names() {
        let min = "_RNvMs0_NtNtCsiKv36vBxXwv_16simrupt_min_main2hw9generatorINtB5_5StateuE4emitB9_";
        let full = "_RNvMs0_NtNtCscK46iegsqI5_12simrupt_main2hw9generatorINtB5_5StateuE4emitB9_";
        assert_eq!(plain(min), "hw::generator::State::emit");
        assert_eq!(plain(full), plain(min));
        assert_eq!(plain("ref_read"), "ref_read");
    }

    #[test]
    fn a_block_belongs_to_the_function_before_it() {
        let run = &runs("2 simrupt some setting\n8000000000002000 t mine [simrupt]\n").unwrap()[0];
        let kernel = BTreeMap::from([
            (KERNEL, "first".to_string()),
            (KERNEL + 0x3000, "last".to_string()),
        ]);
        let blocks =
            "1\n8000000000002008 5 4\n8000000000000001 3 2\n8000000000003000 1 2\n400000 9 9\n";
        let costs = costs(run, blocks, &kernel).unwrap();
        let expected = [("first", 3.0), ("last", 1.0), ("mine", 10.0)];
        assert_eq!(
            costs,
            expected.map(|(name, cost)| (name.to_string(), cost)).into()
        );
        assert_eq!(
            (run.driver.as_str(), run.setting.as_str()),
            ("simrupt", "some setting")
        );
    }
}
