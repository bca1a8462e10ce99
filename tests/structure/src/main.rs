// SPDX-License-Identifier: GPL-2.0-only

//! `check-structure KMOD`: checks that the folders of the module use only those below them, and that `unsafe` and the
//! kernel's raw bindings are used only in `kext/`.

mod uses;

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::ExitCode,
};
use uses::Use;

/// A folder, and the modules of the folders that it may use.
const FOLDERS: [(&str, &[&str]); 6] = [
    ("core", &[]),
    ("kext", &[]),
    ("hw", &["kext", "logic"]),
    ("driver", &["kext", "logic"]),
    ("instrument", &["driver", "hw", "kext", "logic"]),
    ("control", &["driver", "hw", "instrument", "kext", "logic"]),
];

/// Further uses of single files.
const EXCEPTIONS: [(&str, &str); 5] = [
    // The pure logic is also built for the host: it gets its fences and arrays in this way only.
    ("core/platform.rs", "kext::logic_backend"),
    // A slot may be all zeroes; declaring that is unsafe.
    ("kext/slot.rs", "logic::fifo"),
    // The types that the tracepoints show.
    ("kext/tracepoint.rs", "logic::ring"),
    // The macro `module!` puts these at the root.
    ("kext/module.rs", "LocalModule"),
    ("kext/module.rs", "THIS_MODULE"),
];

/// The name of a folder's module.
fn module(folder: &str) -> &str {
    match folder {
        "core" => "logic",
        other => other,
    }
}

/// The error of one use in a file of a folder, if it is one.
fn objection(file: &str, folder: &str, used: &Use) -> Option<String> {
    match used {
        Use::Unsafe if folder != "kext" => Some("unsafe code is allowed only in kext/".to_owned()),
        Use::Bindings if folder != "kext" => {
            Some("the kernel's raw bindings are allowed only in kext/".to_owned())
        }
        Use::Crate(path) => {
            let (_, allowed) = FOLDERS.iter().find(|(name, _)| *name == folder)?;
            let first = path.split("::").next()?;
            let is_allowed = first == module(folder)
                || allowed.contains(&first)
                || EXCEPTIONS.contains(&(file, path.as_str()));
            (!is_allowed).then(|| match allowed {
                [] => format!("{folder}/ may use nothing of the module, but uses {path}"),
                _ => format!("{folder}/ may use {}, but uses {path}", allowed.join(", ")),
            })
        }
        Use::Unsafe | Use::Bindings => None,
    }
}

/// The errors of a file.
fn objections(file: &str, folder: &str, text: &str) -> Result<Vec<String>, String> {
    // A file's module is below its folder's, which is below the root.
    let depth = if file.ends_with("/mod.rs") { 1 } else { 2 };
    let uses = uses::of(text, depth).map_err(|why| format!("{file}: {why}"))?;
    Ok(uses
        .iter()
        .filter_map(|(line, used)| {
            objection(file, folder, used).map(|why| format!("{file}:{line}: {why}"))
        })
        .collect())
}

/// All Rust files of a folder.
fn rust_files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(rust_files(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// The errors of the module in `kmod`, and the number of files.
fn check(kmod: &Path) -> Result<(Vec<String>, usize), String> {
    let about = |path: &Path| {
        let path = path.display().to_string();
        move |error: io::Error| format!("{path}: {error}")
    };
    let mut found = Vec::new();
    let mut count = 0;
    for entry in fs::read_dir(kmod).map_err(about(kmod))? {
        let path = entry.map_err(about(kmod))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let is_known = FOLDERS.iter().any(|(folder, _)| *folder == name);
        if path.is_dir() && !is_known && !rust_files(&path).map_err(about(&path))?.is_empty() {
            found.push(format!(
                "{name}/ is not in FOLDERS, which says what it may use"
            ));
        }
    }
    for (folder, _) in FOLDERS {
        let path = kmod.join(folder);
        for file in rust_files(&path).map_err(about(&path))? {
            let text = fs::read_to_string(&file).map_err(about(&file))?;
            let shown = file.strip_prefix(kmod).unwrap_or(&file);
            found.extend(objections(&shown.display().to_string(), folder, &text)?);
            count += 1;
        }
    }
    Ok((found, count))
}

fn main() -> ExitCode {
    let words: Vec<_> = std::env::args_os().skip(1).collect();
    let [kmod] = words.as_slice() else {
        eprintln!("Usage: check-structure KMOD");
        return ExitCode::from(2);
    };
    match check(Path::new(kmod)) {
        Ok((found, count)) if found.is_empty() => {
            println!("{count} files use only folders below them");
            ExitCode::SUCCESS
        }
        Ok((found, _)) => {
            for one in found {
                eprintln!("{one}");
            }
            ExitCode::FAILURE
        }
        Err(why) => {
            eprintln!("check-structure: {why}");
            ExitCode::from(2)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(file: &str, text: &str) -> Vec<String> {
        let folder = file.split('/').next().unwrap();
        objections(file, folder, text).unwrap()
    }

    #[test]
    fn a_use_of_a_folder_above_is_found_anywhere() {
        for text in [
            "use crate::control::values;",
            "use crate::{kext::clock, control::{self, values}};",
            "use super::super::control;",
            "use super::{line::Line, super::control};",
            "fn f() { crate::control::values::get(0) }",
            "fn f() { some_macro!(a, crate::control::values); }",
            "mod tests { use super::super::super::control::*; }",
        ] {
            assert_eq!(
                found("driver/probe.rs", text).len(),
                1,
                "{text}: {:?}",
                found("driver/probe.rs", text)
            );
        }
        assert_eq!(found("driver/mod.rs", "use super::control;").len(), 1);
    }

    #[test]
    fn a_use_of_a_folder_below_is_allowed() {
        for text in [
            "use crate::{kext::{clock, cpu}, logic::ring::Ring};",
            "use super::{line::Line, Setup};",
            "use kernel::{prelude::*, sync::Arc};",
            "mod tests { use super::*; use super::super::Setup; }",
            "// crate::control\nconst TEXT: &str = \"crate::control unsafe bindings::x\";",
        ] {
            assert_eq!(found("driver/probe.rs", text), Vec::<String>::new());
        }
    }

    #[test]
    fn unsafe_code_and_bindings_are_allowed_only_in_kext() {
        let text = "fn f() { unsafe { kernel::bindings::schedule() } }";
        assert_eq!(found("kext/wait.rs", text), Vec::<String>::new());
        for file in ["core/ring.rs", "hw/device.rs", "control/files.rs"] {
            assert_eq!(found(file, text).len(), 2, "{file}");
        }
    }

    #[test]
    fn the_line_is_told() {
        assert_eq!(
            found("kext/clock.rs", "\n\nuse crate::hw;"),
            ["kext/clock.rs:3: kext/ may use nothing of the module, but uses hw"]
        );
    }

    #[test]
    fn the_logic_gets_its_atomics_from_one_place_only() {
        let text = "use crate::kext::logic_backend as backend;";
        assert_eq!(found("core/platform.rs", text), Vec::<String>::new());
        assert_eq!(found("core/ring.rs", text).len(), 1);
        assert_eq!(
            found("core/platform.rs", "use crate::kext::clock;").len(),
            1
        );
    }
}
