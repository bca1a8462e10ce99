// SPDX-License-Identifier: GPL-2.0-only

//! The information in a module file, as `modinfo` shows it: its parameters and its kernel release.
//!
//! The kernel ignores unknown parameters, so this is the only place where a mistyped one is noticed.

use std::collections::BTreeMap;

use crate::changes::refused;
use crate::failure::Failure;
use crate::files::table::{Knob, Values};
use crate::files::value;
use crate::knobs::unknown_knob;
use crate::lines::Assignment;

/// The information in a module file.
///
/// ```
/// use simrupt::modinfo::ModInfo;
///
/// let info = ModInfo::of(b"\0vermagic=7.3.4 SMP\0parm=workqueue:flavor (bound|bh, default bh)\0");
/// assert_eq!(info.release.as_deref(), Some("7.3.4"));
/// assert!(info.check(&["workqueue=bh".parse().unwrap()]).is_ok());
/// assert!(info.check(&["workqueue=bg".parse().unwrap()]).is_err());
/// ```
#[derive(Debug, Default, PartialEq)]
pub struct ModInfo {
    /// Its parameters and their values; empty if the file has none.
    pub parameters: BTreeMap<String, Values>,
    /// The kernel release that it was built for.
    pub release: Option<String>,
}

impl ModInfo {
    /// Collects the zero-terminated `key=value` strings of the file's `.modinfo` section.
    ///
    /// The strings are searched in the whole file: no other part of a module has strings that begin with these keys,
    /// and reading the section table would take much more code.
    pub fn of(file: &[u8]) -> Self {
        let mut info = Self::default();
        for string in file.split(|&byte| byte == 0) {
            let Ok(string) = std::str::from_utf8(string) else {
                continue;
            };
            match string.split_once('=') {
                Some((key @ ("parm" | "parmtype"), text)) => {
                    let (name, text) = text.split_once(':').unwrap_or((text, ""));
                    let values = info.parameters.entry(name.to_string());
                    let values = values.or_insert(Values::Unknown);
                    if key == "parm" {
                        *values = values_in(text);
                    }
                }
                Some(("vermagic", text)) => {
                    info.release = text.split(' ').next().map(String::from);
                }
                _ => {}
            }
        }
        info
    }

    /// Checks knobs before the kernel gets them. The kernel ignores an unknown name, and refuses a wrong choice without
    /// naming the right ones.
    pub fn check(&self, knobs: &[Assignment]) -> Result<(), Failure> {
        for Assignment { knob, value } in knobs {
            let Some(values) = self.parameters.get(knob) else {
                if self.parameters.is_empty() {
                    continue;
                }
                let names: Vec<&str> = self.parameters.keys().map(String::as_str).collect();
                let why = "the module file has no such knob";
                return Err(unknown_knob(knob, why, &names));
            };
            let knob = Knob {
                values: values.clone(),
                ..Knob::bare(knob.clone(), false)
            };
            for value in value::list(value) {
                knob.check(&value)
                    .map_err(|why| refused(&knob, &value, &why))?;
            }
        }
        Ok(())
    }
}

/// The values of a parameter, from the end of its description: `… (0..1000000 Hz, default 10)`.
fn values_in(description: &str) -> Values {
    let values = description.rsplit_once(" (").and_then(|(_, text)| {
        let (values, _) = text.split_once(", default ")?;
        values.split(' ').next()
    });
    values.map_or(Values::Unknown, Values::parse)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_and_release_are_found_among_other_bytes() {
        let file = b"\x7fELF\xff\0parm=rate_hz:events per second\0\0parmtype=lines:uint\0\
                     license=GPL v2\0vermagic=7.3.4-cloud SMP preempt\0parm=rate_hz:again\0tail";
        let info = ModInfo::of(file);
        assert_eq!(info.release.as_deref(), Some("7.3.4-cloud"));
        assert_eq!(Vec::from_iter(info.parameters.keys()), ["lines", "rate_hz"]);
    }

    #[test]
    fn a_description_ends_with_what_the_parameter_takes() {
        let file = b"\0parm=cpu:CPU (if any) (-1..7 CPU, default -1)\0parmtype=cpu:array of int\0\
                     parm=workqueue:flavor (bound|bh, default bh)\0parm=x:anything (really)\0";
        let info = ModInfo::of(file);
        assert_eq!(info.parameters["cpu"], Values::Range(-1, 7));
        let choices = ["bound", "bh"].map(String::from).to_vec();
        assert_eq!(info.parameters["workqueue"], Values::Choices(choices));
        assert_eq!(info.parameters["x"], Values::Unknown);
    }

    #[test]
    fn other_files_tell_nothing() {
        for file in [&b""[..], b"=\0=", b"\xff\xfe\0parm", b"vermagi"] {
            assert_eq!(ModInfo::of(file), ModInfo::default());
        }
    }

    fn setting(knob: &str, value: &str) -> Assignment {
        Assignment {
            knob: knob.to_string(),
            value: value.to_string(),
        }
    }

    #[test]
    fn a_knob_that_the_file_does_not_have_is_refused() {
        let none = ModInfo::default();
        assert_eq!(none.check(&[setting("rate", "1")]), Ok(()));
        let info = ModInfo::of(b"\0parm=rate_hz:events\0");
        assert_eq!(info.check(&[setting("rate_hz", "1")]), Ok(()));
        let failure = info.check(&[setting("rate", "1")]).unwrap_err();
        assert!(failure.to_string().contains("did you mean rate_hz?"));
    }

    #[test]
    fn each_value_of_a_list_is_checked_as_the_file_describes_it() {
        let info = ModInfo::of(b"\0parm=workqueue:flavor (bound|unbound, default bound)\0");
        assert_eq!(info.check(&[setting("workqueue", "bound,unbound")]), Ok(()));
        let failure = info
            .check(&[setting("workqueue", "bound, unbond")])
            .unwrap_err();
        assert_eq!(
            failure.to_string(),
            "cannot set workqueue to unbond: no such choice; did you mean unbound?\n  \
             try: one of bound, unbound"
        );
    }

    proptest::proptest! {
        #[test]
        fn no_file_makes_the_search_panic(file in damaged_text::bytes(&[
            "\0parm=cpu:CPU (if any) (-1..7 CPU, default -1)\0parmtype=cpu:array of int\0\
             parm=workqueue:flavor (bound|bh, default bh)\0vermagic=7.3.4-cloud SMP\0",
        ])) {
            let _ = ModInfo::of(&file).check(&[setting("cpu", "1,é"), setting("workqueue", "bh")]);
        }
    }
}
