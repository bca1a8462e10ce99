// SPDX-License-Identifier: GPL-2.0-only

//! `simructl unload`: takes the module out of the kernel.

use nix::errno::Errno;
use nix::kmod::{DeleteModuleFlags, delete_module};
use serde_json::json;

use crate::cli::Options;
use crate::output;
use simrupt::failure::Failure;

const WHAT: &str = "cannot unload the module";

pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    delete_module(c"simrupt", DeleteModuleFlags::O_NONBLOCK).map_err(refused)?;
    match options.json {
        true => output::print_json(&json!({ "loaded": false })),
        false => output::print("unloaded\n"),
    }
}

/// What an error number of delete_module means to the user.
fn refused(errno: Errno) -> Failure {
    match errno {
        Errno::ENOENT => Failure::not_loaded(WHAT),
        Errno::EPERM => Failure::new(WHAT, "needs root").remedy("run with sudo"),
        Errno::EBUSY | Errno::EAGAIN => Failure::new(
            WHAT,
            "a process has /dev/simruptN or a debugfs file of the module open",
        )
        .remedy("ls -l /proc/[0-9]*/fd/* | grep simrupt names the processes; end them, then simructl unload"),
        errno => Failure::new(WHAT, errno.desc()).remedy("dmesg | tail may say more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_refusals_are_told_apart() {
        for (errno, words) in [
            (Errno::ENOENT, "the module is not loaded"),
            (Errno::EPERM, "needs root"),
            (Errno::EBUSY, "a process has /dev/simruptN"),
            (Errno::EAGAIN, "a process has /dev/simruptN"),
            (Errno::EIO, "I/O error"),
        ] {
            let told = refused(errno).to_string();
            assert!(told.contains(words), "{errno}: {told}");
        }
    }
}
