// SPDX-License-Identifier: GPL-2.0-only

//! Checks of numbers against their ranges, for jobs and results.

use std::fmt::{Display, LowerExp};
use std::ops::RangeInclusive;

/// Checks a number against its range; NaN is in no range.
pub(crate) fn within<T: PartialOrd + Display + LowerExp>(
    field: &str,
    value: T,
    range: RangeInclusive<T>,
) -> Result<(), String> {
    match range.contains(&value) {
        true => Ok(()),
        false => {
            let (value, least, most) = (short(&value), short(range.start()), short(range.end()));
            Err(format!("{field}: {value} is not from {least} to {most}"))
        }
    }
}

/// A number in plain form, or with an exponent if it has more digits than a number of 64 bits.
fn short(number: &(impl Display + LowerExp)) -> String {
    const MOST: usize = 20;
    let whole = number.to_string();
    match whole.len() <= MOST {
        true => whole,
        false => format!("{number:e}"),
    }
}
