// SPDX-License-Identifier: GPL-2.0-only

//! Loading with parameters.

use nix::errno::Errno;
use simrupt_vm_tests::{KNOBS, LOAD_KNOBS, Simrupt, try_load};

#[test]
fn without_parameters_each_knob_has_its_default() {
    let module = Simrupt::load("");
    let knobs = module.line(0).knobs();
    assert_eq!(knobs["rate_hz"], "10");
    assert_eq!(knobs["workqueue"], "unbound");
    assert_eq!(knobs["fifo_size"], "4096");
    assert_eq!(knobs["fifo_policy"], "overwrite");
    assert_eq!(knobs["format"], "char");
    assert_eq!(knobs["run"], "open");
    assert_eq!(module.parameter("lines"), "1\n");
    assert!(!std::path::Path::new("/dev/simrupt1").exists());
}

#[test]
fn every_parameter_describes_itself_to_modinfo() {
    let file = std::env::var("SIMRUPT_KO").unwrap();
    let content = String::from_utf8_lossy(&std::fs::read(file).unwrap()).into_owned();
    for text in [
        "parm=lines:how many independent devices (1..64 lines, default 1)",
        "parmtype=lines:int",
        "parm=rate_hz:events per second on the ideal schedule; 0 is silent (0..1000000 Hz, default 10)",
        "parmtype=rate_hz:array of int",
        "parm=fifo_policy:what a full fifo does: overwrite the oldest record or drop the newest \
         (overwrite|drop, default overwrite)",
        "parmtype=fifo_policy:array of string",
        "parmtype=affinity:array of string",
        "license=GPL v2",
        concat!("version=", env!("CARGO_PKG_VERSION")),
    ] {
        assert!(content.contains(&format!("{text}\0")), "{text}");
    }
    let described = content.matches("parm=").count();
    assert_eq!(described, 1 + KNOBS.len() + LOAD_KNOBS.len());
}

#[test]
fn parameters_are_lists_with_one_value_per_line() {
    let module = Simrupt::load(
        "rate_hz=100,1000 lines=2 workqueue=bh,ordered fifo_size=64,100 fifo_policy=drop,overwrite",
    );
    let (first, second) = (module.line(0).knobs(), module.line(1).knobs());
    assert_eq!((&*first["rate_hz"], &*second["rate_hz"]), ("100", "1000"));
    assert_eq!(
        (&*first["workqueue"], &*second["workqueue"]),
        ("bh", "ordered")
    );
    assert_eq!((&*first["fifo_size"], &*second["fifo_size"]), ("64", "128"));
    assert_eq!(
        (&*first["fifo_policy"], &*second["fifo_policy"]),
        ("drop", "overwrite")
    );
    assert_eq!(module.parameter("rate_hz"), "100,1000\n");
    assert_eq!(module.parameter("workqueue"), "bh,ordered\n");
    assert_eq!(module.parameter("fifo_size"), "64,128\n");
}

#[test]
fn the_last_value_of_a_list_repeats() {
    let module = Simrupt::load("lines=4 rate_hz=1,2 workqueue=bh");
    assert_eq!(module.parameter("rate_hz"), "1,2,2,2\n");
    assert_eq!(module.parameter("workqueue"), "bh,bh,bh,bh\n");
    assert_eq!(module.line(3).get("rate_hz"), "2");
}

#[test]
fn sixty_four_lines_work_and_their_sums_hold() {
    let module = Simrupt::load("lines=64 rate_hz=100 run=always");
    simrupt_vm_tests::eventually("the last line has run", || {
        module.line(63).stat("drained") >= 10
    });
    module.verify();
}

#[test]
fn more_values_than_lines_are_refused() {
    assert_eq!(try_load("lines=2 rate_hz=1,2,3"), Err(Errno::EINVAL));
    assert_eq!(try_load("workqueue=bh,bh"), Err(Errno::EINVAL));
    let many = format!("lines=64 rate_hz={}", ["1"; 65].join(","));
    assert_eq!(try_load(&many), Err(Errno::EINVAL));
    drop(Simrupt::load("lines=2 rate_hz=1,2"));
}

#[test]
fn bad_parameters_keep_the_module_from_loading() {
    for (params, errno) in [
        ("lines=0", Errno::ERANGE),
        ("lines=65", Errno::ERANGE),
        ("lines=-1", Errno::ERANGE),
        ("lines=1,1", Errno::EINVAL),
        ("lines=two", Errno::EINVAL),
        ("rate_hz=1000001", Errno::ERANGE),
        ("rate_hz=-1", Errno::ERANGE),
        ("rate_hz=18446744073709551616", Errno::ERANGE),
        ("rate_hz=1.5", Errno::EINVAL),
        ("rate_hz=0x10", Errno::EINVAL),
        ("rate_hz=", Errno::EINVAL),
        ("rate_hz", Errno::EINVAL),
        ("workqueue=softirq", Errno::EINVAL),
        ("workqueue=BH", Errno::EINVAL),
        ("fifo_size=15", Errno::ERANGE),
        ("fifo_size=1048577", Errno::ERANGE),
        ("fifo_policy=0", Errno::EINVAL),
        ("format=binary", Errno::EINVAL),
        ("run=never", Errno::EINVAL),
        ("affinity=none", Errno::EINVAL),
        ("affinity=free,", Errno::EINVAL),
        ("affinity=", Errno::EINVAL),
        ("affinity=free,fixed", Errno::EINVAL),
    ] {
        assert_eq!(try_load(params), Err(errno), "{params}");
    }
    drop(Simrupt::load(""));
}

#[test]
fn a_load_that_runs_out_of_memory_undoes_all_that_it_did() {
    // 40 MiB each: some lines are set up before the memory is used up.
    assert_eq!(try_load("lines=64 fifo_size=1048576"), Err(Errno::ENOMEM));
    let module = Simrupt::load("lines=2 rate_hz=1000 run=always");
    simrupt_vm_tests::eventually("events arrive", || module.line(1).stat("drained") > 10);
    module.verify();
}
