// SPDX-License-Identifier: GPL-2.0-only

//! The forms of the table in kernels of many ages and architectures, and in copies that people have edited. Each test
//! has an example of one form, and the right values.

use std::time::Duration;

use proc_interrupts::{Changes, Counts, Kind, Notice, ParseError, Row, Table};

fn table(text: &str) -> Table {
    Table::parse(text).unwrap_or_else(|error| panic!("{error} in\n{text}"))
}

/// Name, chip, trigger and actions of each row.
fn rows(text: &str) -> Vec<[String; 4]> {
    let row = |row: &Row| {
        let about = &row.about;
        [
            row.name.clone(),
            about.chip.clone().unwrap_or_default(),
            about.trigger().unwrap_or_default().to_string(),
            about.actions.join("|"),
        ]
    };
    table(text).rows.iter().map(row).collect()
}

/// The increases of the totals.
fn increases(before: &str, now: &str, seconds: Option<u64>) -> Vec<Option<u64>> {
    let now = table(now);
    let changes = Changes::between(&table(before), &now, seconds.map(Duration::from_secs));
    (0..now.rows.len())
        .map(|row| changes.of(row).total())
        .collect()
}

#[test]
fn powerpc_has_two_rows_of_one_name() {
    let before = "\
           CPU0       CPU1       CPU2
LOC:        900        800        700   Local timer interrupts for timer event device
BCT:          0          0          0   Broadcast timer interrupts for timer event device
LOC:          5          5          5   Local timer interrupts for others
";
    let now = before
        .replace("700", "707")
        .replace("5   Local", "6   Local");
    assert_eq!(
        increases(before, &now, Some(1)),
        [Some(7), Some(0), Some(1)]
    );
}

#[test]
fn x86_had_two_rows_of_one_name() {
    let text = "\
           CPU0       CPU1
THR:          1          2   Threshold APIC interrupts
THR:          3          4   Hypervisor callback interrupts
";
    let [first, second] = &table(text).rows[..] else {
        panic!("two rows")
    };
    assert_eq!((first.total(), second.total()), (Some(3), Some(7)));
    assert_ne!(first.about.description, second.about.description);
}

#[test]
fn xen_sets_the_flow_handler_apart_from_the_controller() {
    let text = "\
           CPU0       CPU1
 17:        500          0  xen-percpu    -ipi       callfunc0
 18:          8          0  xen-dyn    -event     hvc_console
 19:          0         73  xen-pirq    -ioapic-edge  ata_piix
";
    let expected = [
        ["17", "xen-percpu", "ipi", "callfunc0"],
        ["18", "xen-dyn", "event", "hvc_console"],
        ["19", "xen-pirq", "ioapic-edge", "ata_piix"],
    ];
    assert_eq!(rows(text), expected);
}

#[test]
fn s390_has_rows_that_are_sums_of_others() {
    let text = "\
           CPU0       CPU1
EXT:         30         70
I/O:          4          6
AIO:          0          9
CLK:         10         20   [EXT] Clock Comparator
EMS:         20         50   [EXT] Emergency Signal
DAS:          4          6   [I/O] DASD
QAI:          0          9   [AIO] QDIO Adapter Interrupt
NMI:          1          0   [NMI] Machine Check
RST:          2          0   [CPU] CPU Restart
";
    let table = table(text);
    let sums: Vec<&str> = (table.rows.iter().filter(|row| row.is_sum))
        .map(|row| row.name.as_str())
        .collect();
    assert_eq!(sums, ["EXT", "I/O", "AIO"]);
    assert_eq!(table.rows.len(), 9);
    assert_eq!(table.rows[0].total(), Some(100));
    assert_eq!(table.total(), 30 + 70 + 10 + 9 + 1 + 2);
    // A row that is a sum counts if its parts are not included.
    assert_eq!(table.summands(&[0, 1, 3]), [1, 3]);
    assert_eq!(table.summands(&[0, 1, 2]), [0, 1, 2]);
    assert_eq!(self::table("CPU0 CPU1\nEXT: 3 4\n").total(), 7);
}

#[test]
fn a_counter_that_was_reset_is_told_from_one_that_wrapped_around() {
    let copy = |count: u64| format!("CPU0\n60: {count} PCI-MSI 9-edge nvme0q1\n");
    // Beyond the middle, and then set up again.
    assert_eq!(increases(&copy(2_900_000_000), &copy(17), Some(1)), [None]);
    assert_eq!(increases(&copy(2_900_000_000), &copy(17), None), [None]);
    // Near the end, but not near enough.
    assert_eq!(increases(&copy(4_000_000_000), &copy(17), Some(1)), [None]);
    assert_eq!(
        increases(&copy(4_294_967_290), &copy(14), Some(1)),
        [Some(20)]
    );
    assert_eq!(increases(&copy(4_294_967_290), &copy(14), None), [Some(20)]);
}

#[test]
fn lines_before_the_header_are_skipped() {
    let plain =
        "           CPU0       CPU1\n  1:          3          4   IO-APIC   1-edge      i8042\n";
    let rows = table(plain).rows;
    for (before, skipped) in [
        ("\n\n", 0),
        ("\u{feff}", 0),
        ("$ cat /proc/interrupts\n", 1),
        (
            "Every 1.0s: cat /proc/interrupts      box: Sat Nov 28 17:40:00 2026\n\n",
            1,
        ),
        (
            "\u{feff}[root@box ~]# date\nSat Nov 28\n[root@box ~]# cat /proc/interrupts\r\n",
            3,
        ),
    ] {
        let table = table(&format!("{before}{plain}"));
        assert_eq!(table.rows, rows, "{before:?}");
        let notices: &[Notice] = match skipped {
            0 => &[],
            lines => &[Notice::SkippedBefore { lines }],
        };
        assert_eq!(table.notices, notices, "{before:?}");
    }
}

#[test]
fn lines_after_the_table_are_skipped() {
    let plain =
        "           CPU0       CPU1\n  1:          3          4   IO-APIC   1-edge      i8042\n";
    let rows = table(plain).rows;
    for (behind, lines, line) in [
        ("root@box:~# \n", 1, 3),
        ("root@box:~#", 1, 3),
        ("[root@box ~]# exit\nlogout\n", 2, 3),
        ("\nreal    0m0,003s\nuser    0m0,001s\n", 2, 4),
        ("box:/ # \n 10:15:01 up 12 days,  3:07,  1 user\n", 2, 3),
        ("-rw-r--r-- 1 root root 0 Nov 28 10:00 x\n", 1, 3),
    ] {
        let table = table(&format!("{plain}{behind}"));
        assert_eq!(table.rows, rows, "{behind:?}");
        let notice = match behind.ends_with('\n') {
            true => Notice::SkippedAfter { line, lines },
            false => Notice::CutRow { line },
        };
        assert_eq!(table.notices, [notice], "{behind:?}");
    }
}

#[test]
fn lines_between_rows_must_be_rows() {
    for (text, error) in [
        // Wrapped by a mail program.
        (
            "CPU0 CPU1\n1: 3 4 IO-APIC\n1-edge i8042\n2: 3 4 IO-APIC 2-edge x\n",
            ParseError::NotARow { line: 3 },
        ),
        (
            "CPU0 CPU1\n1: 3\n4 IO-APIC 1-edge i8042\n",
            ParseError::Torn { line: 2 },
        ),
        ("1: 3 4 IO-APIC 1-edge i8042\n", ParseError::NoHeader),
        (
            "CPU0 CPU1\n1: 3 4 IO-APIC 1-edge i8042\n CPU0 CPU1\nHI: 3 4\n",
            ParseError::SecondTable { line: 3 },
        ),
        (
            "CPU0 CPU1\n1: 3 4 5 IO-APIC 1-edge i8042\n",
            ParseError::Torn { line: 2 },
        ),
        (
            "CPU0 CPU1\nNMI: 3  Non-maskable\n",
            ParseError::Torn { line: 2 },
        ),
        (
            "CPU0 CPU1\n1: 3 99999999999999999999 x\n",
            ParseError::Torn { line: 2 },
        ),
        (
            "CPU0 CPU1\n1: -3 4 IO-APIC 1-edge i8042\n",
            ParseError::NotARow { line: 2 },
        ),
        (
            "CPU0 CPU1\n1: 0x3 4 IO-APIC 1-edge i8042\n",
            ParseError::NotARow { line: 2 },
        ),
        ("CPU0 CPU1\n-1: 3 4 x\n", ParseError::NotARow { line: 2 }),
        ("", ParseError::NoHeader),
        ("\n", ParseError::NoHeader),
        ("CPU\n", ParseError::NoHeader),
        ("CPU1 CPU0\n", ParseError::NoHeader),
        ("CPU0 CPU0\n", ParseError::NoHeader),
        ("CPU0 CPU+1\n", ParseError::NoHeader),
    ] {
        assert_eq!(Table::parse(text), Err(error), "{text:?}");
    }
}

#[test]
fn a_row_that_may_be_cut_is_left_out() {
    let cut = |text: &str| {
        let table = table(text);
        let names: Vec<String> = table.rows.into_iter().map(|row| row.name).collect();
        (names.join(" "), table.notices)
    };
    let header =
        "           CPU0       CPU1\nNMI:          1          2   Non-maskable interrupts\n";
    let kept = |name: &str| {
        (
            format!("NMI {name}"),
            vec![Notice::NoFinalNewline { line: 3 }],
        )
    };
    let left_out = || ("NMI".to_string(), vec![Notice::CutRow { line: 3 }]);
    for rest in [
        "L",
        "LOC:",
        "LOC:     123456",
        "LOC:     123456     9",
        "ERR:     12",
        " 24:          5",
    ] {
        assert_eq!(cut(&format!("{header}{rest}")), left_out(), "{rest:?}");
    }
    for (rest, name) in [
        // The counts end in the columns where the names of the CPUs end.
        ("LOC:     123456     987654   Local", "LOC"),
        ("LOC:     123456        654", "LOC"),
        ("LOC:     123456     987654", "LOC"),
        ("LOC:          0          0", "LOC"),
        ("ERR:         12", "ERR"),
        ("ERR:          0", "ERR"),
        (" 24:          5          6   IO-APIC   8-ed", "24"),
    ] {
        assert_eq!(cut(&format!("{header}{rest}")), kept(name), "{rest:?}");
    }
    let table = table("           CPU0       CPU1\n");
    assert_eq!(table.notices, [Notice::NoRows]);
}

#[test]
fn names_need_not_be_utf8() {
    let text = b"           CPU0\n 36:          3  XIVE-IRQ 50331732 Edge      \xc3\x28\x80\n\
                 37:          4  XIVE-IRQ 50331733 Edge      eth0\n";
    let table = Table::parse(text).unwrap();
    assert_eq!(table.rows[0].about.actions, ["\u{fffd}(\u{fffd}"]);
    assert_eq!(table.rows[0].about.hwirq, Some(50_331_732));
    assert_eq!(table.rows[1].about.actions, ["eth0"]);
    assert_eq!(table.total(), 7);
}

#[test]
fn a_device_on_an_i2c_bus_is_no_flow_handler() {
    let text = "           CPU0\n 52:          7   ARMCTRL  DMA IRQ 1\n187:          8      GPIO  2-001a\n";
    let expected = [
        ["52", "ARMCTRL", "", "DMA IRQ 1"],
        ["187", "GPIO", "", "2-001a"],
    ];
    assert_eq!(rows(text), expected);
}

#[test]
fn a_controllers_name_may_have_several_words() {
    let text = "\
           CPU0
  7:          9            MIPS  timer
 11:          8       IP32 MACE  Fast Ethernet
 16:          7   IP32 MACE PCI  aic7xxx, scsi 2
";
    let expected = [
        ["7", "MIPS", "", "timer"],
        ["11", "IP32 MACE", "", "Fast Ethernet"],
        ["16", "IP32 MACE PCI", "", "aic7xxx|scsi 2"],
    ];
    assert_eq!(rows(text), expected);
}

#[test]
fn a_flow_handler_without_a_name_is_none() {
    let text = "           CPU0\n313:          9   PCI-MSI-<NULL>  eth3\n";
    assert_eq!(rows(text), [["313", "PCI-MSI", "", "eth3"]]);
}

#[test]
fn a_table_knows_which_file_it_is_a_copy_of() {
    for (text, kind) in [
        ("CPU0\n HI: 1\nTIMER: 2\n", Some(Kind::Softirqs)),
        (
            "CPU0 CPU1\n HI: 1 2\nBLOCK_IOPOLL: 2 3\nNOVEL: 1 1\n",
            Some(Kind::Softirqs),
        ),
        ("CPU0\n1: 1 IO-APIC 1-edge x\n", Some(Kind::Interrupts)),
        (
            "CPU0\nNMI: 1 Non-maskable interrupts\n",
            Some(Kind::Interrupts),
        ),
        ("CPU0 CPU1\nERR: 1\n", Some(Kind::Interrupts)),
        ("CPU0 CPU1\nEXT: 1 2\n", None),
        ("CPU0\n", None),
    ] {
        assert_eq!(table(text).kind(), kind, "{text}");
    }
}

#[test]
fn rows_are_counted_by_cpu_once_or_not_at_all() {
    let text = "  CPU0  CPU4\nERR: 3\nHI: 4 5\nFIQ:              usb_fiq\nNMI: 5 6  Non-maskable\n";
    let table = table(text);
    assert_eq!(table.cpus, [0, 4]);
    let total = |row: &Row| {
        (
            row.total(),
            row.per_cpu().map(|counts| counts.iter().collect()),
        )
    };
    let totals: Vec<(_, Option<Vec<u64>>)> = table.rows.iter().map(total).collect();
    let expected = [
        (Some(3), None),
        (Some(9), Some(vec![4, 5])),
        (None, None),
        (Some(11), Some(vec![5, 6])),
    ];
    assert_eq!(totals, expected);
    // With one CPU, the rows that are counted once are recognized by their names.
    let table = self::table("CPU0\nERR: 3\nNMI: 5\n");
    assert_eq!(table.rows[0].counts, Counts::Once(3));
    assert!(matches!(table.rows[1].counts, Counts::PerCpu(_)));
}

#[test]
fn cpus_can_be_chosen() {
    let mut table = table("CPU0 CPU2 CPU4\n1: 1 2 4 GIC 1 Edge x\nERR: 3\nFIQ:    usb\n");
    table.retain_cpus(&"0-3/2".parse().unwrap());
    assert_eq!(table.cpus, [0, 2]);
    assert_eq!(table.rows.len(), 2);
    assert_eq!(table.total(), 3);
}

#[cfg(feature = "gzip")]
#[test]
fn a_gzip_file_is_read_unless_it_is_cut() {
    use std::io::Write;

    let text = b"           CPU0\nHI:          5\n";
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packer.write_all(text).unwrap();
    let packed = packer.finish().unwrap();
    let read = Table::read(&packed[..]).unwrap();
    assert_eq!(read, Table::parse(text).unwrap());
    let twice = [&packed[..], &packed[..]].concat();
    assert!(
        Table::read(&twice[..])
            .unwrap_err()
            .to_string()
            .contains("another table")
    );
    for cut in 2..packed.len() {
        Table::read(&packed[..cut]).unwrap_err();
    }
}

#[test]
fn a_format_that_is_not_plain_text_is_named() {
    for (text, name) in [
        (&b"\x1f\x8b\x08\0\0\0"[..], "gzip-compressed"),
        (b"\xfd7zXZ\0\0\x04", "xz-compressed"),
        (b"\x28\xb5\x2f\xfd\x24", "zstd-compressed"),
        (b"\xff\xfeC\0P\0U\0", "UTF-16 text"),
    ] {
        assert_eq!(Table::parse(text), Err(ParseError::Encoded { name }));
    }
    assert!(
        Table::read(&b"\xfd7zXZ\0\0\x04"[..])
            .unwrap_err()
            .to_string()
            .contains("xz")
    );
}
