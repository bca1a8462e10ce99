// SPDX-License-Identifier: GPL-2.0-only

//! What a module file says of itself, as `modinfo` shows it: its parameters and the kernel it is for.
//!
//! The kernel ignores parameters it does not know, so a mistyped one is found here or never.

use std::collections::BTreeSet;

/// The self-description of a module file.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct ModInfo {
    /// The names of its parameters; empty when the file does not tell.
    pub(crate) parameters: BTreeSet<String>,
    /// The kernel release it was built for.
    pub(crate) release: Option<String>,
}

impl ModInfo {
    /// Collects the zero-terminated `key=value` strings of the file's `.modinfo` section.
    ///
    /// The strings are looked for in the whole file: no other part of a module holds strings that begin
    /// with these keys, and reading the section table would take many times the code.
    pub(crate) fn of(file: &[u8]) -> Self {
        let mut info = Self::default();
        for string in file.split(|&byte| byte == 0) {
            let Ok(string) = std::str::from_utf8(string) else {
                continue;
            };
            match string.split_once('=') {
                Some(("parm" | "parmtype", text)) => {
                    let name = text.split_once(':').map_or(text, |(name, _)| name);
                    info.parameters.insert(name.to_string());
                }
                Some(("vermagic", text)) => {
                    info.release = text.split(' ').next().map(String::from);
                }
                _ => {}
            }
        }
        info
    }
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
        assert_eq!(Vec::from_iter(info.parameters), ["lines", "rate_hz"]);
    }

    #[test]
    fn other_files_tell_nothing() {
        for file in [&b""[..], b"=\0=", b"\xff\xfe\0parm", b"vermagi"] {
            assert_eq!(ModInfo::of(file), ModInfo::default());
        }
    }
}
