// SPDX-License-Identifier: GPL-2.0-only

//! The steps that need the test lab: `tests/lab/labs prepare`, `build` and `boot`. Runs on the host; the script enters
//! the build root.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;

use simrupt::failure::Failure;

use crate::lab::{Kernel, Machine};
use crate::transcript::MachineEnd;

/// Paths, and the parts that are already prepared.
#[derive(Debug)]
pub(crate) struct Steps {
    script: PathBuf,
    build: PathBuf,
    prepared: Mutex<BTreeSet<(Kernel, bool)>>,
}

/// The output of a machine.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) output: String,
    pub(crate) console: String,
    pub(crate) end: MachineEnd,
}

impl Steps {
    pub(crate) fn new(script: &Path, build: &Path) -> Self {
        Self {
            script: script.to_owned(),
            build: build.to_owned(),
            prepared: Mutex::default(),
        }
    }

    /// The folder where `name` is built for `kernel`.
    pub(crate) fn folder(&self, kernel: Kernel, name: &str) -> PathBuf {
        self.build.join(kernel.word()).join(name)
    }

    fn command(&self, kernel: Kernel) -> Command {
        // If the grader is ended, its builds and machines end, too.
        let mut command = Command::new("setpriv");
        command
            .args(["--pdeathsig", "TERM", "--"])
            .arg(&self.script);
        command.stdin(Stdio::null());
        // The pinned kernel, or its replacement, needs no name.
        match kernel {
            Kernel::Stock => command.env_remove("KERNEL"),
            Kernel::Debug => command.env("KERNEL", "debug"),
        };
        command
    }

    /// Sets up the kernel and the file system of machines like `machine`, once.
    pub(crate) fn prepare(&self, kernel: Kernel, machine: &Machine) -> Result<(), Failure> {
        let mut prepared = self
            .prepared
            .lock()
            .unwrap_or_else(|error| error.into_inner());
        if prepared.contains(&(kernel, machine.simrupt)) {
            return Ok(());
        }
        let mut command = self.command(kernel);
        command.arg("prepare").arg(base(machine));
        let status = command
            .status()
            .map_err(|error| self.cannot_start(&error))?;
        if !status.success() {
            return Err(Failure::new(
                format!("the {} kernel's machine was not prepared", kernel.word()),
                "see the error above",
            ));
        }
        prepared.insert((kernel, machine.simrupt));
        Ok(())
    }

    /// Builds the copy of a lab's files in `folder`. Returns the messages, and whether it succeeded.
    pub(crate) fn build(
        &self,
        kernel: Kernel,
        folder: &Path,
        options: &[&str],
    ) -> Result<(bool, String), Failure> {
        let mut command = self.command(kernel);
        command.arg("build").arg(folder).args(options);
        let output = command
            .output()
            .map_err(|error| self.cannot_start(&error))?;
        let messages = [output.stderr, output.stdout]
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        Ok((output.status.success(), messages.concat()))
    }

    /// Boots a machine with the content of `content` added to its file system.
    pub(crate) fn boot(
        &self,
        kernel: Kernel,
        machine: &Machine,
        content: &Path,
    ) -> Result<Said, Failure> {
        let log = content.with_extension("console");
        let mut command = self.command(kernel);
        command
            .arg("boot")
            .arg(base(machine))
            .arg(content)
            .arg(&log);
        command.arg("--cpus").arg(machine.cpus.to_string());
        for word in &machine.kernel_args {
            command.arg(format!("--kernel-arg={word}"));
        }
        command
            .args(["--", "labs"])
            .arg(machine.limit_s.to_string());
        let output = command
            .stderr(Stdio::inherit())
            .output()
            .map_err(|error| self.cannot_start(&error))?;
        let console = fs::read(&log).unwrap_or_default();
        Ok(Said {
            output: String::from_utf8_lossy(&output.stdout).into_owned(),
            console: String::from_utf8_lossy(&console).into_owned(),
            end: MachineEnd::of_status(output.status.code()),
        })
    }

    fn cannot_start(&self, error: &io::Error) -> Failure {
        Failure::new(
            format!("cannot run {}", self.script.display()),
            error.to_string(),
        )
    }
}

fn base(machine: &Machine) -> &'static str {
    if machine.simrupt { "simrupt" } else { "plain" }
}
