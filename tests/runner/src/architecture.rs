// SPDX-License-Identifier: GPL-2.0-only

//! The parts of a virtual machine of each architecture.

use clap::ValueEnum;

use crate::args::Args;

/// The architecture of the guest, by Debian's name.
#[derive(Debug, Clone, Copy, PartialEq, ValueEnum)]
pub(crate) enum Architecture {
    Amd64,
    Arm64,
}

impl Architecture {
    /// Whether it is the architecture of this machine.
    pub(crate) fn is_native(self) -> bool {
        match self {
            Self::Amd64 => cfg!(target_arch = "x86_64"),
            Self::Arm64 => cfg!(target_arch = "aarch64"),
        }
    }

    /// QEMU's program for it.
    pub(crate) fn emulator(self) -> &'static str {
        match self {
            Self::Amd64 => "qemu-system-x86_64",
            Self::Arm64 => "qemu-system-aarch64",
        }
    }

    /// QEMU's name for the machine type, if it has no default; with or without memory tags.
    pub(crate) fn machine(self, memory_tags: bool) -> Option<&'static str> {
        match self {
            Self::Amd64 => None,
            Self::Arm64 if memory_tags => Some("virt,gic-version=3,mte=on"),
            Self::Arm64 => Some("virt,gic-version=3"),
        }
    }

    /// The processor to emulate. Without string instructions it does not claim that `rep movs` and `rep stos` are the
    /// fastest way to copy and fill: under emulation they go byte by byte.
    pub(crate) fn processor(self, args: &Args) -> String {
        let slow = if self == Self::Amd64 && args.no_string_instructions {
            ",-erms,-fsrm,-fsrs,-fzrm"
        } else {
            ""
        };
        let processor = match self {
            // QEMU's own processor is an AMD. Under emulation that has no threads and, with several sockets, a clock
            // that the kernel does not trust.
            Self::Amd64 if args.cpus.is_arranged() => "max,vendor=GenuineIntel",
            Self::Amd64 => "max",
            // The most capable processor signs every return address, which takes longer to emulate than everything that
            // returns. This one does not, but its counter would step by 16 ns, and it has no tags.
            Self::Arm64 if args.memory_tags => "max,pauth=off",
            Self::Arm64 => "neoverse-n1,cntfrq=1000000000",
        };
        format!("{processor}{slow}")
    }

    /// The kernel's name of the first serial port.
    pub(crate) fn console(self) -> &'static str {
        match self {
            Self::Amd64 => "ttyS0",
            Self::Arm64 => "ttyAMA0",
        }
    }
}
