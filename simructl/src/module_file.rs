// SPDX-License-Identifier: GPL-2.0-only

//! The module file that `simructl load` gives to the kernel: where it may be, and the information in it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::kmod::ModuleInitFlags;
use simrupt::modinfo::ModInfo;

/// The name of the module file.
const FILE: &str = "simrupt.ko";

/// The kernel's `MODULE_INIT_COMPRESSED_FILE`.
const COMPRESSED: u32 = 4;

/// The end of a file with an appended signature, the kernel's `MODULE_SIG_STRING`.
const SIGNED: &[u8] = b"~Module signature appended~\n";

/// Directories below a kernel's modules that hold modules from elsewhere: those of DKMS, of the Debian packages, and of
/// `make install`.
const INSTALLED: [&str; 4] = ["updates/dkms", "updates/simrupt", "updates", "extra"];

/// The suffixes of a module's name, for distributions that compress modules.
const COMPRESSIONS: [&str; 4] = ["", ".xz", ".zst", ".gz"];

/// A module file.
#[derive(Debug)]
pub(crate) struct ModuleFile {
    /// The information in it.
    pub(crate) info: ModInfo,
    /// Whether a signature is appended to it, by any key.
    pub(crate) is_signed: bool,
    is_compressed: bool,
}

impl ModuleFile {
    /// Reads a file. `modinfo`, which every system with modules has, reads a compressed one; without it, nothing is
    /// known.
    pub(crate) fn read(path: &Path) -> io::Result<Self> {
        let bytes = fs::read(path)?;
        if path.extension().is_some_and(|extension| extension != "ko") {
            let told = Command::new("modinfo").arg("-0").arg(path).output();
            let told = told.map(|output| output.stdout).unwrap_or_default();
            return Ok(Self {
                info: ModInfo::of(&told),
                is_signed: told.split(|&byte| byte == 0).any(is_signature),
                is_compressed: true,
            });
        }
        Ok(Self {
            info: ModInfo::of(&bytes),
            is_signed: bytes.ends_with(SIGNED),
            is_compressed: false,
        })
    }

    /// The flags with which the kernel must read it.
    pub(crate) fn flags(&self) -> ModuleInitFlags {
        let bits = if self.is_compressed { COMPRESSED } else { 0 };
        ModuleInitFlags::from_bits_retain(bits)
    }
}

/// Whether one of modinfo's strings shows a signature.
fn is_signature(string: &[u8]) -> bool {
    string.starts_with(b"sig_id=") || string.starts_with(b"signer=")
}

/// The places where the module file is looked for, in order: beside the program, the build directories, the installed
/// modules.
pub(crate) fn candidates(program: Option<&Path>, release: &str) -> Vec<PathBuf> {
    let modules = Path::new("/lib/modules").join(release);
    let installed = INSTALLED.iter().flat_map(|folder| {
        let folder = modules.join(folder);
        COMPRESSIONS.map(|compression| folder.join(format!("{FILE}{compression}")))
    });
    program
        .into_iter()
        .chain(["", "build/kmod", "kmod"].map(Path::new))
        .map(|directory| directory.join(FILE))
        .chain(installed)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_beside_the_program_comes_first_and_the_installed_ones_last() {
        let found = candidates(Some(Path::new("/opt/bin")), "7.3.4");
        let expected = [
            "/opt/bin/simrupt.ko",
            "simrupt.ko",
            "build/kmod/simrupt.ko",
            "kmod/simrupt.ko",
            "/lib/modules/7.3.4/updates/dkms/simrupt.ko",
            "/lib/modules/7.3.4/updates/dkms/simrupt.ko.xz",
        ];
        assert_eq!(found[..6], expected.map(PathBuf::from));
        let last = Path::new("/lib/modules/7.3.4/extra/simrupt.ko.gz");
        assert_eq!(found.last().map(PathBuf::as_path), Some(last));
    }

    #[test]
    fn a_signature_is_seen_at_the_end_of_the_file() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x.ko");
        for (end, is_signed) in [(SIGNED, true), (b"~Module signature", false)] {
            fs::write(&path, [b"\0vermagic=7.3.4 SMP\0", end].concat()).unwrap();
            let file = ModuleFile::read(&path).unwrap();
            assert_eq!(file.is_signed, is_signed);
            assert_eq!(file.info.release.as_deref(), Some("7.3.4"));
            assert_eq!(file.flags(), ModuleInitFlags::empty());
        }
        assert!(is_signature(b"sig_id=PKCS#7"));
        assert!(!is_signature(b"parm=signer=x"));
    }

    #[test]
    fn the_kernel_is_told_that_a_file_is_compressed() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x.ko.xz");
        fs::write(&path, b"\xfd7zXZ").unwrap();
        let file = ModuleFile::read(&path).unwrap();
        assert_eq!(file.flags().bits(), 4);
        assert_eq!(file.info, ModInfo::default());
    }
}
