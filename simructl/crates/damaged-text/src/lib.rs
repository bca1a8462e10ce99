// SPDX-License-Identifier: GPL-2.0-only

//! Texts for the property tests of parsers: arbitrary ones, and good ones that were damaged.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Value, json};

/// Pieces that are inserted into texts.
const PIECES: [&str; 28] = [
    "",
    " ",
    "\n",
    "\t",
    "\0",
    "\r\n",
    "=",
    ":",
    ",",
    "-",
    "..",
    "|",
    "[",
    "]",
    "\"",
    "#",
    "\\",
    "{",
    "}",
    "0",
    "-1",
    "18446744073709551615",
    "18446744073709551616",
    "1e999",
    "NaN",
    "0x7f",
    "é",
    "\u{1f980}",
];

/// One damage: its place, how much is cut away there, and the text that replaces it.
fn edit() -> impl Strategy<Value = (Index, usize, &'static str)> {
    let cut = prop_oneof![Just(0), 1..4_usize, Just(usize::MAX)];
    (any::<Index>(), cut, select(&PIECES[..]))
}

/// A good text with some damage, sometimes cut within a character.
fn edited(text: &[u8], edits: &[(Index, usize, &str)]) -> Vec<u8> {
    let mut text = text.to_vec();
    for (at, cut, piece) in edits {
        let from = at.index(text.len() + 1);
        let to = from.saturating_add(*cut).min(text.len());
        text.splice(from..to, piece.bytes());
    }
    text
}

/// Bytes: arbitrary ones, or one of the good texts with damage.
pub fn bytes(good: &'static [&'static str]) -> impl Strategy<Value = Vec<u8>> {
    let damaged =
        (select(good), vec(edit(), 0..6)).prop_map(|(text, edits)| edited(text.as_bytes(), &edits));
    prop_oneof![1 => vec(any::<u8>(), 0..200), 4 => damaged]
}

/// The same as text.
pub fn texts(good: &'static [&'static str]) -> impl Strategy<Value = String> {
    let lossy = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    prop_oneof![1 => any::<String>(), 4 => bytes(good).prop_map(lossy)]
}

/// Values of unexpected types.
fn odd_value() -> impl Strategy<Value = Value> {
    let values = [
        json!(null),
        json!(true),
        json!(0),
        json!(-1),
        json!(1),
        json!(u64::MAX),
        json!(i64::MIN),
        json!(0.0),
        json!(-0.5),
        json!(1e-308),
        json!(f64::MAX),
        json!(f64::MIN),
        json!(""),
        json!("\u{1f980}<&>\"'|\n"),
        json!([]),
        json!([0]),
        json!([[3, 2, 1]]),
        json!({}),
    ];
    select(values.to_vec())
}

/// How many values a document contains, including itself.
fn size(value: &Value) -> usize {
    1 + match value {
        Value::Array(values) => values.iter().map(size).sum(),
        Value::Object(map) => map.values().map(size).sum(),
        _ => 0,
    }
}

/// Replaces the `at`-th value, counted from this one, by `odd`.
fn replace(value: &mut Value, at: &mut usize, odd: &Value) {
    if *at == 0 {
        *value = odd.clone();
    }
    // After the replacement, the count wraps around and matches no other value.
    *at = at.wrapping_sub(1);
    match value {
        Value::Array(values) => values.iter_mut().for_each(|value| replace(value, at, odd)),
        Value::Object(map) => map.values_mut().for_each(|value| replace(value, at, odd)),
        _ => {}
    }
}

/// A good document with some odd values in it.
pub fn documents(good: Value) -> impl Strategy<Value = Value> {
    vec((any::<Index>(), odd_value()), 0..4).prop_map(move |changes| {
        let mut document = good.clone();
        for (place, odd) in changes {
            let mut at = place.index(size(&document));
            replace(&mut document, &mut at, &odd);
        }
        document
    })
}
