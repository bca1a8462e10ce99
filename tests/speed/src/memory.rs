// SPDX-License-Identifier: GPL-2.0-only

//! The time and memory to load a driver with one line, and the memory of a further line.

use std::error::Error;
use std::fs;
use std::time::Instant;

use crate::cost::counted;
use crate::driver::Driver;

/// The cost of one load.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Load {
    pub(crate) ms: f64,
    pub(crate) kib: f64,
    /// The memory of a further line, for a driver that can have several.
    pub(crate) line_kib: Option<f64>,
}

/// The number of further lines, for an average.
const FURTHER: u64 = 8;

/// Loads a driver with its defaults, and unloads it.
pub(crate) fn load(driver: &Driver) -> Result<Load, Box<dyn Error>> {
    let before = used_kib()?;
    crate::mark::begin();
    let begun = Instant::now();
    let loaded = driver.load_with("")?;
    let ms = begun.elapsed().as_secs_f64() * 1e3;
    crate::mark::end();
    counted(driver, "loading it", 1)?;
    let kib = used_kib()? - before;
    drop(loaded);
    let line_kib = match driver.name {
        "simrupt" => {
            let before = used_kib()?;
            let loaded = driver.load_with(&format!("lines={}", 1 + FURTHER))?;
            let all = used_kib()? - before;
            drop(loaded);
            Some((all - kib) / FURTHER as f64)
        }
        _ => None,
    };
    Ok(Load { ms, kib, line_kib })
}

/// Memory of the kernel that grows with modules and what they allocate.
fn used_kib() -> Result<f64, Box<dyn Error>> {
    let text = fs::read_to_string("/proc/meminfo")?;
    let figure = |name: &str| -> f64 {
        let row = text
            .lines()
            .find_map(|row| row.strip_prefix(name)?.strip_prefix(':'));
        row.and_then(|row| row.trim().split(' ').next()?.parse().ok())
            .unwrap_or(0.0)
    };
    Ok(figure("Slab") + figure("VmallocUsed"))
}
