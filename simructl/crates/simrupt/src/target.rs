// SPDX-License-Identifier: GPL-2.0-only

//! The changes that a profile asks of the loaded module, after all of it is checked.

use std::collections::BTreeMap;
use std::path::Path;

use crate::changes::{Change, plan, refused};
use crate::failure::Failure;
use crate::files::table::Knob;
use crate::knobs::Knobs;
use crate::lines::Lines;
use crate::module::Module;
use crate::profile::{Entry, Profile, Scope};
use crate::sysroot::{input_name, open_or_stdin, read_whole};
use crate::text::is_json_object;

/// The differences between a profile and the values in force.
#[derive(Debug)]
pub struct Target<'a> {
    /// The name of the profile.
    pub name: String,
    /// Values that need the module to be loaded again: load-time knobs, and knobs of lines that do not exist.
    pub elsewhere: Vec<Elsewhere<'a>>,
    /// Values that can be changed, knob by knob in the module's order.
    pub changes: Vec<Change<'a>>,
}

/// A value that no write can set.
#[derive(Debug)]
pub struct Elsewhere<'a> {
    /// The line that does not exist; `None` for a knob that all lines share.
    pub line: Option<u32>,
    /// The knob.
    pub knob: &'a Knob,
    /// The value in force; `None` for a line that does not exist.
    pub now: Option<String>,
    /// The value in the profile.
    pub wanted: String,
    /// The place in the profile.
    pub place: String,
}

impl<'a> Target<'a> {
    /// Reads and checks a profile (`-` is standard input), and finds its differences on the selected lines.
    ///
    /// If lines are selected, the entries for other lines and for the module are checked, but not used.
    pub fn of(
        file: &Path,
        knobs: &'a Knobs,
        module: &Module<'_>,
        lines: &Lines,
    ) -> Result<Self, Failure> {
        let meant = module.select(lines)?;
        let (name, text) = read(file)?;
        if is_json_object(&text) {
            let why = "it is JSON, and a profile is TOML";
            return Err(Failure::new(format!("cannot use {name} as a profile"), why)
                .remedy("a profile that simructl dump has written"));
        }
        let Profile(entries) = Profile::parse(&text)
            .map_err(|odd| Failure::new(format!("{name}:{}", odd.place.0), odd.why))?;

        let mut elsewhere = Vec::new();
        // By the knob's name, the value of each line, and its place in the profile.
        let mut wanted: BTreeMap<&str, BTreeMap<u32, (String, String)>> = BTreeMap::new();
        let mut checked_entries = Vec::new();
        for entry in entries {
            let place = format!("{name}:{}", entry.place.0);
            let knob = checked(knobs, &entry).map_err(|failure| failure.at(&place))?;
            checked_entries.push((entry, knob, place));
        }
        // The lines' own values come last, because they override those for all.
        checked_entries.sort_by_key(|(entry, ..)| entry.scope != Scope::All);
        for (entry, knob, place) in checked_entries {
            let value = entry.value;
            let lines = match entry.scope {
                Scope::Module => {
                    let now = knobs.module_value(knob)?;
                    if *lines == Lines::All && now != value {
                        elsewhere.push(Elsewhere {
                            line: None,
                            knob,
                            now: Some(now),
                            wanted: value,
                            place,
                        });
                    }
                    continue;
                }
                Scope::All => meant.clone(),
                Scope::Line(line) if meant.contains(&line) => vec![line],
                Scope::Line(line) => {
                    if !module.lines().contains(&line) && *lines == Lines::All {
                        elsewhere.push(Elsewhere {
                            line: Some(line),
                            knob,
                            now: None,
                            wanted: value,
                            place,
                        });
                    }
                    continue;
                }
            };
            let values = wanted.entry(&knob.name).or_default();
            let wants = |line| (line, (value.clone(), place.clone()));
            values.extend(lines.into_iter().map(wants));
        }

        let mut changes = Vec::new();
        for knob in knobs.iter() {
            let values = wanted.remove(knob.name.as_str()).unwrap_or_default();
            if !knob.live {
                for (line, (wanted, place)) in values {
                    let now = knobs.value(knob, line)?;
                    if now != wanted {
                        elsewhere.push(Elsewhere {
                            line: Some(line),
                            knob,
                            now: Some(now),
                            wanted,
                            place,
                        });
                    }
                }
                continue;
            }
            let values = values.into_iter().map(|(line, (value, _))| (line, value));
            let (lines, values): (Vec<u32>, Vec<String>) = values.unzip();
            changes.extend(plan(knobs, module, knob, &lines, values)?);
        }
        changes.retain(|change| !change.is_in_force());
        Ok(Self {
            name,
            elsewhere,
            changes,
        })
    }
}

/// The knob of an entry, if it belongs to the entry's scope and takes the value.
fn checked<'a>(knobs: &'a Knobs, entry: &Entry) -> Result<&'a Knob, Failure> {
    let knob = knobs.find(&entry.knob)?;
    let name = &knob.name;
    match (entry.scope, knob.per_line) {
        (Scope::Module, true) => {
            return Err(
                Failure::new(format!("misplaced knob `{name}`"), "each line has its own")
                    .remedy(format!("{name} under [all] or a line: [line0], [line1] …")),
            );
        }
        (Scope::All | Scope::Line(_), false) => {
            return Err(
                Failure::new(format!("misplaced knob `{name}`"), "all lines share it")
                    .remedy(format!("{name} above the first table")),
            );
        }
        _ => {}
    }
    match knob.check(&entry.value) {
        Ok(()) => Ok(knob),
        Err(why) => Err(refused(knob, &entry.value, &why)),
    }
}

/// The text of a profile, and its name in messages.
fn read(file: &Path) -> Result<(String, String), Failure> {
    let name = input_name(file);
    match open_or_stdin(file).and_then(read_whole) {
        Ok(text) => Ok((name, text)),
        Err(error) => Err(Failure::file("read", Path::new(&name), None, &error)),
    }
}
