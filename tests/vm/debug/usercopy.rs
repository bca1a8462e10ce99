// SPDX-License-Identifier: GPL-2.0-only

//! Copies to user space that fail although the memory is mapped, as for a shadow stack, or for memory whose tag differs
//! from the pointer's (`boots/memory_tags.rs`).

use super::sweep::{addresses, set};
use nix::errno::Errno;
use simrupt_vm_tests::{Simrupt, decode, eventually, missing, read_in_time};

/// Makes every copy for a read of the device fail, until this is dropped.
struct Failing;

impl Failing {
    fn start() -> Self {
        let (start, end) =
            addresses(|name| name.contains("11misc_device") && name.contains("9read_iter"));
        for (file, value) in [
            ("require-start", format!("{start:#x}")),
            ("require-end", format!("{end:#x}")),
            ("verbose", "0".to_owned()),
            ("times", "-1".to_owned()),
            ("probability", "100".to_owned()),
        ] {
            set(&format!("fail_usercopy/{file}"), &value);
        }
        Self
    }
}

impl Drop for Failing {
    fn drop(&mut self) {
        set("fail_usercopy/probability", "0");
        set("fail_usercopy/require-start", "0");
        set("fail_usercopy/require-end", "0x1");
    }
}

#[test]
fn a_read_whose_copies_always_fail_ends_and_loses_nothing() {
    let module = Simrupt::load("rate_hz=1000 run=always format=record");
    let line = module.line(0);
    eventually("events arrive", || line.stat("queued") >= 50);
    line.silence();
    let queued = line.stat("queued");
    let file = line.open_nonblock();
    // A read that does not end may write to it at any time.
    let bytes: &'static mut [u8] = vec![0; 65536].leak();
    let failing = Failing::start();
    for _ in 0..3 {
        let result = read_in_time(&file, bytes.as_mut_ptr(), bytes.len());
        assert_eq!(result, Err(Errno::EFAULT));
        assert_eq!(line.stat("queued"), queued);
    }
    drop(failing);
    module.verify();
    let length = read_in_time(&file, bytes.as_mut_ptr(), bytes.len()).unwrap();
    let records = decode(&bytes[..length]);
    assert_eq!(
        (records.len() as u64, missing(&records, queued)),
        (queued, 0)
    );
    module.verify();
}
