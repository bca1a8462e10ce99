// SPDX-License-Identifier: GPL-2.0-only

//! `simructl load`: finds the module file and gives it to the kernel.

use std::env;
use std::ffi::CString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::kmod::{ModuleInitFlags, finit_module};
use nix::unistd::geteuid;
use serde_json::{Map, Value, json};

use crate::cli::Options;
use crate::destination::DASH;
use crate::output;
use simrupt::changes::offline;
use simrupt::failure::Failure;
use simrupt::files::value;
use simrupt::lines::Assignment;
use simrupt::modinfo::ModInfo;
use simrupt::module::is_loaded;
use simrupt::sysroot::{Sysroot, read_text};

/// The name of the module file.
const FILE: &str = "simrupt.ko";

pub(crate) fn run(
    sysroot: &Sysroot,
    cli: &Options,
    module: Option<&Path>,
    knobs: &[Assignment],
) -> Result<(), Failure> {
    let release = read_text(&sysroot.proc("sys/kernel/osrelease")).unwrap_or_default();
    let release = release.trim();
    let path = match module {
        // The kernel reads the file itself, and only a regular one.
        Some(path) if path == Path::new(DASH) => {
            let why = "a module cannot be loaded from standard input";
            return Err(Failure::new("cannot load the module", why)
                .remedy("the name of a file; ./- for a file of that name")
                .usage());
        }
        Some(path) => path.to_path_buf(),
        None => search(&candidates(
            env::current_exe().ok().as_deref().and_then(Path::parent),
            release,
        ))?,
    };
    let unreadable = |error| {
        Failure::file("read", &path, None, &error)
            .remedy("make modules builds it; simructl load --module FILE names another")
    };
    let bytes = fs::read(&path).map_err(unreadable)?;
    let info = ModInfo::of(&bytes);
    info.check(knobs)?;
    if is_loaded(sysroot) {
        return Err(already_loaded());
    }

    let options = options(knobs);
    let file = File::open(&path).map_err(unreadable)?;
    let parameters = CString::new(options.as_str())
        .map_err(|_| Failure::new("cannot load the module", "a knob holds a zero byte").usage())?;
    finit_module(&file, &parameters, ModuleInitFlags::empty())
        .map_err(|errno| refused(errno, &path, &options, &info, release, geteuid().is_root()))?;

    output::print(&success(&path, knobs, &options, cli.json))?;
    if !sysroot.debugfs_is_mounted() {
        output::warning(
            &Failure::new(
                "the module is loaded",
                "but debugfs is not mounted: stats and verify need it",
            )
            .remedy("mount -t debugfs none /sys/kernel/debug"),
        );
    }
    Ok(())
}

/// What was loaded, in words or as one JSON document.
fn success(path: &Path, knobs: &[Assignment], options: &str, as_json: bool) -> String {
    if as_json {
        let parameters: Map<String, Value> = knobs
            .iter()
            .map(|setting| (setting.knob.clone(), value::json(&setting.value)))
            .collect();
        let file = path.display().to_string();
        let document = json!({ "loaded": true, "file": file, "parameters": parameters });
        return format!("{document:#}\n");
    }
    let with = match options {
        "" => String::new(),
        options => format!(" with {options}"),
    };
    format!("loaded {}{with}\n", path.display())
}

/// Where the module file is looked for, in this order.
fn candidates(program: Option<&Path>, release: &str) -> Vec<PathBuf> {
    let installed = Path::new("/lib/modules").join(release);
    program
        .into_iter()
        .chain(["", "build/kmod", "kmod"].map(Path::new))
        .map(|directory| directory.join(FILE))
        .chain(["extra", "updates"].map(|directory| installed.join(directory).join(FILE)))
        .collect()
}

fn search(candidates: &[PathBuf]) -> Result<PathBuf, Failure> {
    let found = candidates.iter().find(|path| path.is_file());
    found.cloned().ok_or_else(|| {
        let places: Vec<String> = candidates
            .iter()
            .map(|path| path.display().to_string())
            .collect();
        let why = format!("looked for {}", places.join(", "));
        Failure::new("cannot find the module file", why)
            .remedy("make modules, or simructl load --module FILE")
    })
}

/// The parameters as the kernel takes them: separated by spaces, quoted where a value has one.
fn options(knobs: &[Assignment]) -> String {
    let options: Vec<String> = knobs
        .iter()
        .map(|Assignment { knob, value }| {
            if value.contains(char::is_whitespace) {
                format!("{knob}=\"{value}\"")
            } else {
                format!("{knob}={value}")
            }
        })
        .collect();
    options.join(" ")
}

fn already_loaded() -> Failure {
    Failure::new("cannot load the module", "it is loaded already")
        .remedy("simructl set to change knobs, or simructl unload first")
}

/// What an error number of finit_module means to the user.
fn refused(
    errno: Errno,
    path: &Path,
    options: &str,
    info: &ModInfo,
    release: &str,
    is_root: bool,
) -> Failure {
    let what = format!("cannot load {}", path.display());
    match errno {
        Errno::EPERM | Errno::EACCES if !is_root => {
            Failure::new(what, "needs root").remedy("run with sudo")
        }
        Errno::EPERM | Errno::EACCES => Failure::new(what, "the kernel is locked down")
            .remedy("turn off Secure Boot, or look at /proc/sys/kernel/modules_disabled"),
        Errno::EEXIST => already_loaded(),
        Errno::EINVAL | Errno::ERANGE if !options.is_empty() => {
            Failure::new(what, format!("the module refused the parameters {options}"))
                .remedy("dmesg | tail says which one and why")
        }
        Errno::ENXIO => match cpu_of(options) {
            Some(cpu) => offline(cpu).at(&path.display().to_string()),
            None => Failure::new(what, errno.desc()).remedy("dmesg | tail may say more"),
        },
        Errno::ENOEXEC => {
            let why = match &info.release {
                Some(built) if built != release => {
                    format!("it is built for kernel {built}, this is {release}")
                }
                Some(_) => "it does not fit this kernel".to_string(),
                None => "it is not a kernel module".to_string(),
            };
            Failure::new(what, why).remedy("make modules; dmesg | tail says more")
        }
        Errno::EKEYREJECTED | Errno::ENOKEY | Errno::EBADMSG => {
            Failure::new(what, "this kernel takes signed modules only")
                .remedy("sign it with a key that the kernel trusts, or turn off Secure Boot")
        }
        Errno::ENOENT => Failure::new(what, "the kernel lacks a symbol that it uses")
            .remedy("dmesg | tail names it"),
        errno => Failure::new(what, errno.desc()).remedy("dmesg | tail may say more"),
    }
}

/// The value of the knob `cpu` among the options.
fn cpu_of(options: &str) -> Option<&str> {
    let mut words = options.split(' ');
    words.find_map(|word| word.strip_prefix("cpu="))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setting(knob: &str, value: &str) -> Assignment {
        Assignment {
            knob: knob.to_string(),
            value: value.to_string(),
        }
    }

    fn told(errno: Errno, options: &str, built: Option<&str>, is_root: bool) -> String {
        let info = ModInfo {
            release: built.map(String::from),
            ..ModInfo::default()
        };
        refused(errno, Path::new("x.ko"), options, &info, "7.3.4", is_root).to_string()
    }

    #[test]
    fn the_file_beside_the_program_comes_first_and_the_installed_one_last() {
        let found = candidates(Some(Path::new("/opt/bin")), "7.3.4");
        let expected = [
            "/opt/bin/simrupt.ko",
            "simrupt.ko",
            "build/kmod/simrupt.ko",
            "kmod/simrupt.ko",
            "/lib/modules/7.3.4/extra/simrupt.ko",
            "/lib/modules/7.3.4/updates/simrupt.ko",
        ];
        assert_eq!(found, expected.map(PathBuf::from));
    }

    #[test]
    fn a_file_that_is_nowhere_names_every_place() {
        let failure = search(&["/no/a.ko", "/no/b.ko"].map(PathBuf::from)).unwrap_err();
        assert_eq!(
            failure.to_string(),
            "cannot find the module file: looked for /no/a.ko, /no/b.ko\n  \
             try: make modules, or simructl load --module FILE"
        );
    }

    #[test]
    fn options_are_what_the_kernel_parses() {
        let knobs = [setting("lines", "2"), setting("rate_hz", "1, 2")];
        assert_eq!(options(&knobs), "lines=2 rate_hz=\"1, 2\"");
        assert_eq!(options(&[]), "");
    }

    #[test]
    fn what_was_loaded_is_told_in_words_and_in_json() {
        let knobs = [setting("rate_hz", "1,2"), setting("lines", "2")];
        let words = success(Path::new("x.ko"), &knobs, &options(&knobs), false);
        assert_eq!(words, "loaded x.ko with rate_hz=1,2 lines=2\n");
        assert_eq!(success(Path::new("x.ko"), &[], "", false), "loaded x.ko\n");
        let text = success(Path::new("x.ko"), &knobs, "", true);
        let document: Value = serde_json::from_str(&text).unwrap();
        let parameters = json!({ "rate_hz": "1,2", "lines": 2 });
        assert_eq!(
            document,
            json!({ "loaded": true, "file": "x.ko", "parameters": parameters })
        );
    }

    #[test]
    fn the_kernels_refusals_are_told_apart() {
        for (errno, options, built, is_root, words) in [
            (Errno::EPERM, "", None, false, "needs root"),
            (Errno::EPERM, "", None, true, "locked down"),
            (Errno::EEXIST, "", None, true, "loaded already"),
            (
                Errno::EINVAL,
                "rate_hz=x",
                None,
                true,
                "refused the parameters rate_hz=x",
            ),
            (
                Errno::ERANGE,
                "rate_hz=9",
                None,
                true,
                "refused the parameters rate_hz=9",
            ),
            (Errno::EINVAL, "", None, true, "Invalid argument"),
            (
                Errno::ENXIO,
                "lines=2 cpu=1",
                None,
                true,
                "CPU 1 is offline",
            ),
            (Errno::ENXIO, "", None, true, "No such device"),
            (
                Errno::ENOEXEC,
                "",
                Some("6.1.0"),
                true,
                "built for kernel 6.1.0, this is 7.3.4",
            ),
            (
                Errno::ENOEXEC,
                "",
                Some("7.3.4"),
                true,
                "does not fit this kernel",
            ),
            (Errno::ENOEXEC, "", None, true, "not a kernel module"),
            (Errno::EKEYREJECTED, "", None, true, "signed modules only"),
            (Errno::ENOENT, "", None, true, "lacks a symbol"),
        ] {
            let told = told(errno, options, built, is_root);
            assert!(told.contains(words), "{errno}: {told}");
        }
    }
}
