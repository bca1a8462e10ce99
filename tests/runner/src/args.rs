// SPDX-License-Identifier: GPL-2.0-only

//! The command line of `run-vm`.

use std::ffi::OsString;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::Parser;

use crate::architecture::Architecture;
use crate::cpus::Cpus;

/// Memory that a 64-bit kernel boots with, and that QEMU supports without further options.
const MEMORY_MIB: std::ops::RangeInclusive<i64> = 256..=65_536;

/// Boots the test machine, shows what its program prints, and gives a verdict.
#[derive(Debug, PartialEq, Parser)]
#[command(
    name = "run-vm",
    after_help = "Exit status: 0 pass, 1 failures, 2 usage or cannot start, 3 panic, 4 hang, 5 never booted,\n\
                  6 the kernel's log is dirty."
)]
pub(crate) struct Args {
    /// The kernel that QEMU loads
    #[arg(long, value_name = "FILE", required_unless_present = "firmware")]
    kernel: Option<PathBuf>,
    /// The file system that QEMU loads with it
    #[arg(long, value_name = "FILE", required_unless_present = "firmware")]
    initrd: Option<PathBuf>,
    /// Boot from the disk by UEFI firmware with Secure Boot: its image, and a file with its variables, of which the
    /// guest changes a copy. The boot loader then chooses the kernel, its command line and MODE; amd64 only
    #[arg(
        long,
        value_name = "CODE,VARIABLES",
        requires = "disk",
        conflicts_with_all = ["kernel", "initrd"]
    )]
    firmware: Option<Firmware>,
    /// The log of the kernel's console
    #[arg(long, value_name = "FILE")]
    pub(crate) console_log: PathBuf,
    /// The guest's architecture
    #[arg(long, value_name = "NAME", value_enum, default_value_t = Architecture::Amd64)]
    pub(crate) architecture: Architecture,
    /// The guest's CPUs, and how they are arranged in sockets, dies, cores and threads, as in
    /// 8,sockets=2,cores=2,threads=2
    #[arg(long, value_name = "COUNT[,LEVEL=N...]", default_value_t)]
    pub(crate) cpus: Cpus,
    /// The guest's memory
    #[arg(long = "memory", value_name = "MIB", default_value_t = 1024, value_parser = clap::value_parser!(u32).range(MEMORY_MIB))]
    pub(crate) memory_mib: u32,
    /// A raw disk image, /dev/vda of the guest; the guest's writes are discarded
    #[arg(long, value_name = "FILE")]
    pub(crate) disk: Option<PathBuf>,
    /// Make the guest copy and fill memory without `rep movs` and `rep stos`, which are slow to emulate; the costs of
    /// large copies then look different
    #[arg(long)]
    pub(crate) no_string_instructions: bool,
    /// arm64 only: give memory tags, which the processor compares with those of pointers (MTE)
    #[arg(long)]
    pub(crate) memory_tags: bool,
    /// A word for the kernel's command line; may be repeated
    #[arg(long = "kernel-arg", value_name = "WORD", allow_hyphen_values = true, value_parser = kernel_word)]
    pub(crate) kernel_args: Vec<String>,
    /// Unpack the guest's files into this folder, which must be absent or empty
    #[arg(long, value_name = "FOLDER")]
    pub(crate) files: Option<PathBuf>,
    /// A QEMU plugin with its arguments, in QEMU's form
    #[arg(long, value_name = "FILE,ARG=...")]
    pub(crate) plugin: Option<String>,
    /// Emulate on this CPU of the host only
    #[arg(long, value_name = "N")]
    pub(crate) host_cpu: Option<u32>,
    /// Real instead of virtual time under emulation
    #[arg(long)]
    pub(crate) realtime: bool,
    /// How long booting may take
    #[arg(long, value_name = "SECONDS", default_value_t = 120)]
    boot_limit: u64,
    /// How long the program may print nothing
    #[arg(long, value_name = "SECONDS", default_value_t = 180)]
    silence_limit: u64,
    /// How long the whole run may take
    #[arg(long, value_name = "SECONDS", default_value_t = 1200)]
    limit: u64,
    /// Multiply the three limits by N, on a busy machine: 1 to 100
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100))]
    patience: u32,
    /// For the guest's init: demo, test PART PARTS [FILTER...], apart [FILTER...], boots NAME [FILTER...],
    /// recipes [FILTER...], bench LINES [ARGS...], scopes LOADS ITEMS [ARGS...], labs LIMIT_S,
    /// docs LIMIT_S [tools], or shell (interactive)
    #[arg(last = true, required = true, value_name = "MODE [ARGS]", value_parser = kernel_word)]
    pub(crate) init: Vec<String>,
}

/// How the guest starts.
#[derive(Debug, PartialEq)]
pub(crate) enum Boot<'a> {
    /// QEMU loads the kernel.
    Direct {
        kernel: &'a PathBuf,
        initrd: &'a PathBuf,
    },
    /// UEFI firmware starts the system on the disk.
    Firmware(&'a Firmware),
}

/// The firmware's image, and its variables.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Firmware {
    pub(crate) code: PathBuf,
    pub(crate) variables: PathBuf,
}

impl FromStr for Firmware {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (code, variables) = text.split_once(',').ok_or("it is not CODE,VARIABLES")?;
        Ok(Self {
            code: code.into(),
            variables: variables.into(),
        })
    }
}

impl Args {
    /// How the guest starts.
    pub(crate) fn boot(&self) -> Option<Boot<'_>> {
        match (&self.firmware, &self.kernel, &self.initrd) {
            (Some(firmware), ..) => Some(Boot::Firmware(firmware)),
            (None, Some(kernel), Some(initrd)) => Some(Boot::Direct { kernel, initrd }),
            // The parser requires all of them.
            _ => None,
        }
    }

    /// Whether a person will use the guest.
    pub(crate) fn is_interactive(&self) -> bool {
        self.init.first().is_some_and(|mode| mode == "shell")
    }

    /// How long booting may take.
    pub(crate) fn boot_limit(&self) -> Duration {
        self.limit_of(self.boot_limit)
    }

    /// How long the program may print nothing.
    pub(crate) fn silence_limit(&self) -> Duration {
        self.limit_of(self.silence_limit)
    }

    /// How long the whole run may take.
    pub(crate) fn limit(&self) -> Duration {
        self.limit_of(self.limit)
    }

    fn limit_of(&self, seconds: u64) -> Duration {
        Duration::from_secs(seconds) * self.patience
    }
}

/// A word that stays one word on the kernel's command line.
fn kernel_word(text: &str) -> Result<String, &'static str> {
    match text.contains([' ', '"', '\n']) {
        true => Err("it does not fit on a kernel's command line"),
        false => Ok(text.to_owned()),
    }
}

/// Parses the words of the command line, including the program's name.
pub(crate) fn parse<W: Into<OsString> + Clone>(
    words: impl Iterator<Item = W>,
) -> Result<Args, clap::Error> {
    let args = Args::try_parse_from(words)?;
    let amiss = match args.architecture {
        Architecture::Amd64 if args.memory_tags => "--memory-tags: the memory of amd64 has none",
        Architecture::Arm64 if args.firmware.is_some() => "--firmware: for amd64 only",
        _ => return Ok(args),
    };
    Err(clap::Error::raw(
        clap::error::ErrorKind::ArgumentConflict,
        format!("{amiss}\n"),
    ))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    fn of_words(words: &[&str]) -> Result<Args, String> {
        let words = ["run-vm"].iter().chain(words);
        parse(words).map_err(|error| error.to_string())
    }

    /// Parses a command line without the program's name.
    pub(crate) fn parsed(line: &str) -> Result<Args, String> {
        of_words(&line.split(' ').collect::<Vec<_>>())
    }

    const DIRECT: &str = "--kernel k --initrd i --console-log c";

    #[test]
    fn everything_after_the_dashes_goes_to_the_guest() {
        let args = parsed(&format!("{DIRECT} --limit 9 -- test --limit")).unwrap();
        assert_eq!(args.init, ["test", "--limit"]);
        assert_eq!(args.limit(), Duration::from_secs(9));
        assert_eq!(args.silence_limit(), Duration::from_secs(180));
        assert!(!args.is_interactive());
    }

    #[test]
    fn patience_makes_every_limit_longer() {
        let args = parsed(&format!("--patience 5 {DIRECT} --limit 9 -- test")).unwrap();
        let limits = [args.boot_limit(), args.silence_limit(), args.limit()];
        assert_eq!(limits, [600, 900, 45].map(Duration::from_secs));
    }

    #[test]
    fn what_lacks_is_named() {
        for (line, text) in [
            ("--kernel k --console-log c -- test", "--initrd"),
            ("--kernel k --initrd i -- test", "--console-log"),
            ("--kernel", "--kernel"),
            ("--limit soon -- test", "'soon'"),
            (DIRECT, "MODE"),
        ] {
            let error = parsed(line).unwrap_err();
            assert!(error.contains(text), "{line}: {error}");
        }
    }

    #[test]
    fn the_machine_is_of_the_size_asked_for() {
        let plain = parsed(&format!("{DIRECT} -- test")).unwrap();
        assert_eq!(
            (plain.cpus.to_string().as_str(), plain.memory_mib),
            ("2", 1024)
        );
        assert_eq!(plain.files, None);
        assert_eq!(plain.plugin, None);
        let options = "--cpus 8,sockets=2 --memory 512 --files f --plugin p.so,out=f";
        let args = parsed(&format!("{DIRECT} {options} -- test")).unwrap();
        assert_eq!(args.cpus.to_string(), "8,sockets=2");
        assert_eq!(args.memory_mib, 512);
        assert_eq!(args.files, Some("f".into()));
        let (kernel, initrd) = (&"k".into(), &"i".into());
        assert_eq!(args.boot(), Some(Boot::Direct { kernel, initrd }));
    }

    #[test]
    fn a_machine_with_a_disk_and_firmware_names_their_files() {
        let args = parsed("--console-log c --disk d --firmware code,variables -- test").unwrap();
        assert_eq!(args.disk, Some("d".into()));
        let firmware = &"code,variables".parse().unwrap();
        assert_eq!(args.boot(), Some(Boot::Firmware(firmware)));
        for (options, words) in [
            ("--architecture arm64 --disk d --firmware a,b", "amd64"),
            ("--firmware a,b", "--disk"),
            ("--kernel k --disk d --firmware a,b", "--kernel"),
            ("--disk d --firmware code", "'code'"),
        ] {
            let error = parsed(&format!("--console-log c {options} -- test")).unwrap_err();
            assert!(error.contains(words), "{options}: {error}");
        }
    }

    #[test]
    fn a_machine_of_impossible_size_is_refused() {
        for (option, text) in [
            ("--cpus 8,sockets=3", "8 CPUs cannot be arranged"),
            ("--cpus none", "'none'"),
            ("--memory 255", "'255'"),
            ("--memory 1G", "'1G'"),
            ("--patience 0", "'0'"),
            ("--host-cpu -1", "'-1'"),
            ("--architecture vax", "'vax'"),
            ("--cpus", "--cpus"),
        ] {
            let error = parsed(option).unwrap_err();
            assert!(error.contains(text), "{option}: {error}");
        }
    }

    #[test]
    fn only_one_architecture_has_tags() {
        let error = parsed(&format!("{DIRECT} --memory-tags -- test")).unwrap_err();
        assert!(error.contains("--memory-tags"), "{error}");
        let line = format!("{DIRECT} --memory-tags --architecture arm64 -- test");
        assert!(parsed(&line).unwrap().memory_tags);
    }

    #[test]
    fn words_that_a_kernel_command_line_would_split_are_refused() {
        let direct: Vec<&str> = DIRECT.split(' ').collect();
        for rest in [
            ["--", "test", "two words"],
            ["--kernel-arg=two words", "--", "test"],
        ] {
            let error = of_words(&[&direct[..], &rest].concat()).unwrap_err();
            assert!(error.contains("'two words'"), "{error}");
        }
    }
}
