// SPDX-License-Identifier: GPL-2.0-only

//! `simructl stats`: shows what each line has counted.

use serde_json::{Value, json};

use crate::cli::Options;
use crate::commands::lines::{Shown, show_lines};
use simrupt::failure::Failure;
use simrupt::layout::columns;
use simrupt::line::Books;
use simrupt::module::Module;
use simrupt::sysroot::Sysroot;

const WHAT: &str = "cannot show the stats";

pub(crate) fn run(sysroot: &Sysroot, options: &Options) -> Result<(), Failure> {
    let module = Module::find(sysroot, WHAT)?;
    show_lines(&module, options, |line| {
        let irq = module.irq(line);
        let books = module.books(line, WHAT)?;
        Ok(Shown {
            is_bound: books.is_some(),
            text: text(line, irq, books.as_ref()),
            document: document(line, irq, books.as_ref()),
        })
    })
}

fn text(line: u32, irq: Option<u32>, books: Option<&Books>) -> String {
    let irq = irq.map_or_else(|| "-".to_string(), |irq| irq.to_string());
    let Some(books) = books else {
        return format!("line{line}  irq {irq}  driver unbound\n");
    };
    let counters: Vec<[String; 2]> = books
        .stats
        .iter()
        .map(|(name, value)| [name.to_string(), value.to_string()])
        .collect();
    format!(
        "line{line}  irq {irq}\n{}\n{}",
        columns("  ", &counters),
        books.contexts.text("  ")
    )
}

pub(crate) fn document(line: u32, irq: Option<u32>, books: Option<&Books>) -> Value {
    json!({
        "line": line,
        "irq": irq,
        "bound": books.is_some(),
        "stats": books.map(Books::stats_json),
        "contexts": books.map(Books::contexts_json),
    })
}
