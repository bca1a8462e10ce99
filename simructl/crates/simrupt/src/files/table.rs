// SPDX-License-Identifier: GPL-2.0-only

//! The `knobs` file: the module's own description of its knobs.
//!
//! One knob per line, eight fields separated by tabs: name, type, values, default, unit, when, help, scope. An older
//! module has no scope. Additional fields of a newer module are ignored, and values of types that it adds are left for
//! it to check.

use simrupt_core::knobs::Knob as TableKnob;

/// One knob.
#[derive(Debug, Clone, PartialEq)]
pub struct Knob {
    /// Its name.
    pub name: String,
    /// The type, in the module's word.
    pub kind: Option<String>,
    /// The values that it takes.
    pub values: Values,
    /// The value when nobody sets it.
    pub default: Option<String>,
    /// The unit of a number, if it has one.
    pub unit: Option<String>,
    /// Whether it can be changed while the module is loaded.
    pub live: bool,
    /// Whether each line has its own value. A live knob always has one for each line.
    pub per_line: bool,
    /// The meaning.
    pub help: Option<String>,
}

/// The values that a knob takes.
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    /// A whole number, both bounds included.
    Range(i128, i128),
    /// One of these words.
    Choices(Vec<String>),
    /// Only the module knows.
    Unknown,
}

/// All knobs of a module, in its order.
pub fn parse(text: &str) -> Result<Vec<Knob>, String> {
    match text.lines().map(parse_knob).collect() {
        Ok(knobs) if Vec::is_empty(&knobs) => Err("it is empty".to_string()),
        knobs => knobs,
    }
}

fn parse_knob(line: &str) -> Result<Knob, String> {
    let odd = |what: &str| format!("`{line}`: {what}");
    let fields: Vec<&str> = line.split('\t').collect();
    let &[
        name,
        kind,
        values,
        default,
        unit,
        when,
        help,
        ref further @ ..,
    ] = fields.as_slice()
    else {
        return Err(odd("fewer than 7 fields"));
    };
    if name.is_empty() {
        return Err(odd("no name"));
    }
    let live = match when {
        "live" => true,
        "load" => false,
        _ => return Err(odd("neither live nor load")),
    };
    let per_line = match (further.first(), live) {
        (Some(&"line"), _) | (None, true) => true,
        (Some(&"module") | None, false) => false,
        (Some(&"module"), true) => return Err(odd("live, but not of a line")),
        _ => return Err(odd("neither of a line nor of the module")),
    };
    Ok(Knob {
        name: name.to_string(),
        kind: told(kind),
        values: match kind {
            "u64" | "i64" => parse_range(values).ok_or_else(|| odd("not a range"))?,
            "enum" if !values.is_empty() => {
                Values::Choices(values.split('|').map(String::from).collect())
            }
            "enum" => return Err(odd("no choices")),
            _ => parse_range(values).unwrap_or(Values::Unknown),
        },
        default: told(default),
        unit: told(unit),
        help: told(help),
        live,
        per_line,
    })
}

/// The text of a field, unless it is empty or `-`.
fn told(field: &str) -> Option<String> {
    (!matches!(field, "" | "-")).then(|| field.to_string())
}

fn parse_range(text: &str) -> Option<Values> {
    let (low, high) = text.split_once("..")?;
    Some(Values::Range(low.parse().ok()?, high.parse().ok()?))
}

impl Values {
    /// Parses values of an unknown type: a range, choices, or neither.
    pub fn parse(text: &str) -> Self {
        match parse_range(text) {
            Some(range) => range,
            None if text.contains('|') => {
                Self::Choices(text.split('|').map(String::from).collect())
            }
            None => Self::Unknown,
        }
    }
}

impl Knob {
    /// A knob of which only the name is known, and whether it is live. Whether each line has its own value is taken
    /// from the module of the same version.
    pub fn bare(name: String, live: bool) -> Self {
        let known = TableKnob::named(&name).map(TableKnob::spec);
        Self {
            name,
            kind: None,
            values: Values::Unknown,
            default: None,
            unit: None,
            live,
            per_line: live || known.is_some_and(|spec| spec.per_line),
            help: None,
        }
    }

    /// Checks a value before it is written; the error is the reason against it.
    pub fn check(&self, value: &str) -> Result<(), String> {
        match &self.values {
            Values::Range(low, high) => match value.parse::<i128>() {
                Ok(number) if (*low..=*high).contains(&number) => Ok(()),
                Ok(_) => Err("out of range".to_string()),
                Err(_) => Err("not a whole number".to_string()),
            },
            Values::Choices(choices) if choices.iter().any(|choice| choice == value) => Ok(()),
            Values::Choices(_) => Err("no such choice".to_string()),
            Values::Unknown => Ok(()),
        }
    }

    /// The values that the knob takes, in words, if they are known.
    pub fn accepts(&self) -> Option<String> {
        match &self.values {
            Values::Range(low, high) => {
                let unit = self.unit.as_ref().map(|unit| format!(" {unit}"));
                Some(format!(
                    "a number from {low} to {high}{}",
                    unit.unwrap_or_default()
                ))
            }
            Values::Choices(choices) => Some(format!("one of {}", choices.join(", "))),
            Values::Unknown => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: &str = "rate_hz\tu64\t0..1000000\t10\tHz\tlive\tevents per second";

    #[test]
    fn a_number_has_its_range_and_unit() {
        let rate = &parse(RATE).unwrap()[0];
        assert_eq!(rate.values, Values::Range(0, 1_000_000));
        assert_eq!(rate.accepts().unwrap(), "a number from 0 to 1000000 Hz");
        assert_eq!(rate.check("0"), Ok(()));
        assert_eq!(rate.check("1000000"), Ok(()));
        assert_eq!(rate.check("1000001").unwrap_err(), "out of range");
        assert_eq!(rate.check("-1").unwrap_err(), "out of range");
        assert_eq!(rate.check("1e3").unwrap_err(), "not a whole number");
    }

    #[test]
    fn a_number_may_be_negative() {
        let cpu = &parse("cpu\ti64\t-1..7\t-1\tCPU\tlive\thelp").unwrap()[0];
        assert_eq!(cpu.values, Values::Range(-1, 7));
        assert_eq!(cpu.default.as_deref(), Some("-1"));
        assert_eq!(cpu.check("-1"), Ok(()));
        assert_eq!(cpu.check("-2").unwrap_err(), "out of range");
    }

    #[test]
    fn an_enum_takes_its_choices_only() {
        let text = "workqueue\tenum\tbound|bh\tbound\t-\tlive\thelp";
        let flavor = &parse(text).unwrap()[0];
        assert_eq!(flavor.accepts().unwrap(), "one of bound, bh");
        assert_eq!(flavor.unit, None);
        assert_eq!(flavor.check("bh"), Ok(()));
        assert_eq!(flavor.check("BH").unwrap_err(), "no such choice");
    }

    #[test]
    fn additions_of_a_newer_module_are_left_to_it() {
        let text =
            "a\tfloat\t0..1.5\t1\t-\tlive\thelp\tline\tmore\nb\ti8\t-1..7\t-1\t-\tload\thelp\n";
        let knobs = parse(text).unwrap();
        assert_eq!(knobs[0].values, Values::Unknown);
        assert_eq!(knobs[0].check("anything"), Ok(()));
        assert_eq!(knobs[1].values, Values::Range(-1, 7));
        assert!(knobs[0].live && !knobs[1].live);
    }

    #[test]
    fn a_knob_is_of_each_line_or_of_the_module() {
        let of = |when: &str| {
            let text = format!("x\tu64\t0..5\t1\t-\t{when}");
            parse(&text).map(|knobs| (knobs[0].live, knobs[0].per_line))
        };
        assert_eq!(of("live\thelp\tline"), Ok((true, true)));
        assert_eq!(of("load\thelp\tline"), Ok((false, true)));
        assert_eq!(of("load\thelp\tmodule"), Ok((false, false)));
        // The form of older modules.
        assert_eq!(of("live\thelp"), Ok((true, true)));
        assert_eq!(of("load\thelp"), Ok((false, false)));
        assert!(of("live\thelp\tmodule").is_err());
        assert!(of("load\thelp\tall").is_err());
        let bare = |name: &str, live| Knob::bare(name.into(), live).per_line;
        assert!(bare("rate_hz", true) && bare("affinity", false) && bare("newer", true));
        assert!(!bare("lines", false) && !bare("newer", false));
    }

    #[test]
    fn odd_or_cut_text_is_refused() {
        for cut in 0..RATE.len() {
            // Cutting the help's text is no damage, cutting anything before it is.
            assert_eq!(parse(&RATE[..cut]).is_ok(), cut > RATE.rfind('\t').unwrap());
        }
        for (text, why) in [
            ("x\tu64\t0-5\t1\t-\tlive\th", "not a range"),
            ("x\ti64\t-1\t1\t-\tlive\th", "not a range"),
            ("x\tenum\t\t1\t-\tlive\th", "no choices"),
            ("x\tu64\t0..5\t1\t-\tsoon\th", "neither live nor load"),
            ("\tu64\t0..5\t1\t-\tlive\th", "no name"),
        ] {
            assert!(parse(text).unwrap_err().ends_with(why), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(
            text in damaged_text::texts(&[
                RATE,
                "cpu\ti64\t-1..7\t-1\tCPU\tlive\thelp\nworkqueue\tenum\tbound|bh\tbound\t-\tload\thelp\n",
            ]),
            value in damaged_text::texts(&["7", "bh", "-1"]),
        ) {
            for knob in parse(&text).unwrap_or_default() {
                let _ = (knob.check(&value), knob.accepts());
            }
            let _ = Values::parse(&text);
        }
    }

    #[test]
    fn it_reads_what_the_module_writes() {
        use simrupt_core::knobs::{TABLE, Values as Told};
        let text = TABLE
            .iter()
            .map(|spec| format!("{spec}\n"))
            .collect::<Vec<_>>()
            .concat();
        let knobs = parse(&text).unwrap();
        assert_eq!(knobs.len(), TABLE.len());
        for (knob, spec) in knobs.iter().zip(TABLE) {
            assert_eq!((knob.name.as_str(), knob.live), (spec.name, spec.live));
            assert_eq!(knob.per_line, spec.per_line);
            assert_eq!(knob.default.as_deref(), Some(spec.default));
            let values = match spec.values {
                Told::Number { min, max } | Told::PowerOfTwo { min, max } => {
                    Values::Range(min.into(), max.into())
                }
                Told::Choice(names) => {
                    Values::Choices(names.iter().map(|&one| one.into()).collect())
                }
            };
            assert_eq!(knob.values, values);
        }
    }
}
