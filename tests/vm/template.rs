// SPDX-License-Identifier: GPL-2.0-only

//! template/: the driver without any measuring.

use nix::{
    errno::Errno,
    kmod::{DeleteModuleFlags, ModuleInitFlags, delete_module, finit_module},
    poll::{PollFd, PollFlags, PollTimeout, poll},
};
use simrupt_vm_tests::{assert_nothing_left, eventually};
use std::{
    ffi::CString,
    fs::{self, File},
    io::Read,
    os::fd::AsFd,
    path::Path,
    thread,
};

const DEVICE: &str = "/dev/simruptmin0";
const DRIVER: &str = "/sys/bus/platform/drivers/simrupt_min";

/// The loaded module; dropping it unloads it, and checks that it left nothing behind.
struct Template;

fn try_load(params: &str) -> Result<Template, Errno> {
    let file = File::open("/root/simrupt_min.ko").expect("the module can be read");
    let params = CString::new(params).unwrap();
    finit_module(file, &params, ModuleInitFlags::empty())?;
    Ok(Template)
}

impl Drop for Template {
    fn drop(&mut self) {
        delete_module(c"simrupt_min", DeleteModuleFlags::O_NONBLOCK).unwrap();
        assert_nothing_left();
    }
}

#[test]
fn the_driver_that_the_page_makes_of_it_works() {
    let file = File::open("/root/mydriver.ko").expect("the module can be read");
    finit_module(file, c"", ModuleInitFlags::empty()).unwrap();
    for _ in 0..2 {
        let mut digits = [0; 25];
        File::open("/dev/mydriver0")
            .unwrap()
            .read_exact(&mut digits)
            .unwrap();
        // The device counts from 0 when its driver is bound.
        assert!(
            digits
                .windows(2)
                .all(|two| two[1] == if two[0] == b'9' { b'0' } else { two[0] + 1 })
        );
        let driver = "/sys/bus/platform/drivers/mydriver";
        fs::write(format!("{driver}/unbind"), "mydriver.0").unwrap();
        assert!(File::open("/dev/mydriver0").is_err());
        fs::write(format!("{driver}/bind"), "mydriver.0").unwrap();
    }
    delete_module(c"mydriver", DeleteModuleFlags::O_NONBLOCK).unwrap();
    assert!(!Path::new("/dev/mydriver0").exists());
}

/// The characters of a device's events: from ' ' to '~', and again.
fn assert_in_order(characters: &[u8]) {
    let after = |character: u8| {
        if character == b'~' {
            b' '
        } else {
            character + 1
        }
    };
    assert!(
        characters.windows(2).all(|two| two[1] == after(two[0])),
        "{characters:?}"
    );
}

fn interrupts() -> u64 {
    let text = fs::read_to_string("/proc/interrupts").unwrap();
    let row = text.lines().find(|row| row.ends_with("simruptmin0"));
    let counts = row
        .expect("the line is in /proc/interrupts")
        .split_whitespace()
        .skip(1);
    counts.map_while(|count| count.parse::<u64>().ok()).sum()
}

#[test]
fn each_way_to_defer_delivers_every_event_in_order() {
    for deferral in 0..4 {
        for burst in [1, 100] {
            let _module =
                try_load(&format!("rate_hz=10000 burst={burst} deferral={deferral}")).unwrap();
            let before = interrupts();
            let mut characters = vec![0; 2000];
            let mut device = File::open(DEVICE).unwrap();
            device.read_exact(&mut characters).unwrap();
            assert_in_order(&characters);
            let raised = interrupts() - before;
            assert!(
                raised > 0 && raised <= 2000 / burst + 200,
                "{raised} for bursts of {burst}"
            );
        }
    }
}

#[test]
fn records_have_their_numbers() {
    let _module = try_load("rate_hz=10000 record=1").unwrap();
    let mut records = vec![0; 100 * 40];
    File::open(DEVICE)
        .unwrap()
        .read_exact(&mut records)
        .unwrap();
    for (number, record) in records.chunks(40).enumerate() {
        let seq = u64::from_ne_bytes(record[..8].try_into().unwrap());
        assert_eq!(seq, number as u64);
    }
}

#[test]
fn a_reader_waits_for_an_event_and_no_longer() {
    let _module = try_load("rate_hz=100").unwrap();
    let mut device = File::open(DEVICE).unwrap();
    let mut waits = [PollFd::new(device.as_fd(), PollFlags::POLLIN)];
    assert_eq!(poll(&mut waits, PollTimeout::NONE), Ok(1));
    let mut characters = [0; 4096];
    let count = device.read(&mut characters).unwrap();
    assert!((1..100).contains(&count), "{count}");
    assert_in_order(&characters[..count]);
}

#[test]
fn unbinding_the_driver_ends_reads_and_it_can_be_bound_again() {
    let _module = try_load("rate_hz=1000").unwrap();
    for _ in 0..3 {
        let mut device = File::open(DEVICE).unwrap();
        let mut character = [0];
        device.read_exact(&mut character).unwrap();
        let reader = thread::spawn(move || {
            loop {
                if let Err(error) = device.read(&mut [0; 4096]) {
                    return error.raw_os_error();
                }
            }
        });
        fs::write(format!("{DRIVER}/unbind"), "simrupt_min.0").unwrap();
        assert_eq!(reader.join().unwrap(), Some(Errno::ENODEV as i32));
        assert!(File::open(DEVICE).is_err());
        fs::write(format!("{DRIVER}/bind"), "simrupt_min.0").unwrap();
        eventually("the device is there again", || File::open(DEVICE).is_ok());
    }
}

#[test]
fn it_is_in_use_while_its_device_is_open() {
    let module = try_load("").unwrap();
    let device = File::open(DEVICE).unwrap();
    let refused = delete_module(c"simrupt_min", DeleteModuleFlags::O_NONBLOCK);
    assert_eq!(refused, Err(Errno::EWOULDBLOCK));
    drop(device);
    drop(module);
}

#[test]
fn parameters_out_of_range_are_refused() {
    for params in [
        "rate_hz=0",
        "rate_hz=1000001",
        "burst=0",
        "burst=4097",
        "fifo_size=1000",
        "fifo_size=0",
        "deferral=4",
        "record=2",
        "always=2",
    ] {
        assert_eq!(try_load(params).err(), Some(Errno::EINVAL), "{params}");
        assert_nothing_left();
    }
}
