// SPDX-License-Identifier: GPL-2.0-only

//! The reference of the JSON documents: a table of the fields of each schema.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::assemble::{files, read};
use crate::commands::escaped;
use crate::generated::contents;

/// The folders that have schemas.
pub(crate) const FOLDERS: [&str; 2] = ["simructl/schemas", "simructl/crates/simrupt-bench/schemas"];

/// A section for each schema, by their names.
pub(crate) fn all(checkout: &Path) -> Result<String, String> {
    let mut paths: Vec<PathBuf> = Vec::new();
    for folder in FOLDERS {
        paths.extend(files(checkout, Path::new(folder))?);
    }
    paths.sort_by_key(|path| path.file_name().map(ToOwned::to_owned));
    let mut names = Vec::new();
    let mut text = String::new();
    for path in paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let Some(name) = name.strip_suffix(".schema.json") else {
            continue;
        };
        let schema: Value = serde_json::from_str(&read(checkout, &path)?)
            .map_err(|error| format!("{}: {error}", path.display()))?;
        text += &section(name, &path, &schema);
        names.push(name.to_owned());
    }
    Ok(contents(names.iter().map(String::as_str)) + &text)
}

/// The section of a schema.
fn section(name: &str, path: &Path, schema: &Value) -> String {
    let mut rows = Vec::new();
    fields("", schema, schema, &mut rows);
    let mut text = String::new();
    let _ = write!(
        text,
        "\n## {name}\n\n{}. {} [The schema](../{}).\n\n| field | type | means |\n|---|---|---|\n",
        escaped(string(schema, "title")),
        escaped(string(schema, "description")),
        path.display(),
    );
    for [field, kind, means] in rows {
        let _ = writeln!(text, "| `{field}` | {kind} | {} |", escaped(&means));
    }
    text
}

/// The rows of all fields within a schema: the field, its type, and its meaning.
fn fields(above: &str, schema: &Value, root: &Value, rows: &mut Vec<[String; 3]>) {
    for choice in choices(schema) {
        fields(above, choice, root, rows);
    }
    for (name, inner) in schema["properties"].as_object().into_iter().flatten() {
        field(&format!("{above}{name}"), inner, root, rows);
    }
    if schema["additionalProperties"].is_object() {
        field(
            &format!("{above}NAME"),
            &schema["additionalProperties"],
            root,
            rows,
        );
    }
    if schema["items"].is_object() {
        fields(
            &format!("{}[].", above.trim_end_matches('.')),
            followed(&schema["items"], root),
            root,
            rows,
        );
    }
}

/// The row of a field, and those of the fields within it. A field of several documents has one row.
fn field(name: &str, schema: &Value, root: &Value, rows: &mut Vec<[String; 3]>) {
    let meant = followed(schema, root);
    let said = [schema, meant].map(|one| string(one, "description"));
    let means = said
        .into_iter()
        .find(|text| !text.is_empty())
        .unwrap_or_default();
    let row = [name.to_owned(), kind(meant, root), means.to_owned()];
    if !rows.contains(&row) {
        rows.push(row);
    }
    fields(&format!("{name}."), meant, root, rows);
}

/// The schemas of which one, or all, hold.
fn choices(schema: &Value) -> impl Iterator<Item = &Value> {
    let names = ["oneOf", "anyOf", "allOf"];
    names
        .into_iter()
        .flat_map(|name| schema[name].as_array().into_iter().flatten())
}

/// The schema that another refers to, or else that one.
fn followed<'a>(schema: &'a Value, root: &'a Value) -> &'a Value {
    let pointer = schema["$ref"]
        .as_str()
        .and_then(|reference| reference.strip_prefix('#'));
    pointer
        .and_then(|pointer| root.pointer(pointer))
        .unwrap_or(schema)
}

/// The type as a reader says it: the types, and the words to choose from.
fn kind(schema: &Value, root: &Value) -> String {
    let mut kinds: Vec<String> = match &schema["type"] {
        Value::String(one) => vec![one.clone()],
        Value::Array(several) => several
            .iter()
            .filter_map(Value::as_str)
            .map(ToOwned::to_owned)
            .collect(),
        _ => choices(schema)
            .map(|choice| kind(followed(choice, root), root))
            .collect(),
    };
    let words = schema["enum"]
        .as_array()
        .into_iter()
        .flatten()
        .chain(schema.get("const"));
    let words: Vec<String> = words.map(|word| format!("`{word}`")).collect();
    if !words.is_empty() {
        kinds = vec![words.join(", ")];
    }
    kinds.dedup();
    kinds.join(" or ")
}

/// A text of a schema; empty where it has none.
fn string<'a>(schema: &'a Value, name: &str) -> &'a str {
    schema[name].as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn fields_are_told_with_the_way_to_them_their_type_and_their_meaning() {
        let schema = json!({
            "title": "Lines", "description": "Printed.", "type": "object",
            "properties": {
                "lines": { "type": "array", "description": "All", "items": { "$ref": "#/$defs/line" } },
                "by": { "type": "object", "description": "By name", "additionalProperties": { "type": "integer", "description": "How many" } },
            },
            "$defs": { "line": { "properties": {
                "state": { "enum": ["on", "off"], "description": "Its state" },
                "irq": { "type": ["integer", "null"], "description": "Its interrupt" },
            } } },
        });
        let text = section("lines", Path::new("a.schema.json"), &schema);
        for row in [
            "| `lines` | array | All |",
            "| `lines[].state` | `\"on\"`, `\"off\"` | Its state |",
            "| `lines[].irq` | integer or null | Its interrupt |",
            "| `by.NAME` | integer | How many |",
        ] {
            assert!(text.contains(row), "{row} is not in {text}");
        }
    }

    #[test]
    fn every_field_of_every_schema_has_a_type_and_a_meaning() {
        let text = all(&crate::truth::checkout()).unwrap();
        let rows: Vec<&str> = text.lines().filter(|row| row.starts_with("| `")).collect();
        assert!(rows.len() > 300, "{}", rows.len());
        for row in rows {
            assert!(!row.contains("|  |"), "{row}");
        }
    }
}
