// SPDX-License-Identifier: GPL-2.0-only

//! Reads a result file back.

pub(crate) mod check;

use std::io::Read;
use std::path::Path;

use serde::Deserialize;
use serde_json::error::Category;

use super::results::{Results, SCHEMA};
use simrupt::failure::Failure;
use simrupt::sysroot::{input_name, open_or_stdin};

/// The part that every version of the format has.
#[derive(Deserialize)]
struct Head {
    schema: Option<String>,
}

/// The results in a file; `-` is standard input. A failure names the file, the error and the remedy.
pub fn results(file: &Path) -> Result<Results, Failure> {
    let name = input_name(file);
    let mut text = Vec::new();
    let read = open_or_stdin(file).and_then(|mut source| source.read_to_end(&mut text));
    read.map_err(|error| Failure::file("read", Path::new(&name), None, &error))?;
    parse(&text).map_err(|(why, remedy)| {
        Failure::new(format!("cannot use the results in {name}"), why).remedy(remedy)
    })
}

/// The error, and the remedy.
type Refusal = (String, &'static str);

const FOREIGN: &str = "a file that simructl bench --json has written";
const DAMAGED: &str = "measure again: simructl bench --json FILE";
const OTHER_VERSION: &str = "the simructl that wrote it, or measure again";

fn parse(text: &[u8]) -> Result<Results, Refusal> {
    if text.is_empty() {
        return Err(("it is empty".to_string(), DAMAGED));
    }
    let head: Head = serde_json::from_slice(text).map_err(|error| match error.classify() {
        Category::Eof => (format!("it is cut off: {error}"), DAMAGED),
        Category::Syntax => (format!("it is not JSON: {error}"), FOREIGN),
        Category::Data | Category::Io => (
            "it is JSON, but not a benchmark's result".to_string(),
            FOREIGN,
        ),
    })?;
    match head.schema.as_deref() {
        Some(SCHEMA) => {}
        Some(other) if family(other) == family(SCHEMA) => {
            let why = format!("its format is {other}, this simructl reads {SCHEMA}");
            return Err((why, OTHER_VERSION));
        }
        Some(other) => return Err((format!("its format is {other}"), FOREIGN)),
        None => {
            return Err((
                "it has no field `schema` with its format".to_string(),
                FOREIGN,
            ));
        }
    }
    let results: Results = serde_json::from_slice(text)
        .map_err(|error| (format!("it is not valid {SCHEMA}: {error}"), DAMAGED))?;
    check::check(&results).map_err(|why| (format!("it is not valid {SCHEMA}: {why}"), DAMAGED))?;
    Ok(results)
}

/// The name of a format without its version.
fn family(schema: &str) -> &str {
    schema.split('/').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    #[test]
    fn what_was_written_is_read_back() {
        let results = sample::results();
        let text = serde_json::to_vec(&results).unwrap();
        assert!(parse(&text).unwrap() == results);
    }

    #[test]
    fn a_file_that_was_cut_anywhere_is_refused() {
        let text = serde_json::to_vec(&sample::results()).unwrap();
        for cut in [1, 2, 20, text.len() / 2, text.len() - 1] {
            let (why, remedy) = parse(&text[..cut]).unwrap_err();
            assert!(why.starts_with("it is cut off: EOF"), "{cut}: {why}");
            assert_eq!(remedy, DAMAGED);
        }
        assert_eq!(parse(b"").unwrap_err().0, "it is empty");
    }

    #[test]
    fn foreign_files_are_distinguished_from_other_versions() {
        for (text, why, remedy) in [
            (&b"\x7fELF"[..], "it is not JSON: expected value", FOREIGN),
            (b"{}", "it has no field `schema` with its format", FOREIGN),
            (
                b"{\"schema\": \"other/1\"}",
                "its format is other/1",
                FOREIGN,
            ),
            (
                b"{\"schema\": 1}",
                "it is JSON, but not a benchmark's result",
                FOREIGN,
            ),
            (b"[]", "it is JSON, but not a benchmark's result", FOREIGN),
            (
                b"{\"schema\": \"simrupt-bench/1\"}",
                "its format is simrupt-bench/1, this simructl reads simrupt-bench/2",
                OTHER_VERSION,
            ),
            (
                b"{\"schema\": \"simrupt-bench/2\"}",
                "it is not valid simrupt-bench/2: missing field `started_unix_s`",
                DAMAGED,
            ),
        ] {
            let refusal = parse(text).unwrap_err();
            assert!(refusal.0.starts_with(why), "{refusal:?}");
            assert_eq!(refusal.1, remedy);
        }
    }

    proptest::proptest! {
        #![proptest_config(proptest::test_runner::Config::with_cases(64))]

        #[test]
        fn no_bytes_make_the_parser_panic(
            bytes in damaged_text::bytes(&[include_str!("../tests/result.json")]),
        ) {
            if let Ok(results) = parse(&bytes) {
                let written = serde_json::to_vec(&results).unwrap();
                proptest::prop_assert!(parse(&written).unwrap() == results);
            }
        }

        #[test]
        fn no_accepted_results_make_a_report_panic(document in damaged_text::documents(
            serde_json::from_str(include_str!("../tests/result.json")).unwrap(),
        )) {
            use crate::compare::compare;
            use crate::report;
            let Ok(results) = parse(document.to_string().as_bytes()) else {
                return Ok(());
            };
            let _ = (report::table(&results), report::csv(&results), report::markdown(&results));
            let _ = (report::html(&results), report::svgs(&results));
            let whole = sample::results();
            let _ = compare(&results, &whole, 0.02, &[]).least_difference();
            let _ = compare(&whole, &results, 0.02, &[]).outcome();
        }
    }
}
