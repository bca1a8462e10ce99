// SPDX-License-Identifier: GPL-2.0-only

//! The JSON Schemas of all documents that `simructl` writes.

use serde_json::Value;
use simrupt::failure::Failure;
use simrupt::nearest;
use simrupt_bench::results;

/// The schema of one kind of document.
#[derive(Debug)]
pub(crate) struct Schema {
    /// Its name: that of the command that writes such documents, if there is one.
    pub(crate) name: &'static str,
    /// Other commands that write such documents.
    others: &'static [&'static str],
    /// The schema itself, in draft 2020-12.
    pub(crate) text: &'static str,
}

/// A row of the table: the schema is in the file of its name.
macro_rules! schema {
    ($name:literal $(, $other:literal)*) => {
        Schema {
            name: $name,
            others: &[$($other),*],
            text: include_str!(concat!("../schemas/", $name, ".schema.json")),
        }
    };
}

/// All of them, in the order of the commands in the help.
pub(crate) const ALL: [Schema; 22] = [
    schema!("load", "unload"),
    schema!("status"),
    schema!("knobs"),
    schema!("get"),
    schema!("set", "set-rate", "set-wq", "set-fifo-size", "apply"),
    schema!("stats"),
    schema!("latency"),
    schema!("read"),
    schema!("trace"),
    schema!("explain"),
    schema!("irqs"),
    schema!("softirqs"),
    schema!("handlers"),
    schema!("diff"),
    schema!("fault"),
    schema!("recover"),
    schema!("reset"),
    schema!("verify"),
    schema!("plan"),
    Schema {
        name: "results",
        others: &["bench", "report"],
        text: results::JSON_SCHEMA,
    },
    schema!("compare"),
    schema!("messages"),
];

impl Schema {
    /// The sentence that says which command writes such documents.
    pub(crate) fn description(&self) -> Result<String, Failure> {
        let failed =
            |why: String| Failure::new(format!("cannot use the schema {}", self.name), why);
        let schema: Value =
            serde_json::from_str(self.text).map_err(|error| failed(error.to_string()))?;
        let description = schema["description"].as_str();
        let description = description.ok_or_else(|| failed("it has no description".to_string()))?;
        Ok(description.to_string())
    }
}

/// The schema with this name, or of the documents of the command with this name.
pub(crate) fn find(name: &str) -> Result<&'static Schema, Failure> {
    let is_meant = |schema: &&Schema| schema.name == name || schema.others.contains(&name);
    ALL.iter().find(is_meant).ok_or_else(|| {
        let names = ALL.iter().flat_map(|schema| {
            [schema.name]
                .into_iter()
                .chain(schema.others.iter().copied())
        });
        let failure = Failure::new(format!("no schema `{name}`"), "there is no such document")
            .remedy("simructl schema lists all of them")
            .usage();
        match nearest(name, names) {
            Some(near) => failure.because(&format!("did you mean {near}?")),
            None => failure,
        }
    })
}
