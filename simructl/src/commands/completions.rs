// SPDX-License-Identifier: GPL-2.0-only

//! `simructl completions`: a script for a shell, made from the command line's own description.

use clap_complete::Shell;

use crate::cli;
use crate::output;
use simrupt::failure::Failure;

pub(crate) fn run(shell: Shell) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut cli::command(), "simructl", &mut script);
    if shell == Shell::Bash {
        script.extend_from_slice(cli::bash().as_bytes());
    }
    output::offer(&script).map(|_| ())
}
