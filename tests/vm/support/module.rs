// SPDX-License-Identifier: GPL-2.0-only

//! Loading and unloading the module, and running simructl.

use crate::{Line, traffic::at_a_moment};
use nix::{
    errno::Errno,
    kmod::{DeleteModuleFlags, ModuleInitFlags, delete_module, finit_module},
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use std::{
    env,
    ffi::CString,
    fs::{self, File},
    path::Path,
    process::{Child, Command, Output, Stdio},
};

/// The platform driver, where lines are bound and unbound.
pub const DRIVER: &str = "/sys/bus/platform/drivers/simrupt";

/// Places where the module could leave something behind.
const TRACES: [(&str, &str); 5] = [
    ("/dev", "simrupt"),
    ("/sys/bus/platform/devices", "simrupt."),
    ("/sys/bus/platform/drivers", "simrupt"),
    ("/sys/devices/virtual/workqueue", "simrupt"),
    ("/sys/kernel/debug", "simrupt"),
];

/// The loaded module; dropping it unloads it, and checks that it left nothing behind.
pub struct Simrupt(());

impl Simrupt {
    /// Loads the module with these parameters.
    pub fn load(params: &str) -> Self {
        try_load(params).unwrap_or_else(|error| panic!("cannot load with '{params}': {error}"));
        Self(())
    }

    /// Takes over a module that was loaded with [`try_load`].
    pub fn adopt() -> Self {
        Self(())
    }

    /// A line of the loaded module.
    pub fn line(&self, index: usize) -> Line {
        Line::new(index)
    }

    /// Asserts that the sums of all lines' counters hold, by `simructl verify`.
    pub fn verify(&self) {
        let output = simructl(&["verify"]);
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success(),
            "the sums do not hold:\n{text}{}",
            String::from_utf8_lossy(&output.stderr)
        );
        assert!(text.contains("sums hold"), "{text}");
    }

    /// A parameter in /sys/module.
    pub fn parameter(&self, name: &str) -> String {
        read(&format!("/sys/module/simrupt/parameters/{name}"))
    }

    /// Writes a parameter in /sys/module.
    ///
    /// # Errors
    ///
    /// The kernel's answer.
    pub fn set_parameter(&self, name: &str, value: &[u8]) -> Result<(), Errno> {
        write(&format!("/sys/module/simrupt/parameters/{name}"), value)
    }
}

impl Simrupt {
    /// Unloads the module as soon as nobody has a file of it open, and checks that it left nothing behind.
    pub fn unload_when_idle(self) {
        std::mem::forget(self);
        at_a_moment("nobody uses the module", || match unload() {
            Ok(()) => true,
            Err(Errno::EWOULDBLOCK) => false,
            Err(error) => panic!("the module can be unloaded: {error}"),
        });
        assert_nothing_left();
    }
}

impl Drop for Simrupt {
    fn drop(&mut self) {
        let result = unload();
        if std::thread::panicking() {
            return;
        }
        result.expect("the module can be unloaded");
        assert_nothing_left();
    }
}

/// Loads the module, or returns why that failed.
///
/// # Errors
///
/// The kernel's answer; then nothing of the module may be left.
pub fn try_load(params: &str) -> Result<(), Errno> {
    let file = env::var("SIMRUPT_KO").expect("SIMRUPT_KO names the module");
    let file = File::open(file).expect("the module can be read");
    let params = CString::new(params).expect("parameters without NUL");
    let result = finit_module(file, &params, ModuleInitFlags::empty());
    if result.is_err() && !Path::new("/sys/module/simrupt").exists() {
        assert_nothing_left();
    }
    result
}

/// Unloads the module.
///
/// # Errors
///
/// The kernel's answer.
pub fn unload() -> Result<(), Errno> {
    delete_module(c"simrupt", DeleteModuleFlags::O_NONBLOCK)
}

/// Checks that an unloaded module has left nothing in the system.
///
/// # Panics
///
/// With the things that it has left.
pub fn assert_nothing_left() {
    for (folder, prefix) in TRACES {
        let left: Vec<_> = fs::read_dir(folder)
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .filter(|name| name.starts_with(prefix))
            .collect();
        assert!(left.is_empty(), "left in {folder}: {left:?}");
    }
    let interrupts = read("/proc/interrupts");
    assert!(!interrupts.contains("simrupt"), "{interrupts}");
}

/// Runs simructl.
pub fn simructl(args: &[&str]) -> Output {
    Command::new("simructl")
        .args(args)
        .output()
        .expect("simructl runs")
}

/// A running simructl with these arguments.
pub fn start_simructl(args: &[&str]) -> Child {
    let mut command = Command::new("simructl");
    command.args(args);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().expect("simructl runs")
}

/// Ends a program by a signal, and returns its output.
pub fn end(child: Child, signal: Signal) -> Output {
    let pid = Pid::from_raw(child.id().try_into().unwrap());
    kill(pid, signal).unwrap();
    child.wait_with_output().unwrap()
}

/// The content of a small file.
pub(crate) fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Writes to a file in one write(2).
pub(crate) fn write(path: &str, value: &[u8]) -> Result<(), Errno> {
    let file = File::options().write(true).open(path);
    let file = file.unwrap_or_else(|error| panic!("{path}: {error}"));
    nix::unistd::write(&file, value).map(|written| assert_eq!(written, value.len()))
}
