// SPDX-License-Identifier: GPL-2.0-only

//! The JSON Schemas, and their documents. Every run that is compared with a golden transcript passes [`check`].

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use jsonschema::Validator;
use serde_json::{Map, Value, json};

use crate::fake::Fake;

/// A schema, and its validators.
struct Schema {
    name: String,
    document: Value,
    /// The printed schema.
    open: Validator,
    /// The schema, with fields that it does not describe forbidden.
    closed: Validator,
}

static SCHEMAS: LazyLock<Vec<Schema>> = LazyLock::new(|| {
    let fake = Fake::unloaded();
    let list = printed(&fake, "schema");
    let names = list.lines().skip(1);
    let names = names.map(|row| row.split_whitespace().next().unwrap());
    names.map(|name| Schema::of(&fake, name)).collect()
});

impl Schema {
    fn of(fake: &Fake, name: &str) -> Self {
        let document: Value =
            serde_json::from_str(&printed(fake, &format!("schema {name}"))).unwrap();
        let mut closed = document.clone();
        close(&mut closed);
        let validator = |schema: &Value| {
            let options = jsonschema::draft202012::options().should_validate_formats(true);
            options.build(schema).unwrap()
        };
        Self {
            name: name.to_string(),
            open: validator(&document),
            closed: validator(&closed),
            document,
        }
    }

    /// The schema of the documents of a command.
    fn find(command: &str) -> &'static Self {
        let name = match command {
            "unload" => "load",
            "set-rate" | "set-wq" | "set-fifo-size" | "apply" => "set",
            "bench" | "report" => "results",
            other => other,
        };
        let found = SCHEMAS.iter().find(|schema| schema.name == name);
        found.unwrap_or_else(|| panic!("{command} has no schema"))
    }

    /// The errors of a document.
    fn errors(&self, document: &Value) -> Vec<String> {
        let errors = self
            .open
            .iter_errors(document)
            .chain(self.closed.iter_errors(document));
        errors
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect()
    }
}

fn printed(fake: &Fake, arguments: &str) -> String {
    let run = fake.command(arguments).output().unwrap();
    assert!(run.status.success() && run.stderr.is_empty(), "{run:?}");
    String::from_utf8(run.stdout).unwrap()
}

/// Forbids fields that a schema does not describe.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            if map.contains_key("properties") && map.contains_key("required") {
                map.entry("additionalProperties").or_insert(json!(false));
            }
            map.values_mut().for_each(close);
        }
        Value::Array(values) => values.iter_mut().for_each(close),
        _ => {}
    }
}

/// The documents of a run with JSON on standard output, and the schema of its command.
fn documents(arguments: &str, stdout: &str) -> Option<(&'static Schema, Vec<Value>)> {
    let words: Vec<&str> = arguments.split_whitespace().collect();
    let at = words.iter().position(|word| *word == "--json")?;
    let has_a_file = words.iter().any(|word| ["bench", "report"].contains(word));
    if has_a_file && words.get(at + 1) != Some(&"-") || words.contains(&"--output") {
        return None;
    }
    let command = match words.contains(&"--dry-run") {
        true => "plan",
        false => words.iter().find(|word| !word.starts_with('-'))?,
    };
    let values = serde_json::Deserializer::from_str(stdout).into_iter();
    let values: Vec<Value> = values.collect::<Result<_, _>>().expect(arguments);
    (!values.is_empty()).then(|| (Schema::find(command), values))
}

/// Checks the output of a run: the documents and the messages.
pub(crate) fn check(arguments: &str, stdout: &str, stderr: &str) {
    if let Some((schema, documents)) = documents(arguments, stdout) {
        for document in documents {
            assert_eq!(schema.errors(&document), [""; 0], "{arguments}: {document}");
        }
        if stderr.starts_with('{') {
            check_messages(arguments, stderr);
        }
    }
}

/// Checks messages on standard error.
pub(crate) fn check_messages(arguments: &str, stderr: &str) {
    let schema = Schema::find("messages");
    for row in stderr.lines() {
        let message = serde_json::from_str(row).expect(row);
        assert_eq!(schema.errors(&message), [""; 0], "{arguments}: {row}");
    }
}

/// The documents of all golden transcripts, each with its schema.
fn golden_documents() -> Vec<(PathBuf, &'static Schema, Value)> {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let mut all = Vec::new();
    for file in fs::read_dir(golden).unwrap() {
        let path = file.unwrap().path();
        let Ok(text) = fs::read_to_string(&path) else {
            continue;
        };
        let Some((typed, rest)) = text
            .strip_prefix("$ simructl ")
            .and_then(|text| text.split_once('\n'))
        else {
            continue;
        };
        let (rest, _) = rest.rsplit_once("--- exit code").unwrap();
        let (stdout, stderr) = rest.split_once("--- stderr\n").unwrap_or((rest, ""));
        if let Some((schema, documents)) = documents(typed, stdout) {
            all.extend(documents.into_iter().map(|one| (path.clone(), schema, one)));
        }
        if stderr.starts_with('{') {
            let rows = stderr.lines().map(|row| serde_json::from_str(row).unwrap());
            all.extend(rows.map(|one| (path.clone(), Schema::find("messages"), one)));
        }
    }
    all
}

#[test]
fn the_schemas_are_listed_and_printed_by_name_or_command() {
    let fake = Fake::unloaded();
    fake.check("schema", "schema");
    fake.check("schema-reset", "schema reset");
    fake.check("schema-near", "schema verfy");
    fake.check("schema-far", "schema purple");
    for (command, schema) in [("apply", "set"), ("unload", "load"), ("bench", "results")] {
        let [one, other] = [command, schema].map(|name| printed(&fake, &format!("schema {name}")));
        assert_eq!(one, other);
    }
}

#[test]
fn every_command_with_json_has_a_schema() {
    let fake = Fake::unloaded();
    let help = printed(&fake, "--help");
    let (_, rest) = help.split_once("Commands:\n").unwrap();
    let rows = rest.lines().take_while(|row| !row.is_empty());
    let names = rows
        .filter(|row| !row.starts_with("   "))
        .filter_map(|row| row.split_whitespace().next());
    let mut count = 0;
    for name in names.filter(|name| *name != "help") {
        let run = fake
            .bare_command(&format!("{name} --help"))
            .output()
            .unwrap();
        if String::from_utf8(run.stdout).unwrap().contains("--json") {
            printed(&fake, &format!("schema {name}"));
            count += 1;
        }
    }
    assert!(count > 20, "{count}");
}

#[test]
fn the_schemas_are_schemas_and_describe_every_field() {
    let mut ids = BTreeSet::new();
    for schema in SCHEMAS.iter() {
        jsonschema::meta::validate(&schema.document).unwrap();
        let id = schema.document["$id"].as_str().unwrap();
        assert!(
            id.starts_with(&format!("urn:simrupt:schema:{}:", schema.name)),
            "{id}"
        );
        assert!(ids.insert(id));
        described(&schema.document, &schema.name);
    }
    // A setting and a hop have the same schema everywhere.
    for (one, other, part) in [
        ("results", "compare", "setting"),
        ("trace", "explain", "hop"),
    ] {
        let [one, other] = [one, other].map(|name| &Schema::find(name).document["$defs"][part]);
        assert!(one.is_object());
        assert_eq!(one, other, "{part}");
    }
}

/// Checks that all fields have descriptions, and that numbers of things cannot be negative.
fn described(schema: &Value, place: &str) {
    let properties = schema.get("properties").and_then(Value::as_object);
    for (name, field) in properties.unwrap_or(&Map::new()) {
        let is_described = field["description"].is_string() || field["$ref"].is_string();
        assert!(is_described, "{place}: {name}");
        let is_integer = field["type"] == "integer";
        let is_of_an_unit = name.ends_with("_ns") || name.ends_with("_us") || name.ends_with("_hz");
        if is_integer && is_of_an_unit {
            assert!(field["minimum"].is_u64(), "{place}: {name}");
        }
    }
    match schema {
        Value::Object(map) => map
            .iter()
            .for_each(|(name, one)| described(one, &format!("{place}/{name}"))),
        Value::Array(values) => values.iter().for_each(|one| described(one, place)),
        _ => {}
    }
}

/// The documents that are in none of the golden transcripts.
const NOT_GOLDEN: [&str; 2] = [
    // No module is loaded in these tests: the tests of `load` itself and those in the virtual machine check it.
    "load", // Too large for a transcript: the test below.
    "results",
];

#[test]
fn every_schema_is_checked_with_a_document() {
    let tried: BTreeSet<&str> = golden_documents()
        .iter()
        .map(|(_, schema, _)| schema.name.as_str())
        .collect();
    for schema in SCHEMAS.iter() {
        let name = schema.name.as_str();
        assert_eq!(tried.contains(name), !NOT_GOLDEN.contains(&name), "{name}");
    }
}

#[test]
fn a_result_file_conforms_to_its_schema() {
    assert_eq!(Schema::find("results").errors(&result()), [""; 0]);
}

fn result() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("crates/simrupt-bench/tests/result.json");
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// The greatest number of places of a document that are tried: those of a long document are similar.
const MOST_PLACES: usize = 300;

#[test]
fn a_document_with_anything_odd_in_it_is_refused() {
    let mut documents = golden_documents();
    let of_bench = [(
        PathBuf::from("result.json"),
        Schema::find("results"),
        result(),
    )];
    documents.extend(of_bench);
    let mut tried = BTreeSet::new();
    for (path, schema, document) in documents {
        let mut places = Vec::new();
        all_places(&document, &mut String::new(), &mut places);
        let step = places.len().div_ceil(MOST_PLACES);
        for place in places.iter().step_by(step) {
            let mut odd = document.clone();
            // No field is a list of lists of texts.
            *odd.pointer_mut(place).unwrap() = json!([["odd"]]);
            let is_refused = !schema.open.is_valid(&odd);
            assert!(is_refused, "{} {}: {place}", schema.name, path.display());
            tried.insert(schema.name.clone());
        }
    }
    assert_eq!(tried.len(), SCHEMAS.len() - 1, "{tried:?}");
}

/// The places of all values in a document, as JSON pointers.
fn all_places(value: &Value, place: &mut String, places: &mut Vec<String>) {
    places.push(place.clone());
    let mut within = |name: &str, value: &Value| {
        let length = place.len();
        *place += &format!("/{}", name.replace('~', "~0").replace('/', "~1"));
        all_places(value, place, places);
        place.truncate(length);
    };
    match value {
        Value::Object(map) => map.iter().for_each(|(name, value)| within(name, value)),
        Value::Array(values) => {
            for (at, value) in values.iter().enumerate() {
                within(&at.to_string(), value);
            }
        }
        _ => {}
    }
}

#[test]
fn a_field_that_is_missing_is_noticed() {
    // Fields that are sometimes absent; their descriptions say when.
    const SOMETIMES: [&str; 17] = [
        "also",
        "cpus",
        "elapsed_s",
        "file",
        "foreign_changes",
        "frontiers",
        "knobs",
        "label",
        "parameters",
        "per_second",
        "percentiles",
        "plan",
        "replay",
        "steady",
        "sums",
        "warm_up_ns",
        "wrong",
    ];
    fn walk(schema: &Value, name: &str) {
        if let Some(fields) = schema.get("properties").and_then(Value::as_object) {
            let required = schema["required"].as_array().unwrap();
            for field in fields.keys() {
                let is_required = required.iter().any(|one| one == field);
                assert!(
                    is_required || SOMETIMES.contains(&field.as_str()),
                    "{name}: {field}"
                );
            }
        }
        match schema {
            Value::Object(map) => map.values().for_each(|one| walk(one, name)),
            Value::Array(values) => values.iter().for_each(|one| walk(one, name)),
            _ => {}
        }
    }
    for schema in SCHEMAS.iter() {
        walk(&schema.document, &schema.name);
    }
    let mut result = result();
    let cell = result["cells"][0].as_object_mut().unwrap();
    cell.remove("histograms").unwrap();
    let errors = Schema::find("results").errors(&result);
    assert!(
        errors[0].contains("/cells/0") && errors[0].contains("histograms"),
        "{errors:?}"
    );
}

#[test]
fn an_additional_field_is_accepted_only_by_the_open_schema() {
    let mut result = result();
    result["novel"] = json!(1);
    let schema = Schema::find("results");
    assert!(schema.open.is_valid(&result));
    assert!(!schema.closed.is_valid(&result));
}
