// SPDX-License-Identifier: GPL-2.0-only

//! A parser of KTAP version 1, written from the kernel's documentation, for the output of `--ktap`.

/// A test in KTAP.
#[derive(Debug, PartialEq)]
pub(crate) struct Test {
    pub(crate) name: String,
    pub(crate) passed: bool,
    /// The reason, if the test was skipped.
    pub(crate) reason: Option<String>,
    /// The lines for people before it.
    pub(crate) diagnostics: Vec<String>,
}

/// The tests; the error is the first invalid line.
pub(crate) fn parse(text: &str) -> Result<Vec<Test>, String> {
    if !text.ends_with('\n') {
        return Err("the last line has no end".to_string());
    }
    let mut lines = text.lines();
    if lines.next() != Some("KTAP version 1") {
        return Err("no version".to_string());
    }
    let plan = lines.next().and_then(|line| line.strip_prefix("1.."));
    let planned: usize = plan.and_then(|count| count.parse().ok()).ok_or("no plan")?;
    let mut tests = Vec::new();
    let mut diagnostics = Vec::new();
    for line in lines {
        if let Some(text) = line.strip_prefix("# ") {
            diagnostics.push(text.to_string());
            continue;
        }
        let (passed, rest) = match line.strip_prefix("not ok ") {
            Some(rest) => (false, rest),
            None => (true, line.strip_prefix("ok ").ok_or(line)?),
        };
        let (number, rest) = rest.split_once(' ').ok_or(line)?;
        if number != (tests.len() + 1).to_string() {
            return Err(format!("not the next number: {line}"));
        }
        let (name, directive) = match rest.split_once(" # ") {
            Some((name, directive)) => (name, Some(directive)),
            None => (rest, None),
        };
        let reason = match directive {
            Some(directive) => Some(directive.strip_prefix("SKIP ").ok_or(line)?.to_string()),
            None => None,
        };
        if name.is_empty() || name.contains('#') {
            return Err(line.to_string());
        }
        tests.push(Test {
            name: name.to_string(),
            passed,
            reason,
            diagnostics: std::mem::take(&mut diagnostics),
        });
    }
    if tests.len() != planned || !diagnostics.is_empty() {
        return Err(format!(
            "{planned} tests were planned, {} are there",
            tests.len()
        ));
    }
    Ok(tests)
}

#[test]
fn the_parser_takes_nothing_else() {
    let good = "KTAP version 1\n1..2\n# a\nok 1 b # SKIP c\nnot ok 2 d\n";
    let tests = parse(good).unwrap();
    let [first, second] = &tests[..] else {
        panic!("{tests:?}");
    };
    assert_eq!(
        (first.name.as_str(), first.reason.as_deref()),
        ("b", Some("c"))
    );
    assert_eq!((first.passed, second.passed), (true, false));
    assert_eq!(first.diagnostics, ["a"]);
    for bad in [
        "",
        "TAP version 13\n1..0\n",
        "KTAP version 1\nok 1 a\n",
        "KTAP version 1\n1..1\nok 2 a\n",
        "KTAP version 1\n1..1\nok 1 a # TODO\n",
        "KTAP version 1\n1..2\nok 1 a\n",
        "KTAP version 1\n1..1\na\n",
        "KTAP version 1\n1..1\nok 1 a",
    ] {
        assert!(parse(bad).is_err(), "{bad}");
    }
}
