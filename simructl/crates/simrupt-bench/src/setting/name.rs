// SPDX-License-Identifier: GPL-2.0-only

//! Names of values in jobs, options and results. They are parsed only here.

use std::str::FromStr;

use serde::de::{Deserialize, Deserializer, Error};
use serde::{Serialize, Serializer};

use simrupt::nearest;
use simrupt::text::word;

/// The word that stands for a whole list.
const ALL: &str = "all";

/// A value with a name for users.
pub trait Named: Copy + PartialEq + 'static {
    /// The word for a value in messages: `flavor`.
    const KIND: &'static str;
    /// The values that the word `all` stands for, in the order of tables.
    const CHOICES: &'static [Self];
    /// Values that `all` does not include.
    const OTHERS: &'static [Self] = &[];

    /// The name of the value.
    fn name(self) -> &'static str;

    /// The value of a name.
    ///
    /// # Errors
    ///
    /// No value has this name; the message lists the names.
    fn from_name(name: &str) -> Result<Self, String> {
        find(name).ok_or_else(|| unknown::<Self>(name, ""))
    }
}

fn known<T: Named>() -> impl Iterator<Item = T> {
    T::OTHERS.iter().chain(T::CHOICES).copied()
}

fn find<T: Named>(name: &str) -> Option<T> {
    known::<T>().find(|value| value.name() == name)
}

/// The message for an unknown name, with a list of the known ones; `more` names what else is accepted.
fn unknown<T: Named>(name: &str, more: &str) -> String {
    let names: Vec<&str> = known::<T>().map(T::name).collect();
    let near = nearest(name, names.iter().copied());
    let hint = near.map_or_else(String::new, |near| format!("; did you mean {near}?"));
    let (kind, name, names) = (T::KIND, word(name), names.join(", "));
    format!("there is no {kind} {name}{hint} (one of {names}{more})")
}

/// A list of values. The word `all` stands for all of [`Named::CHOICES`], and `-` before a name removes the value from
/// those before. On the command line, commas separate them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names<T>(pub Vec<T>);

impl<T: Named> Names<T> {
    /// All choices.
    pub fn all() -> Self {
        Self(T::CHOICES.to_vec())
    }

    fn parse<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Self, String> {
        let mut values = Vec::new();
        let named = |name: &str| find(name).ok_or_else(|| unknown::<T>(name, ", or all"));
        for name in names {
            match (name, name.strip_prefix('-')) {
                (ALL, _) => values.extend_from_slice(T::CHOICES),
                (_, Some(name)) => {
                    let without = named(name)?;
                    values.retain(|value| *value != without);
                }
                _ => values.push(named(name)?),
            }
        }
        Ok(Self(values))
    }
}

impl<T: Named> FromStr for Names<T> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::parse(text.split(','))
    }
}

impl<'de, T: Named> Deserialize<'de> for Names<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let names = Vec::<String>::deserialize(deserializer)?;
        Self::parse(names.iter().map(String::as_str)).map_err(D::Error::custom)
    }
}

/// Writes a value as its name.
pub(super) fn serialize<T: Named, S: Serializer>(value: &T, to: S) -> Result<S::Ok, S::Error> {
    value.name().serialize(to)
}

/// Reads a value by its name.
pub(super) fn deserialize<'de, T: Named, D: Deserializer<'de>>(from: D) -> Result<T, D::Error> {
    T::from_name(&String::deserialize(from)?).map_err(D::Error::custom)
}

/// Defines an enum of named values, with the traits that it needs.
macro_rules! named {
    (
        $(#[$about:meta])*
        $type:ident, a $kind:literal: {
            $($(#[$means:meta])* $variant:ident = $name:literal,)+
        }
        $(besides {
            $($(#[$also:meta])* $other:ident = $other_name:literal,)+
        })?
    ) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $type {
            $($(#[$means])* $variant,)+
            $($($(#[$also])* $other,)+)?
        }

        impl Named for $type {
            const KIND: &'static str = $kind;
            const CHOICES: &'static [Self] = &[$(Self::$variant,)+];
            $(const OTHERS: &'static [Self] = &[$(Self::$other,)+];)?

            fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                    $($(Self::$other => $other_name,)+)?
                }
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.name())
            }
        }

        impl std::str::FromStr for $type {
            type Err = String;

            fn from_str(name: &str) -> Result<Self, String> {
                Self::from_name(name)
            }
        }

        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                name::serialize(self, to)
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                name::deserialize(from)
            }
        }
    };
}
pub(super) use named;
