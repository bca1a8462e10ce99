// SPDX-License-Identifier: GPL-2.0-only

//! The command line of `run-vm`.

use std::path::PathBuf;
use std::time::Duration;

use crate::architecture::Architecture;
use crate::cpus::Cpus;

/// What is shown when the command line is not understood.
pub(crate) const USAGE: &str = "\
Usage: run-vm --kernel FILE --initrd FILE --console-log FILE [OPTIONS] -- MODE [ARGS]

MODE and ARGS go to the guest's init: demo, test PART PARTS [FILTER...], apart [FILTER...], boots NAME [FILTER...],
recipes [FILTER...], bench LINES [ARGS...], scopes LOADS ITEMS [ARGS...], or shell (interactive).
Options:
  --architecture NAME      the guest's: amd64 or arm64 [default: amd64]
  --cpus COUNT[,LEVEL=N...]  the guest's CPUs, and how they are arranged in sockets, dies, cores
                           and threads, as in 8,sockets=2,cores=2,threads=2 [default: 2]
  --memory MIB             the guest's memory [default: 1024]
  --disk FILE              a raw disk image, /dev/vda of the guest; what the guest writes is forgotten
  --firmware CODE,VARIABLES  boot from the disk by UEFI firmware with Secure Boot: its image, and a file with its
                           variables, of which the guest changes a copy. Kernel, its command line and MODE are the
                           boot loader's then, and --kernel and --initrd are left out; amd64 only
  --no-string-instructions  the guest copies and fills memory without `rep movs` and `rep stos`, which are
                           slow to emulate; costs of what copies much look different then
  --memory-tags            arm64 only: memory has tags, which the processor compares with those of pointers (MTE)
  --kernel-arg WORD        a word for the kernel's command line; may be repeated
  --files FOLDER           unpack there what the guest sends as files; absent before, or empty
  --plugin FILE,ARG=...    a plugin of QEMU's, with its arguments
  --realtime               real instead of virtual time under emulation
  --boot-limit SECONDS     how long booting may take [default: 120]
  --silence-limit SECONDS  how long the program may print nothing [default: 180]
  --limit SECONDS          how long all may take [default: 1200]
  --patience N             all three are N times as long, where much else is running [default: 1]
Exit status: 0 pass, 1 failures, 2 usage or cannot start, 3 panic, 4 hang, 5 never booted,
6 the kernel's log is dirty.";

/// How the guest starts.
#[derive(Debug, PartialEq)]
pub(crate) enum Boot {
    /// QEMU loads the kernel.
    Direct { kernel: PathBuf, initrd: PathBuf },
    /// UEFI firmware, of this image and with these variables, starts what is on the disk.
    Firmware { code: PathBuf, variables: PathBuf },
}

/// What to run and how long to wait for it.
#[derive(Debug, PartialEq)]
pub(crate) struct Args {
    /// How the guest starts.
    pub(crate) boot: Boot,
    pub(crate) console_log: PathBuf,
    pub(crate) architecture: Architecture,
    pub(crate) cpus: Cpus,
    pub(crate) memory_mib: u32,
    /// The image of the guest's disk, if it has one.
    pub(crate) disk: Option<PathBuf>,
    /// Whether the guest copies and fills with them.
    pub(crate) string_instructions: bool,
    /// Whether the guest's memory has tags.
    pub(crate) memory_tags: bool,
    pub(crate) kernel_args: Vec<String>,
    /// Where the guest's files go, if they are wanted.
    pub(crate) files: Option<PathBuf>,
    /// A plugin of the emulator with its arguments, as QEMU takes it.
    pub(crate) plugin: Option<String>,
    pub(crate) realtime: bool,
    pub(crate) boot_limit: Duration,
    pub(crate) silence_limit: Duration,
    pub(crate) limit: Duration,
    /// The arguments of the guest's init; the first is the mode.
    pub(crate) init: Vec<String>,
}

impl Args {
    /// Whether a person is to talk to the guest.
    pub(crate) fn is_interactive(&self) -> bool {
        self.init.first().is_some_and(|mode| mode == "shell")
    }
}

/// Parses the arguments after the program's name.
pub(crate) fn parse(words: impl Iterator<Item = String>) -> Result<Args, String> {
    let mut words = words;
    let (mut kernel, mut initrd, mut console_log) = (None, None, None);
    let mut architecture = Architecture::Amd64;
    let (mut cpus, mut memory_mib, mut files) = (Cpus::default(), 1024, None);
    let (mut disk, mut firmware) = (None, None);
    let mut kernel_args = Vec::new();
    let mut plugin = None;
    let (mut realtime, mut string_instructions, mut memory_tags) = (false, true, false);
    let (mut boot, mut silence, mut all) = (120, 180, 1200);
    let mut patience = 1;
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or(format!("{word} lacks its value"));
        match word.as_str() {
            "--kernel" => kernel = Some(value()?),
            "--initrd" => initrd = Some(value()?),
            "--console-log" => console_log = Some(value()?),
            "--boot-limit" => boot = seconds(&value()?)?,
            "--silence-limit" => silence = seconds(&value()?)?,
            "--limit" => all = seconds(&value()?)?,
            "--architecture" => {
                architecture = value()?
                    .parse()
                    .map_err(|why| format!("--architecture: {why}"))?;
            }
            "--patience" => patience = times(&value()?)?,
            "--cpus" => cpus = value()?.parse().map_err(|why| format!("--cpus: {why}"))?,
            "--memory" => memory_mib = mebibytes(&value()?)?,
            "--disk" => disk = Some(PathBuf::from(value()?)),
            "--firmware" => firmware = Some(value()?),
            "--kernel-arg" => kernel_args.push(value()?),
            "--files" => files = Some(PathBuf::from(value()?)),
            "--plugin" => plugin = Some(value()?),
            "--realtime" => realtime = true,
            "--no-string-instructions" => string_instructions = false,
            "--memory-tags" => memory_tags = true,
            "--" => break,
            _ => return Err(format!("unknown option {word}")),
        }
    }
    let init: Vec<String> = words.collect();
    if init.is_empty() {
        return Err("MODE is missing".to_owned());
    }
    if memory_tags && architecture == Architecture::Amd64 {
        return Err("--memory-tags: the memory of amd64 has none".to_owned());
    }
    let mut for_the_kernel = kernel_args.iter().chain(&init);
    if let Some(word) = for_the_kernel.find(|word| word.contains([' ', '"', '\n'])) {
        return Err(format!("'{word}' does not fit on a kernel command line"));
    }
    let boot_by = match firmware {
        Some(_) if architecture != Architecture::Amd64 => {
            return Err("--firmware: for amd64 only".to_owned());
        }
        Some(_) if disk.is_none() => return Err("--firmware needs --disk to boot from".to_owned()),
        Some(_) if kernel.is_some() || initrd.is_some() => {
            return Err("--firmware: what is on the disk names kernel and initrd".to_owned());
        }
        Some(files) => firmware_of(&files)?,
        None => Boot::Direct {
            kernel: kernel.ok_or("--kernel is missing")?.into(),
            initrd: initrd.ok_or("--initrd is missing")?.into(),
        },
    };
    Ok(Args {
        boot: boot_by,
        console_log: console_log.ok_or("--console-log is missing")?.into(),
        architecture,
        cpus,
        memory_mib,
        disk,
        string_instructions,
        memory_tags,
        kernel_args,
        files,
        plugin,
        realtime,
        boot_limit: Duration::from_secs(boot) * patience,
        silence_limit: Duration::from_secs(silence) * patience,
        limit: Duration::from_secs(all) * patience,
        init,
    })
}

fn seconds(text: &str) -> Result<u64, String> {
    text.parse()
        .map_err(|_| format!("'{text}' is not a number of seconds"))
}

/// The firmware's two files, with a comma between them.
fn firmware_of(text: &str) -> Result<Boot, String> {
    let (code, variables) = text
        .split_once(',')
        .ok_or(format!("--firmware: '{text}' is not CODE,VARIABLES"))?;
    Ok(Boot::Firmware {
        code: code.into(),
        variables: variables.into(),
    })
}

/// How many times as long everything may take.
fn times(text: &str) -> Result<u32, String> {
    text.parse()
        .ok()
        .filter(|number| (1..=100).contains(number))
        .ok_or(format!(
            "--patience: '{text}' is not a number from 1 to 100"
        ))
}

/// Memory that a 64-bit kernel boots with, and that QEMU gives without more ado.
fn mebibytes(text: &str) -> Result<u32, String> {
    text.parse()
        .ok()
        .filter(|number| (256..=65_536).contains(number))
        .ok_or(format!(
            "--memory: '{text}' is not a number of MiB from 256 to 65536"
        ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Args, String> {
        parse(line.split(' ').map(str::to_owned))
    }

    #[test]
    fn everything_after_the_dashes_goes_to_the_guest() {
        let args =
            parsed("--kernel k --initrd i --console-log c --limit 9 -- test --limit").unwrap();
        assert_eq!(args.init, ["test", "--limit"]);
        assert_eq!(args.limit, Duration::from_secs(9));
        assert_eq!(args.silence_limit, Duration::from_secs(180));
        assert!(!args.is_interactive());
    }

    #[test]
    fn patience_makes_every_limit_longer() {
        let line = "--patience 5 --kernel k --initrd i --console-log c --limit 9 -- test";
        let args = parsed(line).unwrap();
        let limits = [args.boot_limit, args.silence_limit, args.limit];
        assert_eq!(limits, [600, 900, 45].map(Duration::from_secs));
    }

    #[test]
    fn what_lacks_is_named() {
        assert!(
            parsed("--kernel k -- test")
                .unwrap_err()
                .contains("--initrd")
        );
        assert!(parsed("--kernel").unwrap_err().contains("--kernel"));
        assert!(parsed("--limit soon -- test").unwrap_err().contains("soon"));
        assert!(parsed("--kernel k --initrd i --console-log c").is_err());
    }

    #[test]
    fn the_machine_is_of_the_size_asked_for() {
        let line = "--kernel k --initrd i --console-log c";
        let plain = parsed(&format!("{line} -- test")).unwrap();
        assert_eq!(
            (plain.cpus.to_string().as_str(), plain.memory_mib),
            ("2", 1024)
        );
        assert_eq!(plain.files, None);
        assert_eq!(plain.plugin, None);
        let options = "--cpus 8,sockets=2 --memory 512 --files f --plugin p.so,out=f";
        let args = parsed(&format!("{line} {options} -- test")).unwrap();
        assert_eq!(args.cpus.to_string(), "8,sockets=2");
        assert_eq!(args.memory_mib, 512);
        assert_eq!(args.files, Some("f".into()));
    }

    #[test]
    fn a_machine_with_a_disk_and_firmware_names_their_files() {
        let args = parsed("--console-log c --disk d --firmware code,variables -- test").unwrap();
        assert_eq!(args.disk, Some("d".into()));
        let (code, variables) = ("code".into(), "variables".into());
        assert_eq!(args.boot, Boot::Firmware { code, variables });
        for (options, words) in [
            ("--architecture arm64 --disk d --firmware a,b", "amd64"),
            ("--firmware a,b", "--disk"),
            ("--kernel k --disk d --firmware a,b", "names kernel"),
            ("--disk d --firmware code", "'code'"),
        ] {
            let error = parsed(&format!("--console-log c {options} -- test")).unwrap_err();
            assert!(error.contains(words), "{options}: {error}");
        }
    }

    #[test]
    fn a_machine_of_impossible_size_is_refused() {
        for (option, text) in [
            ("--cpus 8,sockets=3", "--cpus: 8 CPUs cannot be arranged"),
            ("--cpus none", "--cpus: 'none'"),
            ("--memory 255", "--memory: '255'"),
            ("--memory 1G", "--memory: '1G'"),
            ("--patience 0", "--patience: '0'"),
            ("--architecture vax", "--architecture: 'vax'"),
            ("--cpus", "--cpus lacks its value"),
        ] {
            let error = parsed(option).unwrap_err();
            assert!(error.contains(text), "{option}: {error}");
        }
    }

    #[test]
    fn only_one_architecture_has_tags() {
        let line = "--kernel k --initrd i --console-log c --memory-tags";
        let error = parsed(&format!("{line} -- test")).unwrap_err();
        assert!(error.contains("--memory-tags"), "{error}");
        let args = parsed(&format!("{line} --architecture arm64 -- test")).unwrap();
        assert!(args.memory_tags);
    }

    #[test]
    fn words_that_a_kernel_command_line_would_split_are_refused() {
        let words = ["--kernel", "k", "--", "test", "two words"];
        assert!(parse(words.map(str::to_owned).into_iter()).is_err());
        let words = ["--kernel-arg", "two words", "--", "test"];
        let error = parse(words.map(str::to_owned).into_iter()).unwrap_err();
        assert!(error.contains("'two words'"), "{error}");
    }
}
