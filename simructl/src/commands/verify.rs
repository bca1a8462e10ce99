// SPDX-License-Identifier: GPL-2.0-only

//! `simructl verify`: checks that the sums of each line's counters hold.

use serde_json::json;

use crate::cli::Options;
use crate::output;
use simrupt::failure::Failure;
use simrupt::ktap::{Ktap, Outcome};
use simrupt::module::Module;
use simrupt::sysroot::Sysroot;
use simrupt::verdict::Verdict;

const WHAT: &str = "cannot check the counters";

pub(crate) fn run(sysroot: &Sysroot, options: &Options, as_ktap: bool) -> Result<(), Failure> {
    let module = Module::find(sysroot, WHAT)?;
    let mut text = String::new();
    let mut documents = Vec::new();
    let mut ktap = Ktap::default();
    let mut broken = Vec::new();
    let mut unbound = None;
    for line in module.select(options.lines())? {
        let Some(counters) = module.counters(line, WHAT)? else {
            unbound = unbound.or(Some(Failure::unbound(line)));
            text += &format!("line{line}: not checked: its driver is unbound\n");
            ktap.test(
                &format!("line{line}"),
                Outcome::Skip("its driver is unbound".to_string()),
            );
            documents.push(json!({ "line": line, "bound": false, "holds": null }));
            continue;
        };
        let directory = module.line_directory(line, WHAT)?;
        let verdict = Verdict::of(&counters)
            .map_err(|why| Failure::malformed(&directory.join("stats"), why))?;
        if let Some(amiss) = verdict.amiss() {
            broken.push(format!("line{line}: {amiss}"));
        }
        text += &verdict.text(line);
        documents.push(verdict.json(line));
        verdict.ktap(line, &mut ktap);
    }
    if as_ktap {
        output::print(&ktap.text())?;
    } else if options.json {
        let holds = broken.is_empty() && unbound.is_none();
        output::print_json(&json!({ "holds": holds, "lines": documents }))?;
    } else {
        output::print(&text)?;
    }
    if !broken.is_empty() {
        return Err(Failure::new("verify failed", broken.join("; "))
            .remedy("simructl stats for all figures; dmesg may say more")
            .verdict());
    }
    unbound.map_or(Ok(()), Err)
}
