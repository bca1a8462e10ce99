// SPDX-License-Identifier: GPL-2.0-only

//! Texts to write to knobs: good ones, nearly good ones, and arbitrary ones.

use fastrand::Rng;
use simrupt_core::knobs::{Spec, Values};

/// Numbers near possible overflows.
const NUMBERS: [i128; 14] = [
    0,
    -1,
    i8::MIN as i128,
    u8::MAX as i128,
    i16::MAX as i128,
    i32::MAX as i128,
    i32::MIN as i128,
    u32::MAX as i128,
    u32::MAX as i128 + 1,
    i64::MAX as i128,
    i64::MIN as i128,
    u64::MAX as i128,
    u64::MAX as i128 + 1,
    i128::MAX,
];

/// Pieces that are put before, after and into texts.
const PIECES: [&[u8]; 20] = [
    b" ",
    b"\n",
    b"\t\r\n ",
    b"\0",
    b"+",
    b"-",
    b"0",
    b"000",
    b"0x",
    b",",
    b".0",
    b"e3",
    b"[",
    b"]",
    b"\x0b\x0c",
    b"\xff",
    b"\xc2\xa0",
    "\u{2003}".as_bytes(),
    "\u{0967}".as_bytes(),
    b"%s%n",
];

/// Lengths around the limits of files.
const LENGTHS: [usize; 7] = [4095, 4096, 4097, 5000, 8192, 65_536, 70_001];

fn pick<'a, T>(random: &mut Rng, among: &'a [T]) -> &'a T {
    &among[random.usize(..among.len())]
}

/// Usually a good value of this knob.
fn good(random: &mut Rng, spec: &Spec) -> Vec<u8> {
    match spec.values {
        Values::Choice(names) => pick(random, names).as_bytes().to_vec(),
        Values::Number { min, max } | Values::PowerOfTwo { min, max } => {
            let number = match random.u8(..4) {
                0 => min,
                1 => max,
                _ => random.i64(min..=max),
            };
            number.to_string().into_bytes()
        }
    }
}

fn number(random: &mut Rng, spec: &Spec) -> Vec<u8> {
    let number = match spec.values {
        Values::Number { min, max } | Values::PowerOfTwo { min, max } if random.bool() => {
            let ends = [min - 1, min, min + 1, max - 1, max, max + 1];
            i128::from(*pick(random, &ends))
        }
        _ => *pick(random, &NUMBERS),
    };
    match random.u8(..8) {
        0 => format!("{number:x}"),
        1 => format!("{number:#x}"),
        2 => format!("{number:04000}"),
        3 => format!("+{number}"),
        _ => number.to_string(),
    }
    .into_bytes()
}

fn noise(random: &mut Rng) -> Vec<u8> {
    let length = random.usize(..64);
    (0..length).map(|_| random.u8(..)).collect()
}

fn mutate(random: &mut Rng, text: &mut Vec<u8>) {
    let at = random.usize(..=text.len());
    match random.u8(..5) {
        0 => text.truncate(at),
        1 if at < text.len() => text[at] = random.u8(..),
        2 if at < text.len() => {
            text.remove(at);
        }
        3 => {
            let again = text.clone();
            text.splice(at..at, again);
        }
        _ => {
            let piece = pick(random, &PIECES).to_vec();
            text.splice(at..at, piece);
        }
    }
}

/// Makes a text unusually long, mostly by characters without a meaning.
fn stretch(random: &mut Rng, text: &mut Vec<u8>) {
    let length = *pick(random, &LENGTHS);
    let filler = *pick(random, b" \n\0x0");
    if random.bool() {
        text.resize(length, filler);
    } else {
        let missing = length.saturating_sub(text.len());
        text.splice(..0, vec![filler; missing]);
    }
}

/// A text to write to a knob.
pub(super) fn text(random: &mut Rng, spec: &Spec) -> Vec<u8> {
    let mut text = match random.u8(..10) {
        0 => noise(random),
        1..4 => number(random, spec),
        4 => [good(random, spec), good(random, spec)].join(&b','),
        _ => good(random, spec),
    };
    let mutations = [0, 0, 0, 1, 1, 2, 5];
    for _ in 0..*pick(random, &mutations) {
        mutate(random, &mut text);
    }
    if random.u8(..20) == 0 {
        stretch(random, &mut text);
    }
    text
}
