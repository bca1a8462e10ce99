// SPDX-License-Identifier: GPL-2.0-only

//! Documentation/troubleshooting.md, against the code: each message that it names is one of the programs that its section
//! names.

use std::path::Path;

use super::{checkout, text};
use crate::assemble::{files, read};

/// A message of the page, and the folders of the programs that print it.
struct Message {
    text: String,
    folders: Vec<String>,
}

/// The messages of all sections that name folders. Those of the kernel have none.
fn messages() -> Vec<Message> {
    let page = text("Documentation/troubleshooting.md");
    let mut found = Vec::new();
    for section in page.split("\n## ").skip(1) {
        let Some((_, rest)) = section.split_once("<!-- messages of: ") else {
            continue;
        };
        let (folders, rest) = rest.split_once(" -->").unwrap();
        let folders: Vec<String> = folders.split(' ').map(ToOwned::to_owned).collect();
        for heading in rest.lines().filter_map(|line| line.strip_prefix("### ")) {
            let text = heading
                .strip_prefix('`')
                .and_then(|text| text.strip_suffix('`'));
            let text =
                text.unwrap_or_else(|| panic!("'{heading}' is not one message between backticks"));
            found.push(Message {
                text: text.to_owned(),
                folders: folders.clone(),
            });
        }
    }
    found
}

/// The code of a program as one text: texts that go on in the next line are joined.
fn joined(code: &str) -> String {
    let mut result = String::with_capacity(code.len());
    let mut parts = code.split("\\\n");
    result.push_str(parts.next().unwrap_or_default());
    for part in parts {
        result.push_str(part.trim_start());
    }
    result
}

/// The parts of a message that are the same each time. The rest is what the code fills in.
fn parts(message: &str) -> Vec<&str> {
    let parts = message
        .split('…')
        .map(|part| part.trim_matches([' ', '(', ')']));
    parts.filter(|part| part.len() > 1).collect()
}

#[test]
fn each_message_of_the_page_is_in_the_code() {
    let messages = messages();
    assert!(
        messages.len() > 60,
        "only {} messages were found",
        messages.len()
    );
    let mut missing = Vec::new();
    for Message { text, folders } in messages {
        let parts = parts(&text);
        assert!(
            parts.iter().any(|part| part.len() >= 5),
            "'{text}' is too little to search for"
        );
        let is_there = folders.iter().any(|folder| {
            let files = files(&checkout(), Path::new(folder)).unwrap();
            files.iter().any(|file| {
                // Other files than texts have no messages.
                let code = read(&checkout(), file)
                    .map(|code| joined(&code))
                    .unwrap_or_default();
                parts.iter().all(|part| code.contains(part))
            })
        });
        if !is_there {
            missing.push(format!("'{text}' in {}", folders.join(" or ")));
        }
    }
    assert!(
        missing.is_empty(),
        "messages that no file has:\n{}",
        missing.join("\n")
    );
}

#[test]
fn a_message_is_searched_for_by_what_is_the_same_each_time() {
    assert_eq!(parts("line … does not exist"), ["line", "does not exist"]);
    assert_eq!(parts("has failed (…), but"), ["has failed", ", but"]);
    assert_eq!(joined("\"one \\\n     text\""), "\"one text\"");
}
