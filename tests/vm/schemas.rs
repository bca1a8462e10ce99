// SPDX-License-Identifier: GPL-2.0-only

//! The JSON of simructl on a real kernel conforms to its schemas.

use serde_json::Value;
use simrupt_vm_tests::{Reader, Simrupt, eventually, simructl};
use std::env;

/// Runs a command, which must succeed, and checks each document that it prints with the command's schema.
fn check(arguments: &str) {
    let words: Vec<&str> = arguments.split(' ').collect();
    let schema = simructl(&["schema", words[0]]);
    assert!(schema.status.success(), "{arguments}: {schema:?}");
    let schema: Value = serde_json::from_slice(&schema.stdout).unwrap();
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    let run = simructl(&words);
    assert!(run.status.success(), "{arguments}: {run:?}");
    let mut count = 0;
    for document in serde_json::Deserializer::from_slice(&run.stdout).into_iter::<Value>() {
        let document = document.unwrap();
        let errors = validator.iter_errors(&document);
        let errors: Vec<String> = errors
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert_eq!(errors, [""; 0], "{arguments}: {document}");
        count += 1;
    }
    assert!(count > 0, "{arguments}: nothing");
}

#[test]
fn load_and_unload_conform_to_their_schema() {
    let file = env::var("SIMRUPT_KO").unwrap();
    check(&format!(
        "load --module {file} lines=2 rate_hz=100,200 --json"
    ));
    check("unload --json");
}

#[test]
fn every_document_conforms_to_its_schema() {
    let module = Simrupt::load("lines=2 rate_hz=1000 run=always format=record");
    let line = module.line(0);
    let reader = Reader::start(line, 4096);
    eventually("events were read", || line.stat("read") >= 100);
    for arguments in [
        "status --json",
        "knobs --json",
        "get --json",
        "set rate_hz=500 --json",
        "stats --json",
        "stats --watch --interval 0.01 -n 2 --json",
        "latency --json",
        "irqs --once --json",
        "irqs --interval 0.01 --json",
        "softirqs --interval 0.01 --json",
        "handlers --for 100ms --json",
        "verify --json",
        "trace -n 3 --json",
        "explain --line 1 --json",
        "read --line 1 --follow -n 3 --json",
        "reset --line 1 --json",
    ] {
        check(arguments);
    }
    line.silence();
    reader.stop();
    check(
        "bench --flavors bh --rates 1000 --rounds 2 --duration 0.1 --warm-up 0 --find-knee --knee-max 4000 --json -",
    );
}
