// SPDX-License-Identifier: GPL-2.0-only

//! The part of the document of `simructl bench --json` that is needed here.

use std::path::Path;

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

/// The only schema that is supported.
const SCHEMA: &str = "simrupt-bench/2";

#[derive(Debug, Deserialize)]
pub(crate) struct Results {
    schema: String,
    pub(crate) cells: Vec<Cell>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Cell {
    /// Unparsed: only equality matters.
    pub(crate) setting: BTreeMap<String, Value>,
    pub(crate) metrics: BTreeMap<String, Estimate>,
}

/// A figure over the rounds, with its interval.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
pub(crate) struct Estimate {
    pub(crate) median: f64,
    pub(crate) low: f64,
    pub(crate) high: f64,
}

pub(crate) fn read(path: &Path) -> Result<Results, String> {
    parse(&crate::text(path)?).map_err(|error| format!("{}: {error}", path.display()))
}

fn parse(text: &str) -> Result<Results, String> {
    let results: Results = serde_json::from_str(text).map_err(|error| error.to_string())?;
    if results.schema == SCHEMA {
        Ok(results)
    } else {
        Err(format!("of schema '{}', not '{SCHEMA}'", results.schema))
    }
}

impl Cell {
    /// Distinguishes the cell from others, for people.
    pub(crate) fn name(&self) -> String {
        let told: Vec<String> = self
            .setting
            .iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| match value {
                Value::String(text) => format!("{name}={text}"),
                other => format!("{name}={other}"),
            })
            .collect();
        told.join(" ")
    }
}

/// The runs per second of each affinity scope of the unbound flavor.
pub(crate) fn scopes(results: &Results) -> BTreeMap<String, Estimate> {
    let of = |cell: &Cell| {
        let is_unbound = cell.setting.get("flavor")?.as_str()? == "unbound";
        let scope = cell.setting.get("affinity_scope")?.as_str()?;
        let runs_hz = cell.metrics.get("runs_hz")?;
        is_unbound.then(|| (scope.to_owned(), *runs_hz))
    };
    results.cells.iter().filter_map(of).collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A document with one cell for each scope and its runs per second: median, low, high.
    pub(crate) fn document(scopes: &[(&str, [f64; 3])]) -> Results {
        let cells: Vec<String> = scopes
            .iter()
            .map(|(scope, [median, low, high])| {
                format!(
                    r#"{{"setting": {{"flavor": "unbound", "affinity_scope": "{scope}", "rate_hz": null}},
                        "metrics": {{"runs_hz": {{"median": {median}, "low": {low}, "high": {high},
                        "outliers": []}}}}}}"#
                )
            })
            .collect();
        let cells = cells.join(",");
        parse(&format!(r#"{{"schema": "{SCHEMA}", "cells": [{cells}]}}"#)).unwrap()
    }

    #[test]
    fn another_schema_is_refused() {
        let error = parse(r#"{"schema": "simrupt-bench/9", "cells": []}"#).unwrap_err();
        assert!(error.contains("simrupt-bench/9"), "{error}");
        assert!(parse("{").is_err());
    }

    #[test]
    fn only_unbound_cells_with_a_scope_count() {
        let mut results = document(&[("cpu", [2.0, 1.0, 3.0]), ("numa", [5.0, 4.0, 6.0])]);
        let bound = "bound".into();
        results.cells[1].setting.insert("flavor".to_owned(), bound);
        let scopes = scopes(&results);
        assert_eq!(scopes.keys().collect::<Vec<_>>(), ["cpu"]);
        assert_eq!(scopes["cpu"].median, 2.0);
    }

    #[test]
    fn a_cells_name_is_its_setting_without_values_that_do_not_apply() {
        let results = document(&[("cpu", [2.0, 1.0, 3.0])]);
        assert_eq!(results.cells[0].name(), "affinity_scope=cpu flavor=unbound");
    }
}
