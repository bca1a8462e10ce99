// SPDX-License-Identifier: GPL-2.0-only

//! Measures the cost of an event with each of several drivers that do the same job: `measure-drivers ROUNDS FOLDER`.
//!
//! FOLDER has the modules; a missing one is left out. Each round measures every setting with every driver once, in an
//! order that is shuffled again. The ratio of two drivers is that of the same round. Figures go to /out/speed.json, and
//! as tables to standard output.

mod cost;
mod driver;
mod figures;
mod mark;
mod memory;
mod setting;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::driver::Driver;
use crate::figures::Figures;
use crate::setting::SETTINGS;

/// The seed of the order in which settings and drivers are measured.
const SEED: u64 = 1;

fn run(rounds: u64, folder: &Path) -> Result<(), Box<dyn Error>> {
    let drivers: Vec<Driver> = driver::NAMES
        .into_iter()
        .map(|name| Driver::new(name, folder))
        .filter(Driver::is_there)
        .collect();
    let mut figures = Figures::new(&drivers);
    for round in 0..rounds {
        let mut visits: Vec<_> = (0..SETTINGS.len())
            .flat_map(|setting| (0..drivers.len()).map(move |driver| (setting, driver)))
            .collect();
        fastrand::Rng::with_seed(SEED + round).shuffle(&mut visits);
        for (setting, driver) in visits {
            let cost = cost::measure(&drivers[driver], &SETTINGS[setting])?;
            figures.add(setting, driver, cost);
        }
        for (driver, one) in drivers.iter().enumerate() {
            figures.add_load(driver, memory::load(one)?);
        }
    }
    print!("{}", figures.text());
    std::fs::create_dir_all("/out")?;
    std::fs::copy("/proc/kallsyms", "/out/kallsyms")?;
    std::fs::write("/out/speed.json", format!("{:#}\n", figures.document()))?;
    Ok(())
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [rounds, folder] = arguments.as_slice() else {
        eprintln!("usage: measure-drivers ROUNDS FOLDER");
        return ExitCode::from(2);
    };
    let Ok(rounds) = rounds.parse() else {
        eprintln!("measure-drivers: {rounds} is not a number of rounds");
        return ExitCode::from(2);
    };
    match run(rounds, &PathBuf::from(folder)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("measure-drivers: {error}");
            ExitCode::FAILURE
        }
    }
}
