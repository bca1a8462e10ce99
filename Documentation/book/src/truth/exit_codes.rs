// SPDX-License-Identifier: GPL-2.0-only

//! Documentation/exit-codes.md, against the programs.

use super::{section, table, text};

/// The codes of a section's table, in their order.
fn codes(heading: &str) -> Vec<String> {
    let page = text("Documentation/exit-codes.md");
    table(section(&page, heading))
        .into_iter()
        .map(|row| row[0].clone())
        .collect()
}

/// All numbers behind a mark in the code of a program, in their order, and 0.
fn of_code(code: &str, mark: &str) -> Vec<String> {
    let numbers = code.split(mark).skip(1).map(|rest| {
        let end = rest
            .find(|one: char| !one.is_ascii_digit())
            .unwrap_or(rest.len());
        rest[..end].to_owned()
    });
    let mut numbers: Vec<String> = numbers
        .filter(|number| !number.is_empty())
        .chain(["0".to_owned()])
        .collect();
    numbers.sort();
    numbers.dedup();
    numbers
}

/// The text of a function, up to the end of its body.
fn function(file: &str, head: &str) -> String {
    let text = text(file);
    let (_, rest) = text.split_once(head).expect("the file has that function");
    rest.split("\n}\n").next().unwrap_or_default().to_owned()
}

#[test]
fn the_codes_of_simructl_and_their_meanings_are_those_of_its_help() {
    let help = text("simructl/tests/golden/help.txt");
    let (_, listed) = help.split_once("\nExit codes:\n").unwrap();
    let listed: Vec<Vec<String>> = listed
        .lines()
        .take_while(|row| !row.is_empty())
        .map(|row| {
            let (code, means) = row.trim().split_once("  ").unwrap();
            vec![code.to_owned(), means.to_owned()]
        })
        .collect();
    let page = text("Documentation/exit-codes.md");
    assert_eq!(table(section(&page, "simructl")), listed);
    let code = function("simructl/src/output.rs", "fn code(kind: Kind) -> u8 {");
    assert_eq!(codes("simructl"), of_code(&code, "=> "));
}

#[test]
fn the_codes_of_run_vm_are_those_of_its_verdicts() {
    let verdicts = text("tests/runner/src/verdict.rs");
    let (_, status) = verdicts.split_once("fn status(").unwrap();
    let (status, _) = status.split_once("fn exit_code(").unwrap();
    assert_eq!(codes("run-vm"), of_code(status, "=> "));
    let page = text("Documentation/exit-codes.md");
    for row in table(section(&page, "run-vm")) {
        assert!(
            verdicts.contains(&format!("\"{}", row[1])),
            "no verdict begins with '{}'",
            row[1]
        );
    }
}

#[test]
fn the_codes_of_grade_labs_are_those_of_its_main() {
    let main = function("labs/grader/src/main.rs", "fn main() -> ExitCode {");
    let main = main.replace("ExitCode::FAILURE", "ExitCode::from(1)");
    assert_eq!(codes("grade-labs"), of_code(&main, "ExitCode::from("));
}

#[test]
fn dkms_is_told_by_77_that_there_is_no_module() {
    let script = text("packaging/dkms/pre-build");
    assert_eq!(of_code(&script, "exit "), ["0", "1", "77"]);
    let page = text("Documentation/exit-codes.md");
    let said = section(&page, "DKMS").replace('\n', " ");
    for words in [
        "with 0, or with 77",
        "`SIMRUPT_STRICT=1`, a failed build ends with 1",
    ] {
        assert!(said.contains(words), "{said}");
    }
}
