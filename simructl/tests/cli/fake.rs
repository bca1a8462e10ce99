// SPDX-License-Identifier: GPL-2.0-only

//! A directory that looks like the kernel with the module loaded, and runs of `simructl` in it.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use nix::unistd::geteuid;
use simrupt_core::invariants::COUNTERS;
use snapbox::{Assert, Data};
use tempfile::TempDir;

use crate::schema;

/// The module's description of its knobs.
pub(crate) const KNOBS: &str = "\
lines\tu64\t1..64\t1\t-\tload\thow many independent devices\n\
rate_hz\tu64\t0..1000000\t10\tHz\tlive\tevents per second; 0 is silent\n\
workqueue\tenum\tbound|unbound|bh|ordered|highpri|bh-highpri\tunbound\t-\tlive\tflavor of the bottom half\n\
fifo_size\tu64\t16..1048576\t4096\trecords\tlive\tfifo capacity\n\
fifo_policy\tenum\toverwrite|drop\toverwrite\t-\tlive\twhat a full fifo does\n\
format\tenum\tchar|record\tchar\t-\tlive\twhat read() returns\n\
run\tenum\topen|always\topen\t-\tlive\twhen the device runs\n\
cpu\ti64\t-1..1\t-1\tCPU\tlive\tCPU of the device's timer; -1 is any\n";

/// The histograms of a line: a usual stage, one with an overflow, an unknown one, and one without values.
pub(crate) const LATENCY: &str = "\
stage due_irq count 120 sum_ns 612000 overflow 0 max_ns 5123 max_time_ns 4211000000 max_cpu 1\n\
bucket 4096 4159 17\n\
bucket 5120 5183 103\n\
stage irq_bh count 100 sum_ns 99999999999 overflow 2 max_ns 99999000000 max_time_ns 5000000001 max_cpu 0\n\
bucket 64 64 60\n\
bucket 1024 1039 38\n\
stage novel count 1 sum_ns 7 overflow 0 max_ns 7 max_time_ns 1 max_cpu 0\n\
bucket 7 7 1\n\
stage due_read count 0 sum_ns 0 overflow 0 max_ns 0 max_time_ns 0 max_cpu 0\n";

/// Commands that need no kernel, and take no `--sysroot`.
const NO_KERNEL: [&str; 5] = ["completions", "man", "schema", "report", "compare"];

/// The fake.
pub(crate) struct Fake(TempDir);

impl Fake {
    /// A kernel without the module.
    pub(crate) fn unloaded() -> Self {
        let fake = Self(TempDir::new().unwrap());
        fake.write("proc/mounts", "none /sys/kernel/debug debugfs rw 0 0\n");
        fake
    }

    /// The module with this many lines, all at their defaults, with 100 events each.
    pub(crate) fn with_lines(count: usize) -> Self {
        let fake = Self::unloaded();
        for (name, value) in [
            ("rate_hz", "10"),
            ("workqueue", "unbound"),
            ("fifo_size", "4096"),
            ("fifo_policy", "overwrite"),
            ("format", "char"),
            ("run", "open"),
            ("cpu", "-1"),
        ] {
            let list = vec![value; count].join(",");
            fake.write(&parameter(name), &format!("{list}\n"));
        }
        fake.write(&parameter("lines"), &format!("{count}\n"));
        fake.read_only(&parameter("lines"));
        fake.write("sys/kernel/debug/simrupt/knobs", KNOBS);
        for line in 0..count {
            for (name, text) in [
                ("rate_hz", "10"),
                ("workqueue", "bound [unbound] bh ordered highpri bh-highpri"),
                ("fifo_size", "4096"),
                ("fifo_policy", "[overwrite] drop"),
                ("format", "[char] record"),
                ("run", "[open] always"),
                ("cpu", "-1"),
            ] {
                fake.write(&debugfs(line, name), &format!("{text}\n"));
            }
            fake.write(&debugfs(line, "irq"), &format!("{}\n", 24 + line));
            fake.write(
                &debugfs(line, "contexts"),
                "stage hardirq softirq task wrong\ndevice 100 0 0 0\n\
                 top_half 100 0 0 0\nbottom_half 0 0 98 0\n",
            );
            fake.set_counters(line, &[]);
            fake.write(&debugfs(line, "reset"), "");
            fake.write(&debugfs(line, "latency"), LATENCY);
            fake.write(&format!("dev/simrupt{line}"), " !\"#$%&'()");
        }
        fake
    }

    /// Removes debugfs: only the parameters are left.
    pub(crate) fn without_debugfs(self) -> Self {
        self.remove("sys/kernel/debug/simrupt");
        self.write("proc/mounts", "proc /proc proc rw 0 0\n");
        self
    }

    /// Makes the kernel locked down, as it reports it itself.
    pub(crate) fn locked_down(self) -> Self {
        let levels = "none integrity [confidentiality]\n";
        self.write("sys/kernel/security/lockdown", levels);
        self
    }

    /// Writes the stats of a line: 100 events whose sums hold, except for the counters given.
    pub(crate) fn set_counters(&self, line: usize, counters: &[(&str, u64)]) {
        let mut text = String::new();
        for name in COUNTERS {
            let value = counters
                .iter()
                .find(|(known, _)| *known == name)
                .map_or(holds(name), |(_, value)| *value);
            text += &format!("{name} {value}\n");
        }
        self.write(&debugfs(line, "stats"), &text);
    }

    /// Unbinds the driver of a line, as far as sysfs shows it.
    pub(crate) fn unbind(&self, line: usize) {
        let device = format!("sys/bus/platform/devices/simrupt.{line}");
        fs::create_dir_all(self.path(&device)).unwrap();
    }

    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.0.path().join(file)
    }

    /// Replaces a file at once: a reader finds the old text or the new one, never a mixture.
    pub(crate) fn write(&self, file: &str, text: &str) {
        let path = self.path(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(self.path("new"), text).unwrap();
        fs::rename(self.path("new"), path).unwrap();
    }

    /// Removes the permission to write, as far as the file's mode shows it.
    pub(crate) fn read_only(&self, file: &str) {
        fs::set_permissions(self.path(file), Permissions::from_mode(0o444)).unwrap();
    }

    pub(crate) fn read(&self, file: &str) -> String {
        fs::read_to_string(self.path(file)).unwrap()
    }

    pub(crate) fn remove(&self, file: &str) {
        let path = self.path(file);
        if path.is_dir() {
            fs::remove_dir_all(path).unwrap();
        } else {
            fs::remove_file(path).unwrap();
        }
    }

    /// A command that runs simructl here.
    pub(crate) fn command(&self, arguments: &str) -> Command {
        let mut command = self.bare_command(arguments);
        let name = arguments.split_whitespace().next();
        if !name.is_some_and(|name| NO_KERNEL.contains(&name)) {
            command.arg("--sysroot").arg(self.0.path());
        }
        command
    }

    /// A command that runs simructl in this directory, but with the real kernel.
    pub(crate) fn bare_command(&self, arguments: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_simructl"));
        command
            .args(arguments.split_whitespace())
            .current_dir(self.0.path())
            .stdin(Stdio::null());
        command
    }

    /// A command that runs simructl here as another user than root.
    pub(crate) fn command_of_nobody(&self, arguments: &str) -> Command {
        let mut command = self.command(arguments);
        if geteuid().is_root() {
            let root = Permissions::from_mode(0o755);
            fs::set_permissions(self.path(""), root).unwrap();
            command.uid(65534).gid(65534);
        }
        command
    }

    /// Runs simructl here and compares the run with the transcript of this name.
    pub(crate) fn check(&self, golden: &str, arguments: &str) {
        let run = transcript(arguments, &mut self.command(arguments));
        let root = self.0.path().to_str().unwrap();
        compare(golden, &run.replace(root, "[SYSROOT]"));
    }
}

/// The counters of 100 events of which 10 were overwritten, 20 are queued and 68 were read.
fn holds(name: &str) -> u64 {
    match name {
        "events" | "raised" => 100,
        "drained" | "handled" => 98,
        "in_ring" | "coalesced" => 2,
        "overwritten" => 10,
        "queued" => 20,
        "read" => 68,
        "scheduled" | "runs" => 90,
        "already_pending" => 8,
        _ => 0,
    }
}

/// The debugfs file of a line.
pub(crate) fn debugfs(line: usize, name: &str) -> String {
    format!("sys/kernel/debug/simrupt/line{line}/{name}")
}

/// The file of a module parameter.
pub(crate) fn parameter(name: &str) -> String {
    format!("sys/module/simrupt/parameters/{name}")
}

/// A run as a user sees it, with stderr after stdout, and the exit code. JSON in it is checked by its schema.
pub(crate) fn transcript(arguments: &str, command: &mut Command) -> String {
    let run = command.output().unwrap();
    let stdout = String::from_utf8(run.stdout).unwrap();
    let stderr = String::from_utf8(run.stderr).unwrap();
    let code = run.status.code().expect("it ends by itself");
    schema::check(arguments, &stdout, &stderr);
    let typed = format!("simructl {arguments}");
    let mut text = format!("$ {}\n{stdout}", typed.trim_end());
    if !stderr.is_empty() {
        text += &format!("--- stderr\n{stderr}");
    }
    text + &format!("--- exit code {code}\n")
}

/// Compares a text with a golden file, byte for byte.
pub(crate) fn compare(golden: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden")
        .join(format!("{golden}.txt"));
    Assert::new()
        .action_env("SNAPSHOTS")
        .eq(Data::text(text).raw(), Data::read_from(&path, None).raw());
}
