// SPDX-License-Identifier: GPL-2.0-only

//! `assemble-book CHECKOUT OUT`: puts the pages that `Documentation/SUMMARY.md` lists together for mdBook.
//!
//! The pages keep their places: a page is in the book where it is in the checkout, so links between pages need no change.
//! Links to other files of the checkout lead to pages that show these files. So each link works in a plain view of the
//! repository and in the book.

mod assemble;
mod audience;
mod commands;
mod generated;
mod links;
mod place;
mod schemas;
mod sources;
#[cfg(test)]
mod truth;
mod width;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

/// Assembles the documentation for mdBook.
#[derive(Debug, Parser)]
struct Arguments {
    /// The top of the checkout
    checkout: PathBuf,
    /// The folder for mdBook, which is made anew
    out: PathBuf,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match assemble::run(&arguments.checkout, &arguments.out) {
        Ok(told) => {
            println!("{told}");
            ExitCode::SUCCESS
        }
        Err(why) => {
            eprintln!("assemble-book: {why}");
            ExitCode::FAILURE
        }
    }
}
