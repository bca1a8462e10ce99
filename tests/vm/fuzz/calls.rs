// SPDX-License-Identifier: GPL-2.0-only

//! Random ioctls, and other calls on a file: the device answers FIONREAD, read and poll, and nothing else.

use super::{
    Tally,
    memory::{BAD, Edge},
    reads::Known,
    rounds, seed,
};
use fastrand::Rng;
use nix::{
    errno::Errno,
    fcntl::OFlag,
    libc::{self, c_int, c_ulong, c_void},
};
use simrupt_vm_tests::Simrupt;
use std::{
    fs::File,
    io::Read,
    os::{fd::AsRawFd, unix::fs::OpenOptionsExt},
    ptr,
};

/// Commands that the kernel handles itself, for any file.
const KERNELS_OWN: [c_ulong; 14] = [
    0x5450,      // FIONCLEX
    0x5451,      // FIOCLEX
    0x5421,      // FIONBIO
    0x5452,      // FIOASYNC
    0x5460,      // FIOQSIZE
    0xc004_5877, // FIFREEZE
    0xc004_5878, // FITHAW
    0xc020_660b, // FS_IOC_FIEMAP
    0x2,         // FIGETBSZ
    0x4004_9409, // FICLONE
    0x4020_940d, // FICLONERANGE
    0xc018_9436, // FIDEDUPERANGE
    0x8008_6601, // FS_IOC_GETFLAGS
    0x801c_581f, // FS_IOC_FSGETXATTR
];

/// Whether the kernel handles a command itself: the listed ones, and the whole family for file systems, which grows.
fn is_the_kernels_own(command: c_ulong) -> bool {
    let kind = (command >> 8) & 0xff;
    KERNELS_OWN.contains(&command) || [b'f', b'X', 0x94, 0x15].contains(&(kind as u8))
}

fn command(random: &mut Rng) -> c_ulong {
    let number = match random.u8(..4) {
        0 => random.u32(..),
        // Neighbours of FIONREAD.
        1 => 0x5400 | random.u32(..0x100),
        // FIONREAD with a bit too many.
        2 => 0x541b ^ (1 << random.u32(..32)),
        // Well-formed commands of other drivers.
        _ => (random.u32(..4) << 30) | (random.u32(..256) << 16) | random.u32(..0x1_0000),
    };
    c_ulong::from(number)
}

/// Calls ioctl with any address; the kernel checks whether it is valid.
fn ioctl(file: &File, command: c_ulong, argument: usize) -> Result<c_int, Errno> {
    // SAFETY: The kernel checks the address.
    Errno::result(unsafe { libc::ioctl(file.as_raw_fd(), command, argument) })
}

#[test]
fn commands_that_the_device_does_not_know_do_nothing() {
    let module = Simrupt::load("rate_hz=0");
    let mut random = Rng::with_seed(seed());
    let mut known = Known::new(&module);
    known.fill(200);
    let mut tally = Tally::default();
    for _ in 0..rounds(3000) {
        let command = command(&mut random);
        let mut edge = Edge::new(1);
        let noise: Vec<u8> = (0..64).map(|_| random.u8(..)).collect();
        let argument = match random.u8(..3) {
            0 => random.usize(..),
            1 => BAD[random.usize(..BAD.len())],
            _ => edge.put_last(&noise).addr(),
        };
        if command == libc::FIONREAD || is_the_kernels_own(command) {
            continue;
        }
        tally.add(size_of::<c_ulong>() + size_of_val(&argument));
        let seen = ioctl(&known.file, command, argument);
        assert_eq!(seen, Err(Errno::ENOTTY), "{command:#x} {argument:#x}");
        assert_eq!(edge.last(64).len(), 64);
    }
    known.settle();
    tally.say("ioctls");
}

#[test]
fn fionread_writes_an_int_where_there_is_one_and_nothing_elsewhere() {
    let module = Simrupt::load("rate_hz=0");
    let mut known = Known::new(&module);
    known.fill(200);
    for address in BAD {
        let seen = ioctl(&known.file, libc::FIONREAD, address);
        assert_eq!(seen, Err(Errno::EFAULT), "{address:#x}");
    }
    let mut edge = Edge::new(1);
    for there in 0..8 {
        edge.put_last(&[0xaa; 16]);
        let seen = ioctl(
            &known.file,
            libc::FIONREAD,
            edge.before_the_end(there).addr(),
        );
        if there < 4 {
            assert_eq!(seen, Err(Errno::EFAULT), "{there}");
        } else {
            assert_eq!(seen, Ok(0), "{there}");
            let bytes = edge.last(there);
            assert_eq!(bytes[..4], 200_u32.to_ne_bytes());
            assert!(bytes[4..].iter().all(|byte| *byte == 0xaa));
        }
    }
    known.settle();
}

#[test]
fn the_device_refuses_calls_that_are_not_for_a_stream() {
    let module = Simrupt::load("rate_hz=0");
    let mut known = Known::new(&module);
    known.fill(50);
    let path = module.line(0).device();
    let both = File::options().read(true).write(true).open(&path).unwrap();
    for file in [&known.file, &both] {
        let fd = file.as_raw_fd();
        // SAFETY: All of them are refused; the addresses are 0 or not used.
        unsafe {
            for (protection, flags) in [
                (libc::PROT_READ, libc::MAP_SHARED),
                (libc::PROT_READ, libc::MAP_PRIVATE),
                (libc::PROT_NONE, libc::MAP_PRIVATE),
            ] {
                let mapped = libc::mmap(ptr::null_mut(), 4096, protection, flags, fd, 0);
                assert_eq!((mapped, Errno::last()), (libc::MAP_FAILED, Errno::ENODEV));
            }
            for whence in [
                libc::SEEK_SET,
                libc::SEEK_CUR,
                libc::SEEK_END,
                libc::SEEK_DATA,
            ] {
                for offset in [0, -1, 1, i64::MAX, i64::MIN] {
                    let seen = Errno::result(libc::lseek(fd, offset, whence));
                    assert_eq!(seen, Err(Errno::ESPIPE), "{whence} {offset}");
                }
            }
            assert!(Errno::result(libc::fsync(fd)).is_err());
            assert!(Errno::result(libc::ftruncate(fd, 0)).is_err());
            assert!(Errno::result(libc::fallocate(fd, 0, 0, 1)).is_err());
        }
    }
    let text = b"anything".as_ptr().cast::<c_void>();
    // SAFETY: The text is there.
    let written = unsafe { libc::pwrite(both.as_raw_fd(), text, 8, 0) };
    assert_eq!((written, Errno::last()), (-1, Errno::ESPIPE));
    assert_eq!(nix::unistd::write(&known.file, b"x"), Err(Errno::EBADF));
    assert_eq!(nix::unistd::write(&both, b"x"), Err(Errno::EINVAL));
    let direct = File::options()
        .read(true)
        .custom_flags(libc::O_DIRECT)
        .open(&path);
    assert_eq!(direct.unwrap_err().raw_os_error(), Some(libc::EINVAL));
    known.settle();
    module.verify();
}

#[test]
fn a_path_alone_gives_no_access_to_what_it_names() {
    let module = Simrupt::load("rate_hz=0");
    let line = module.line(0);
    for path in [line.device(), line.path("rate_hz"), line.path("stats")] {
        let file = File::options()
            .read(true)
            .custom_flags(OFlag::O_PATH.bits())
            .open(&path);
        let file = file.unwrap();
        assert_eq!(
            nix::unistd::read(&file, &mut [0; 10]),
            Err(Errno::EBADF),
            "{path}"
        );
        assert_eq!(nix::unistd::write(&file, b"1"), Err(Errno::EBADF), "{path}");
        assert_eq!(ioctl(&file, libc::FIONREAD, 0), Err(Errno::EBADF), "{path}");
    }
    // It is not open, so it does not keep the device running, and the module is not in use.
    module.verify();
}

#[test]
fn files_in_debugfs_read_the_same_in_any_pieces() {
    let module = Simrupt::load("lines=2 rate_hz=0");
    let mut random = Rng::with_seed(seed());
    let mut known = Known::new(&module);
    known.fill(50);
    let line = module.line(0);
    let mut paths: Vec<String> = ["stats", "contexts", "latency", "irq", "workqueue"]
        .map(|name| line.path(name))
        .into();
    paths.push("/sys/kernel/debug/simrupt/knobs".to_owned());
    let mut tally = Tally::default();
    for path in &paths {
        let whole = std::fs::read(path).unwrap();
        assert!(!whole.is_empty());
        for _ in 0..rounds(20) {
            let mut file = File::open(path).unwrap();
            let mut pieces = Vec::new();
            loop {
                let mut piece = vec![0; random.usize(1..200)];
                let count = file.read(&mut piece).unwrap();
                tally.add(count);
                if count == 0 {
                    break;
                }
                pieces.extend_from_slice(&piece[..count]);
            }
            assert!(pieces == whole, "{path}");
            // From anywhere, too.
            let at = random.usize(..=whole.len() + 10);
            let mut rest = vec![0; whole.len() + 10];
            let offset = i64::try_from(at).unwrap();
            let count = nix::sys::uio::pread(&file, &mut rest, offset).unwrap();
            assert!(
                rest[..count] == whole[at.min(whole.len())..],
                "{path} from {at}"
            );
            for address in BAD {
                let fd = file.as_raw_fd();
                let place = ptr::without_provenance_mut::<c_void>(address);
                // SAFETY: The buffer has this size.
                let seen = unsafe { libc::pread(fd, place, whole.len(), 0) };
                assert_eq!((seen, Errno::last()), (-1, Errno::EFAULT), "{path}");
            }
        }
    }
    tally.say("reads of debugfs");
}
