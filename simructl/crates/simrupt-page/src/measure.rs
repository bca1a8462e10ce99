// SPDX-License-Identifier: GPL-2.0-only

//! Places and widths of a drawing, in pixels.

/// The size of the usual text of a drawing, in pixels.
pub const FONT: f64 = 13.0;

/// A place or a size as it is written: tenths of a pixel are enough.
pub fn px(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

/// How wide a text of size [`FONT`] is in a usual font without serifs, about.
pub fn text_width(text: &str) -> f64 {
    let width = |letter: char| match letter {
        'i' | 'j' | 'l' | 't' | 'f' | 'r' | 'I' | ' ' | '-' | '/' | '.' | ',' => 0.37,
        'm' | 'w' | 'M' | 'W' | '→' | '%' => 0.9,
        _ => 0.63,
    };
    text.chars().map(width).sum::<f64>() * FONT
}
