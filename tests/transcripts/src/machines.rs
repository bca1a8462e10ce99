// SPDX-License-Identifier: GPL-2.0-only

//! Boots machines, by `tests/lab/docs prepare` and `boot`. Runs on the host; the script enters the build root.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use simrupt::failure::Failure;

use crate::marker::Image;
use crate::plan::Boot;

/// How long a session may take, in seconds of its machine. Idle time is skipped, so one that hangs is there at once.
const LIMIT_S: u64 = 600;

/// What a machine printed, and how it ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) text: String,
    /// That of `run-vm`: 0 is good.
    pub(crate) status: Option<i32>,
    pub(crate) time: Duration,
}

/// Has the image of machines made.
pub(crate) fn prepare(script: &Path, image: Image) -> Result<(), Failure> {
    let status = command(script).arg("prepare").arg(image.word()).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => Err(Failure::new(
            format!("the image of the {} machine was not made", image.word()),
            "what failed stands above",
        )),
        Err(error) => Err(cannot_start(script, &error)),
    }
}

/// Boots a machine with the content of a folder added to its file system.
fn boot(script: &Path, boot: &Boot, content: &Path) -> Result<Ran, Failure> {
    let start = Instant::now();
    let output = command(script)
        .args(["boot", boot.image.word()])
        .arg(content)
        .arg(content.with_extension("console"))
        .args(["--cpus", &boot.cpus.to_string()])
        .args(["--", "docs", &LIMIT_S.to_string()])
        .args((boot.image == Image::Tools).then_some(boot.image.word()))
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| cannot_start(script, &error))?;
    let log = content.with_extension("log");
    fs::write(&log, &output.stdout).map_err(|error| {
        Failure::new(format!("cannot write {}", log.display()), error.to_string())
    })?;
    Ok(Ran {
        text: String::from_utf8_lossy(&output.stdout).into_owned(),
        status: output.status.code(),
        time: start.elapsed(),
    })
}

fn command(script: &Path) -> Command {
    // When this program is ended, so are its machines.
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "TERM", "--"]).arg(script);
    command.stdin(Stdio::null());
    command
}

fn cannot_start(script: &Path, error: &std::io::Error) -> Failure {
    Failure::new(
        format!("cannot run {}", script.display()),
        error.to_string(),
    )
}

/// Boots all machines, some at a time: emulation keeps a processor busy for each. `tells` hears of each that ended.
pub(crate) fn run(
    script: &Path,
    boots: &[&(Boot, PathBuf)],
    tells: impl Fn(&Boot, &Ran) + Sync,
) -> Result<Vec<Ran>, Failure> {
    let lanes = thread::available_parallelism()
        .map_or(1, usize::from)
        .min(4);
    let next = AtomicUsize::new(0);
    let ran: Vec<Mutex<Option<Result<Ran, Failure>>>> =
        boots.iter().map(|_| Mutex::default()).collect();
    thread::scope(|scope| {
        for _ in 0..lanes {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(&(this, content)) = boots.get(index) else {
                        break;
                    };
                    let result = boot(script, this, content);
                    if let Ok(ran) = &result {
                        tells(this, ran);
                    }
                    *ran[index].lock().unwrap_or_else(|error| error.into_inner()) = Some(result);
                }
            });
        }
    });
    ran.into_iter()
        .filter_map(|slot| slot.into_inner().unwrap_or_else(|error| error.into_inner()))
        .collect()
}
