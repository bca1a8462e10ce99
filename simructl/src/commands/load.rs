// SPDX-License-Identifier: GPL-2.0-only

//! `simructl load`: finds the module file and gives it to the kernel.

use std::env;
use std::ffi::CString;
use std::fs::File;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::kmod::finit_module;
use nix::unistd::geteuid;
use serde_json::{Map, Value, json};

use crate::cli::Options;
use crate::destination::DASH;
use crate::module_file::{ModuleFile, candidates};
use crate::output;
use simrupt::changes::{lacking, need, offline};
use simrupt::failure::Failure;
use simrupt::files::value;
use simrupt::lines::Assignment;
use simrupt::module::is_loaded;
use simrupt::pairs::refused_at_load;
use simrupt::sysroot::{Sysroot, read_text};

pub(crate) fn run(
    sysroot: &Sysroot,
    cli: &Options,
    module: Option<&Path>,
    knobs: &[Assignment],
) -> Result<(), Failure> {
    let release = read_text(&sysroot.proc("sys/kernel/osrelease")).unwrap_or_default();
    let release = release.trim();
    let path = match module {
        // The kernel reads the file itself, and takes only a regular one.
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
    let module = ModuleFile::read(&path).map_err(unreadable)?;
    module.info.check(knobs)?;
    if is_loaded(sysroot) {
        return Err(already_loaded());
    }

    let options = options(knobs);
    let file = File::open(&path).map_err(unreadable)?;
    let parameters = CString::new(options.as_str())
        .map_err(|_| Failure::new("cannot load the module", "a knob holds a zero byte").usage())?;
    finit_module(&file, &parameters, module.flags()).map_err(|errno| {
        let kernel = Kernel {
            release,
            is_root: geteuid().is_root(),
            is_locked_down: read_text(&sysroot.sys("kernel/security/lockdown"))
                .is_ok_and(|levels| levels.contains('[') && !levels.contains("[none]")),
            is_closed: read_text(&sysroot.proc("sys/kernel/modules_disabled"))
                .is_ok_and(|text| text.trim() == "1"),
        };
        let pair = (errno == Errno::EINVAL).then(|| refused_at_load(knobs));
        pair.flatten()
            .unwrap_or_else(|| refused(errno, &path, &options, &module, &kernel))
    })?;

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

/// The parameters in the kernel's form: separated by spaces, quoted if a value has a space.
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

/// The known facts about the kernel that refused the module.
struct Kernel<'a> {
    release: &'a str,
    /// Whether root made the request.
    is_root: bool,
    /// Whether it is known to be locked down.
    is_locked_down: bool,
    /// Whether it loads no more modules at all, until a reboot.
    is_closed: bool,
}

/// The kernel refuses the module because it has no signature that the kernel trusts.
fn untrusted(what: String, is_signed: bool, is_locked_down: bool) -> Failure {
    let required_by = if is_locked_down {
        "the kernel is locked down, as it is under Secure Boot"
    } else {
        "this kernel takes signed modules only"
    };
    let why = if is_signed {
        "it is signed with a key that this kernel does not trust"
    } else {
        "it is not signed"
    };
    Failure::new(what, format!("{why}, and {required_by}")).remedy(if is_signed {
        "enroll the key: for DKMS's, mokutil --import /var/lib/dkms/mok.pub, then reboot"
    } else {
        "a module that DKMS has built, which signs, with its key enrolled: mokutil --import \
         /var/lib/dkms/mok.pub, then reboot"
    })
}

/// What an error number of finit_module means to the user.
fn refused(
    errno: Errno,
    path: &Path,
    options: &str,
    module: &ModuleFile,
    kernel: &Kernel<'_>,
) -> Failure {
    let what = format!("cannot load {}", path.display());
    match errno {
        Errno::EPERM | Errno::EACCES if !kernel.is_root => {
            Failure::new(what, "needs root").remedy("run with sudo")
        }
        Errno::EPERM | Errno::EACCES if kernel.is_closed => Failure::new(
            what,
            "this kernel loads no more modules until it boots again",
        )
        .remedy("a boot without kernel.modules_disabled=1 among the sysctl settings"),
        Errno::EPERM | Errno::EACCES => untrusted(what, module.is_signed, true),
        Errno::EEXIST => already_loaded(),
        Errno::EINVAL | Errno::ERANGE if !options.is_empty() => {
            Failure::new(what, format!("the module refused the parameters {options}"))
                .remedy("dmesg | tail says which one and why")
        }
        Errno::ENXIO => match value_of("cpu", options) {
            Some(cpu) => offline(cpu).at(&path.display().to_string()),
            None => Failure::new(what, errno.desc()).remedy("dmesg | tail may say more"),
        },
        Errno::ENOEXEC => {
            let why = match &module.info.release {
                Some(built) if built != kernel.release => {
                    format!("it is built for kernel {built}, this is {}", kernel.release)
                }
                Some(_) => "it does not fit this kernel".to_string(),
                None => "it is not a kernel module".to_string(),
            };
            Failure::new(what, why).remedy("make modules; dmesg | tail says more")
        }
        Errno::EKEYREJECTED | Errno::ENOKEY | Errno::EBADMSG => {
            untrusted(what, module.is_signed, kernel.is_locked_down)
        }
        Errno::EOPNOTSUPP if is_plain(path) => match needy(options).as_slice() {
            [] => Failure::new(what, errno.desc()).remedy("dmesg | tail may say more"),
            [(knob, value, _)] => lacking(knob, value).at(&path.display().to_string()),
            several => {
                let needs: Vec<&str> = several.iter().map(|(_, _, needs)| *needs).collect();
                let why = format!("this kernel lacks one of {}", needs.join(", "));
                Failure::new(what, why)
                    .remedy("dmesg | tail names the value that this kernel does not support")
            }
        },
        Errno::EOPNOTSUPP => Failure::new(what, "this kernel cannot decompress modules itself")
            .remedy("modprobe simrupt"),
        Errno::ENOENT => Failure::new(what, "the kernel lacks a symbol that it uses")
            .remedy("dmesg | tail names it"),
        errno => Failure::new(what, errno.desc()).remedy("dmesg | tail may say more"),
    }
}

/// The value of a knob among the options.
fn value_of<'a>(knob: &str, options: &'a str) -> Option<&'a str> {
    let mut words = options.split(' ');
    words.find_map(|word| word.strip_prefix(knob)?.strip_prefix('='))
}

/// The options that need a kernel option: knob, value and the kernel option.
fn needy(options: &str) -> Vec<(&str, &str, &'static str)> {
    let options = options.split(' ').filter_map(|word| word.split_once('='));
    let needy = options.filter_map(|(knob, value)| {
        let (_, needs) = need(knob, value)?;
        Some((knob, value, needs))
    });
    needy.collect()
}

/// Whether the module file is not compressed.
fn is_plain(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "ko")
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

    /// The message when the kernel refuses a file with these bytes.
    fn told_of(bytes: &[u8], errno: Errno, options: &str, kernel: &Kernel<'_>) -> String {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x.ko");
        std::fs::write(&path, bytes).unwrap();
        let module = ModuleFile::read(&path).unwrap();
        refused(errno, Path::new("x.ko"), options, &module, kernel).to_string()
    }

    fn told(errno: Errno, options: &str, built: Option<&str>, is_root: bool) -> String {
        let bytes = built.map_or(String::new(), |built| format!("\0vermagic={built} SMP\0"));
        let kernel = Kernel {
            release: "7.3.4",
            is_root,
            is_locked_down: false,
            is_closed: false,
        };
        told_of(bytes.as_bytes(), errno, options, &kernel)
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
        let schema = crate::schemas::find("load").unwrap().text;
        let schema = serde_json::from_str(schema).unwrap();
        jsonschema::validate(&schema, &document).unwrap();
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
            (
                Errno::EOPNOTSUPP,
                "lines=2 workqueue=bh,irq-poll",
                None,
                true,
                "no irq-poll: it was built without CONFIG_IRQ_POLL",
            ),
            (
                Errno::EOPNOTSUPP,
                "workqueue=bh coalesce_adaptive=0,1",
                None,
                true,
                "no net_dim: it was built without CONFIG_DIMLIB",
            ),
            (
                Errno::EOPNOTSUPP,
                "workqueue=napi coalesce_adaptive=1",
                None,
                true,
                "lacks one of CONFIG_NET, CONFIG_DIMLIB",
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

    #[test]
    fn a_missing_signature_and_an_untrusted_one_have_different_messages() {
        let kernel = Kernel {
            release: "7.3.4",
            is_root: true,
            is_locked_down: false,
            is_closed: false,
        };
        let signed = b"...~Module signature appended~\n";
        for (bytes, errno, words) in [
            (
                &b"..."[..],
                Errno::EPERM,
                "it is not signed, and the kernel is locked down",
            ),
            (
                signed,
                Errno::EPERM,
                "a key that this kernel does not trust, and the kernel is locked down",
            ),
            (
                b"...",
                Errno::EKEYREJECTED,
                "it is not signed, and this kernel takes signed modules only",
            ),
            (
                signed,
                Errno::ENOKEY,
                "does not trust, and this kernel takes signed modules only",
            ),
        ] {
            let told = told_of(bytes, errno, "", &kernel);
            assert!(told.contains(words), "{told}");
            assert!(
                told.contains("mokutil --import /var/lib/dkms/mok.pub"),
                "{told}"
            );
        }
        // Debian's kernel also gives this answer under Secure Boot.
        let locked = Kernel {
            is_locked_down: true,
            ..kernel
        };
        let told = told_of(b"...", Errno::EKEYREJECTED, "", &locked);
        assert!(
            told.contains("locked down, as it is under Secure Boot"),
            "{told}"
        );
        let closed = Kernel {
            is_closed: true,
            ..kernel
        };
        let told = told_of(b"...", Errno::EPERM, "", &closed);
        assert!(
            told.contains("no more modules until it boots again"),
            "{told}"
        );
    }
}
