// SPDX-License-Identifier: GPL-2.0-only

//! Whether tracefs is there, and whether this process may use it.

use std::fs;
use std::path::{Path, PathBuf};

use nix::errno::Errno;

use crate::failure::{Failure, errno};
use crate::sysroot::{Sysroot, read_text};

/// The directory of tracefs's instances; `what` names what needs it.
///
/// # Errors
///
/// Tells apart a kernel that closes tracefs, a user who may not look into it, and a tracefs that is not mounted.
pub fn instances(sysroot: &Sysroot, what: &str) -> Result<PathBuf, Failure> {
    if is_closed(sysroot) {
        let why = "the kernel is locked down for confidentiality, which closes tracefs";
        let remedy = "a kernel that is not locked down: man kernel_lockdown";
        return Err(Failure::new(what, why).remedy(remedy));
    }
    let path = sysroot.sys("kernel/tracing/instances");
    match fs::metadata(&path) {
        Ok(_) => Ok(path),
        Err(error) => Err(out_of_reach(what, &path, errno(&error))),
    }
}

/// Whether the kernel lets nobody read what it does: Linux 7.3, `LOCKDOWN_TRACEFS`.
fn is_closed(sysroot: &Sysroot) -> bool {
    let levels = read_text(&sysroot.sys("kernel/security/lockdown"));
    levels.is_ok_and(|levels| levels.contains("[confidentiality]"))
}

fn out_of_reach(what: &str, path: &Path, errno: Errno) -> Failure {
    match errno {
        Errno::EACCES | Errno::EPERM => {
            let failure = Failure::file("look into", path, None, &errno.into());
            let advice = failure.advice().unwrap_or_default();
            Failure::new(what, failure.why()).remedy(advice)
        }
        _ => Failure::new(
            what,
            "tracefs is not mounted, or this kernel does not trace",
        )
        .remedy("mount -t tracefs none /sys/kernel/tracing"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_rights_are_told_from_a_missing_mount() {
        let path = Path::new("/sys/kernel/tracing/instances");
        let why = |errno| out_of_reach("cannot trace", path, errno).to_string();
        assert!(why(Errno::ENOENT).contains("tracefs is not mounted"));
        let denied = why(Errno::EACCES);
        assert!(
            denied.contains("root") && !denied.contains("mount -t"),
            "{denied}"
        );
    }

    #[test]
    fn a_locked_kernel_is_named_before_anything_else() {
        let folder = tempfile::tempdir().unwrap();
        let sysroot = Sysroot::new(folder.path().to_path_buf());
        let lockdown = sysroot.sys("kernel/security/lockdown");
        fs::create_dir_all(lockdown.parent().unwrap()).unwrap();
        let why = |levels: &str| {
            fs::write(&lockdown, levels).unwrap();
            instances(&sysroot, "cannot trace").unwrap_err().to_string()
        };
        assert!(why("none integrity [confidentiality]\n").contains("locked down"));
        assert!(why("none [integrity] confidentiality\n").contains("not mounted"));
    }
}
