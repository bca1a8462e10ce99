// SPDX-License-Identifier: GPL-2.0-only

//! Knob values in the module's form: a number, a choice among shown choices, a list of either.

use serde_json::Value;

/// The value in force in the text of a knob file: the bracketed word if choices are shown (`bound [unbound] bh`), else
/// the whole text.
pub fn current(text: &str) -> &str {
    text.split_whitespace()
        .find_map(|word| word.strip_prefix('[')?.strip_suffix(']'))
        .unwrap_or(text.trim())
}

/// A value in JSON: a number if it is one, else a string.
pub fn json(value: &str) -> Value {
    let number = value.parse::<i64>().map(Value::from);
    let number = number.or_else(|_| value.parse::<u64>().map(Value::from));
    number.unwrap_or_else(|_| Value::from(value))
}

/// The comma-separated values of a parameter.
pub fn list(text: &str) -> Vec<String> {
    text.trim()
        .split(',')
        .map(|value| value.trim().to_string())
        .collect()
}

/// Gives each of `count` lines its value: the last repeats; `None` when there are more values than lines.
pub fn spread(values: &[String], count: usize) -> Option<Vec<String>> {
    let last = values.last()?;
    (values.len() <= count).then(|| {
        (0..count)
            .map(|at| values.get(at).unwrap_or(last).clone())
            .collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bracketed_choice_is_in_force() {
        assert_eq!(current("bound [unbound] bh ordered\n"), "unbound");
        assert_eq!(current("[char]\n"), "char");
        assert_eq!(current(" 100\n"), "100");
    }

    #[test]
    fn half_a_bracket_is_no_choice() {
        for odd in ["", "[", "]", "[bound unbound", "bound] unbound"] {
            assert_eq!(current(odd), odd);
        }
    }

    #[test]
    fn in_json_numbers_are_numbers() {
        let texts = [
            "-1",
            "18446744073709551615",
            "18446744073709551616",
            "bh",
            "",
        ];
        let shown = texts.map(|text| json(text).to_string());
        let expected = [
            "-1",
            "18446744073709551615",
            "\"18446744073709551616\"",
            "\"bh\"",
            "\"\"",
        ];
        assert_eq!(shown, expected);
    }

    #[test]
    fn the_last_value_of_a_list_repeats() {
        let values = list("100, 1000\n");
        assert_eq!(values, ["100", "1000"]);
        assert_eq!(spread(&values, 3).unwrap(), ["100", "1000", "1000"]);
        assert_eq!(spread(&values, 1), None);
        assert_eq!(spread(&[], 1), None);
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_values_panic(
            text in damaged_text::texts(&["bound [unbound] bh\n", "100,1000\n", "-1"]),
            lines in 0..70_usize,
        ) {
            proptest::prop_assert!(text.contains(current(&text)));
            let values = list(&text);
            proptest::prop_assert_eq!(values.len(), text.matches(',').count() + 1);
            let spread = spread(&values, lines);
            proptest::prop_assert_eq!(spread.map(|all| all.len()), (values.len() <= lines).then_some(lines));
        }

        #[test]
        fn numbers_keep_their_digits_in_json(number in proptest::num::i64::ANY) {
            proptest::prop_assert_eq!(json(&number.to_string()), Value::from(number));
        }
    }
}
