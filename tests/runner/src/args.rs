// SPDX-License-Identifier: GPL-2.0-only

//! The command line of `run-vm`.

use std::path::PathBuf;
use std::time::Duration;

/// What is shown when the command line is not understood.
pub(crate) const USAGE: &str = "\
Usage: run-vm --kernel FILE --initrd FILE --console-log FILE [OPTIONS] -- MODE [ARGS]

MODE and ARGS go to the guest's init: demo, test PART PARTS [FILTER...], or shell (interactive).
Options:
  --realtime            real instead of virtual time under emulation
  --boot-limit SECONDS     how long booting may take [default: 120]
  --silence-limit SECONDS  how long the program may print nothing [default: 180]
  --limit SECONDS          how long all may take [default: 1200]
Exit status: 0 pass, 1 failures, 2 usage or cannot start, 3 panic, 4 hang, 5 never booted,
6 the kernel's log is dirty.";

/// What to run and how long to wait for it.
#[derive(Debug, PartialEq)]
pub(crate) struct Args {
    pub(crate) kernel: PathBuf,
    pub(crate) initrd: PathBuf,
    pub(crate) console_log: PathBuf,
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
    let mut realtime = false;
    let (mut boot, mut silence, mut all) = (120, 180, 1200);
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or(format!("{word} lacks its value"));
        match word.as_str() {
            "--kernel" => kernel = Some(value()?),
            "--initrd" => initrd = Some(value()?),
            "--console-log" => console_log = Some(value()?),
            "--boot-limit" => boot = seconds(&value()?)?,
            "--silence-limit" => silence = seconds(&value()?)?,
            "--limit" => all = seconds(&value()?)?,
            "--realtime" => realtime = true,
            "--" => break,
            _ => return Err(format!("unknown option {word}")),
        }
    }
    let init: Vec<String> = words.collect();
    if init.is_empty() {
        return Err("MODE is missing".to_owned());
    }
    if let Some(word) = init.iter().find(|word| word.contains([' ', '"', '\n'])) {
        return Err(format!("'{word}' does not fit on a kernel command line"));
    }
    Ok(Args {
        kernel: kernel.ok_or("--kernel is missing")?.into(),
        initrd: initrd.ok_or("--initrd is missing")?.into(),
        console_log: console_log.ok_or("--console-log is missing")?.into(),
        realtime,
        boot_limit: Duration::from_secs(boot),
        silence_limit: Duration::from_secs(silence),
        limit: Duration::from_secs(all),
        init,
    })
}

fn seconds(text: &str) -> Result<u64, String> {
    text.parse()
        .map_err(|_| format!("'{text}' is not a number of seconds"))
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
        assert!(!args.is_interactive());
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
    fn words_that_a_kernel_command_line_would_split_are_refused() {
        let words = ["--kernel", "k", "--", "test", "two words"];
        assert!(parse(words.map(str::to_owned).into_iter()).is_err());
    }
}
