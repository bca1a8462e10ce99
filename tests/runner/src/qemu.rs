// SPDX-License-Identifier: GPL-2.0-only

//! The virtual machine: its accelerator, its time, and QEMU's command line.

use std::fmt;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::architecture::Architecture;
use crate::args::{Args, Boot, Firmware};

/// The executor of the guest's instructions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Accelerator {
    /// The processor itself.
    Kvm,
    /// QEMU's emulation.
    Emulation,
}

impl Accelerator {
    /// KVM if it works, else emulation. The existence of the device file proves nothing: a nested host may offer it
    /// only to its own guests. The processor's flags tell.
    pub(crate) fn for_guest(architecture: Architecture) -> Self {
        let usable = fs::File::options()
            .read(true)
            .write(true)
            .open("/dev/kvm")
            .is_ok();
        let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        if architecture.is_native() && usable && has_virtualization(&cpuinfo) {
            Self::Kvm
        } else {
            Self::Emulation
        }
    }
}

impl fmt::Display for Accelerator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Kvm => "KVM",
            Self::Emulation => "emulation (no usable hardware virtualization)",
        })
    }
}

/// Whether /proc/cpuinfo shows the flags of Intel's or AMD's hardware virtualization.
fn has_virtualization(cpuinfo: &str) -> bool {
    cpuinfo
        .lines()
        .filter(|line| line.starts_with("flags"))
        .flat_map(str::split_ascii_whitespace)
        .any(|flag| flag == "vmx" || flag == "svm")
}

/// How the guest's clock advances.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Time {
    /// 1 ns per executed instruction, with idle time skipped: the host's load has no effect.
    Virtual,
    /// 1 ns per executed instruction, but the host's clock while the guest is idle: virtual time for a person, who is
    /// slow.
    VirtualWhileBusy,
    /// With the host's clock.
    Real,
}

impl Time {
    /// Virtual if that is possible and not declined.
    pub(crate) fn choose(accelerator: Accelerator, realtime: bool, is_interactive: bool) -> Self {
        match accelerator {
            Accelerator::Emulation if realtime => Self::Real,
            Accelerator::Emulation if is_interactive => Self::VirtualWhileBusy,
            Accelerator::Emulation => Self::Virtual,
            Accelerator::Kvm => Self::Real,
        }
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Virtual => "virtual time (1 ns per instruction)",
            Self::VirtualWhileBusy => {
                "virtual time while it is busy (1 ns per instruction), real time while it is idle"
            }
            Self::Real => "real time",
        })
    }
}

/// The file name of the socket on which the program's output arrives.
pub(crate) const OUTPUT_SOCKET: &str = "output";
/// The file name of the socket on which init's messages arrive.
pub(crate) const CONTROL_SOCKET: &str = "control";

/// The file name of the archive of the guest's files.
pub(crate) const FILES_ARCHIVE: &str = "files.tar";

/// The kernel's command line. For speed, the console only shows warnings and worse at first; init turns it up. An
/// uncompressed kernel is not relocated at random, so there is no "nokaslr"; init would get it as a word.
fn command_line(args: &Args) -> String {
    let console = format!("console={}", args.architecture.console());
    let mut words = vec![
        &*console,
        "loglevel=5 norandmaps panic=-1 cryptomgr.notests=1",
    ];
    words.extend(args.kernel_args.iter().map(String::as_str));
    words.push("--");
    words.extend(args.init.iter().map(String::as_str));
    words.join(" ")
}

/// QEMU's command line, with its sockets in `sockets`.
pub(crate) fn command(
    args: &Args,
    accelerator: Accelerator,
    time: Time,
    sockets: &Path,
) -> Command {
    let mut qemu = match (accelerator, args.host_cpu) {
        // The thread that executes the guest and the main loop wait for one another all the time. On two CPUs that
        // otherwise idle, each of these wake-ups is an interrupt to a sleeping CPU.
        (Accelerator::Emulation, Some(cpu)) => {
            let mut taskset = Command::new("taskset");
            taskset.arg("--cpu-list").arg(cpu.to_string());
            taskset.arg(args.architecture.emulator());
            taskset
        }
        _ => Command::new(args.architecture.emulator()),
    };
    let boot = args.boot();
    if matches!(boot, Some(Boot::Firmware(_))) {
        // Only System Management Mode may write the variables with the keys.
        qemu.args(["-machine", "q35,smm=on"]);
    } else if let Some(machine) = args.architecture.machine(args.memory_tags) {
        qemu.args(["-machine", machine]);
    }
    match accelerator {
        Accelerator::Kvm => qemu.args(["-accel", "kvm", "-cpu", "host"]),
        // One emulation thread: with several, the kernel's patching of its own code can crash it.
        Accelerator::Emulation => qemu.args(["-accel", "tcg,thread=single"]),
    };
    if accelerator == Accelerator::Emulation {
        qemu.arg("-cpu").arg(args.architecture.processor(args));
    }
    if time == Time::VirtualWhileBusy {
        qemu.args(["-icount", "shift=0,sleep=on"]);
    }
    if time == Time::Virtual {
        // Recording keeps QEMU's main loop out while the guest executes. Without it, a loop that was woken for an old
        // timer can take a guest that is just becoming idle for one that was idle before. It then advances the clock
        // twice for instructions that are not yet counted. The record itself is not needed. QEMU supports it for one
        // CPU only.
        let recording = if args.cpus.count() == 1 {
            ",rr=record,rrfile=/dev/null"
        } else {
            ""
        };
        qemu.arg("-icount")
            .arg(format!("shift=0,sleep=off{recording}"));
        qemu.args(["-seed", "42"]);
        qemu.args(["-rtc", "base=2024-01-01T00:00:00,clock=vm"]);
    }
    if let Some(plugin) = &args.plugin {
        qemu.arg("-plugin").arg(plugin);
    }
    qemu.arg("-smp").arg(args.cpus.to_string());
    qemu.arg("-m").arg(args.memory_mib.to_string());
    qemu.args(["-nodefaults", "-no-reboot"]);
    qemu.args(["-display", "none"]);
    let option = |path: &Path| path.display().to_string().replace(',', ",,");
    let socket = |name: &str| option(&sockets.join(name));
    match boot {
        Some(Boot::Direct { kernel, initrd }) => {
            qemu.arg("-kernel").arg(kernel);
            qemu.arg("-initrd").arg(initrd);
            qemu.arg("-append").arg(command_line(args));
        }
        Some(Boot::Firmware(Firmware { code, variables })) => {
            qemu.args(["-global", "driver=cfi.pflash01,property=secure,value=on"]);
            for (unit, file, mode) in [(0, code, "readonly=on"), (1, variables, "snapshot=on")] {
                let file = option(file);
                qemu.arg("-drive").arg(format!(
                    "if=pflash,format=raw,unit={unit},file={file},{mode}"
                ));
            }
        }
        None => {}
    }
    if let Some(disk) = &args.disk {
        let file = option(disk);
        qemu.arg("-drive")
            .arg(format!("file={file},format=raw,if=virtio,snapshot=on"));
    }
    qemu.args(["-serial", "chardev:console", "-chardev"]);
    qemu.arg(format!(
        "file,id=console,path={}",
        option(&args.console_log)
    ));
    // A write to a port is done when it returns, so writes cost the guest hardly any time.
    qemu.args(["-device", "virtio-serial-pci,ioeventfd=off"]);
    if args.is_interactive() {
        qemu.args(["-chardev", "stdio,id=terminal,mux=on,signal=off"]);
        qemu.args(["-device", "virtconsole,nr=0,chardev=terminal"]);
        qemu.args(["-mon", "chardev=terminal"]);
    }
    for (number, name) in [(1, OUTPUT_SOCKET), (2, CONTROL_SOCKET)] {
        qemu.arg("-chardev");
        qemu.arg(format!("socket,id={name},path={}", socket(name)));
        qemu.arg("-device");
        qemu.arg(format!("virtserialport,nr={number},chardev={name}"));
    }
    if args.files.is_some() {
        qemu.args([
            "-chardev",
            &format!("file,id=files,path={}", socket(FILES_ARCHIVE)),
        ]);
        qemu.args(["-device", "virtserialport,nr=3,chardev=files"]);
    }
    qemu
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::tests::parsed;

    #[test]
    fn disk_and_firmware_are_attached_and_never_written_to() {
        let words = "--console-log c --disk d,e --firmware code,variables -- x";
        let args = parsed(words).unwrap();
        let qemu = command(&args, Accelerator::Emulation, Time::Virtual, Path::new("s"));
        let line = format!("{qemu:?}");
        assert!(line.contains("file=d,,e,format=raw,if=virtio,snapshot=on"));
        assert!(line.contains("unit=0,file=code,readonly=on"), "{line}");
        assert!(line.contains("unit=1,file=variables,snapshot=on"), "{line}");
        assert!(line.contains("q35,smm=on"), "{line}");
        assert!(!line.contains("-kernel"), "{line}");
    }

    /// The command line of an emulated machine in virtual time, with these options of run-vm.
    fn emulated(options: &str) -> String {
        let words = format!("--kernel k --initrd i --console-log c {options} -- x");
        let args = parsed(&words).unwrap();
        let emulation = Accelerator::Emulation;
        format!(
            "{:?}",
            command(&args, emulation, Time::Virtual, Path::new("s,t"))
        )
    }

    fn line(init: &str, accelerator: Accelerator, realtime: bool) -> String {
        let words = format!("--kernel k --initrd i --console-log a,b -- {init}");
        let args = parsed(&words).unwrap();
        let time = Time::choose(accelerator, realtime, false);
        format!("{:?}", command(&args, accelerator, time, Path::new("s")))
    }

    #[test]
    fn only_the_processors_flags_count_as_virtualization() {
        assert!(has_virtualization("flags\t\t: fpu vmx sse\n"));
        assert!(has_virtualization("model\t: x\nflags\t\t: svm\n"));
        assert!(!has_virtualization("flags\t\t: fpu svm_lock\n"));
        assert!(!has_virtualization("model name\t: vmx\nbugs\t: svm\n"));
    }

    #[test]
    fn emulation_has_one_thread_and_virtual_time_unless_declined() {
        let line_virtual = line("test", Accelerator::Emulation, false);
        assert!(line_virtual.contains("tcg,thread=single") && line_virtual.contains("-icount"));
        let line_real = line("test", Accelerator::Emulation, true);
        assert!(line_real.contains("tcg,thread=single") && !line_real.contains("-icount"));
    }

    #[test]
    fn emulation_stays_on_one_cpu_of_the_host_if_asked() {
        let words = "--kernel k --initrd i --console-log c --host-cpu 3 -- x";
        let on = |accelerator| {
            let args = parsed(words).unwrap();
            let command = command(&args, accelerator, Time::Real, Path::new("s"));
            format!("{command:?}")
        };
        let emulated = on(Accelerator::Emulation);
        assert!(
            emulated.starts_with(r#""taskset" "--cpu-list" "3" "qemu-system-x86_64" "#),
            "{emulated}"
        );
        let virtualized = on(Accelerator::Kvm);
        assert!(
            virtualized.starts_with(r#""qemu-system-x86_64" "#),
            "{virtualized}"
        );
    }

    #[test]
    fn kvm_runs_in_real_time() {
        let line = line("test", Accelerator::Kvm, false);
        assert!(line.contains("\"kvm\"") && !line.contains("-icount"));
    }

    #[test]
    fn inits_arguments_end_the_kernel_command_line() {
        assert!(line("test one two", Accelerator::Emulation, false).contains("-- test one two\""));
        let line = emulated("--kernel-arg a.b=1 --kernel-arg c");
        assert!(line.contains("notests=1 a.b=1 c -- x\""));
    }

    #[test]
    fn the_machine_is_as_large_as_asked_for() {
        let plain = line("test", Accelerator::Emulation, false);
        assert!(plain.contains(r#""-cpu" "max""#), "{plain}");
        assert!(plain.contains(r#""-smp" "2" "-m" "1024""#), "{plain}");
        let line = emulated("--cpus 8,sockets=2,cores=4 --memory 512");
        assert!(
            line.contains(r#""-cpu" "max,vendor=GenuineIntel""#),
            "{line}"
        );
        assert!(
            line.contains(r#""-smp" "8,sockets=2,cores=4" "-m" "512""#),
            "{line}"
        );
    }

    #[test]
    fn string_instructions_are_the_processors_unless_declined() {
        let of = |name: &str| emulated(&format!("--architecture {name} --no-string-instructions"));
        let amd64 = of("amd64");
        assert!(
            amd64.contains(r#""max,-erms,-fsrm,-fsrs,-fzrm""#),
            "{amd64}"
        );
        assert!(!of("arm64").contains("erms"));
    }

    #[test]
    fn each_architecture_has_its_own_machine() {
        let of = |name: &str| emulated(&format!("--architecture {name}"));
        let amd64 = of("amd64");
        assert!(amd64.contains("qemu-system-x86_64") && amd64.contains("console=ttyS0 "));
        let arm64 = of("arm64");
        assert!(arm64.contains("qemu-system-aarch64") && arm64.contains("console=ttyAMA0 "));
        assert!(arm64.contains(r#""-machine" "virt"#) && arm64.contains("-icount"));
    }

    #[test]
    fn one_cpu_in_virtual_time_is_recorded_and_several_cannot_be() {
        let on = |cpus: &str| emulated(&format!("--cpus {cpus}"));
        assert!(on("1").contains("sleep=off,rr=record"), "{}", on("1"));
        assert!(on("2").contains(r#"sleep=off""#), "{}", on("2"));
    }

    #[test]
    fn there_is_a_port_for_files_when_they_are_wanted() {
        let with = emulated("--files f");
        assert!(with.contains("file,id=files,path=s,,t/files.tar"), "{with}");
        assert!(with.contains("virtserialport,nr=3,chardev=files"), "{with}");
        assert!(!line("test", Accelerator::Emulation, false).contains("nr=3"));
    }

    #[test]
    fn a_comma_in_a_path_does_not_start_an_option() {
        assert!(line("demo", Accelerator::Emulation, false).contains("path=a,,b"));
    }
}
