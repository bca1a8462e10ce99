// SPDX-License-Identifier: GPL-2.0-only

//! `simructl irqs --watch` on a terminal: its sizes and keys. `screens` tests what it shares with other views.

use std::process::Command;

use crate::fake::Fake;
use crate::terminal::Terminal;

fn watch(fake: &Fake, arguments: &str, width: u16, height: u16) -> Terminal {
    let arguments = format!("irqs --watch --interval 0.02 {arguments}");
    Terminal::start(&fake.command(&arguments), width, height)
}

/// The names of the rows below the titles.
fn names(terminal: &Terminal) -> Vec<String> {
    let text = terminal.text();
    let rows = text
        .lines()
        .skip_while(|row| !row.trim_start().starts_with("irq "))
        .skip(1);
    // The footer is not a row.
    rows.map_while(|row| row.split_whitespace().next())
        .take_while(|name| name.parse::<u32>().is_ok())
        .map(String::from)
        .collect()
}

/// Waits until these rows are shown first.
fn begins(terminal: &Terminal, rows: &[&str]) {
    terminal.until("the rows", |terminal| {
        names(terminal).starts_with(&rows.iter().map(ToString::to_string).collect::<Vec<_>>())
    });
}

/// Waits for this many rows.
fn has(terminal: &Terminal, count: usize) {
    terminal.until("the rows", |terminal| names(terminal).len() == count);
}

fn quit(mut terminal: Terminal) {
    terminal.types("q");
    assert!(terminal.ends().0.success());
}

/// This many interrupts on this many CPUs.
fn machine(rows: usize, cpus: usize) -> Fake {
    let mut text = " ".repeat(11);
    for cpu in 0..cpus {
        text += &format!("CPU{cpu:<8}");
    }
    text.push('\n');
    for row in 0..rows {
        text += &format!("{:3}:", 100 + row);
        for cpu in 0..cpus {
            text += &format!(" {:10}", (row * 7 + cpu) % 13);
        }
        text += &format!("  PCI-MSI {row:4}-edge      device{:02}\n", rows - row);
    }
    let fake = Fake::unloaded();
    fake.write("proc/interrupts", &text);
    fake
}

#[test]
fn the_table_fits_every_terminal() {
    let fake = machine(40, 60);
    for (width, height) in [
        (80, 24),
        (40, 24),
        (40, 8),
        (20, 5),
        (3, 3),
        (1, 1),
        (200, 60),
    ] {
        for options in ["", "--cells numbers", "--transpose", "--noheadings"] {
            let terminal = watch(&fake, options, width, height);
            terminal.until("it is shown", |terminal| !terminal.text().trim().is_empty());
            if (width, height, options) == (80, 24, "") {
                terminal.shows("60 CPUs");
                terminal.shows("more  q quit");
                let text = terminal.text();
                assert!(names(&terminal).len() > 12, "{text}");
            }
            quit(terminal);
        }
    }
}

#[test]
fn a_cell_more_or_less_than_the_table_makes_no_difference() {
    let fake = machine(6, 2);
    let terminal = watch(&fake, "", 100, 30);
    has(&terminal, 6);
    terminal.shows("q quit");
    let table = terminal.text();
    let lines: Vec<&str> = table.lines().collect();
    let widths = lines[..lines.len() - 1]
        .iter()
        .map(|line| line.chars().count());
    let widest = widths.max().unwrap();
    quit(terminal);
    for width in [widest - 1, widest, widest + 1] {
        for height in [lines.len() - 1, lines.len(), lines.len() + 1] {
            let [columns, rows] = [width, height].map(|size| u16::try_from(size).unwrap());
            let terminal = watch(&fake, "", columns, rows);
            match width >= widest && height >= lines.len() {
                true => has(&terminal, 6),
                false => terminal.until("rows", |terminal| names(terminal).len() >= 5),
            }
            quit(terminal);
        }
    }
}

#[test]
fn another_size_is_used_at_once() {
    let fake = machine(40, 60);
    let mut terminal = watch(&fake, "", 80, 24);
    terminal.until("rows", |terminal| names(terminal).len() > 12);
    terminal.types(" ");
    terminal.shows("PAUSED");
    terminal.resize(60, 12);
    terminal.until("fewer rows", |terminal| {
        terminal.text().contains("PAUSED") && (1..12).contains(&names(terminal).len())
    });
    quit(terminal);
}

#[test]
fn keys_order_turn_and_scroll() {
    let fake = machine(40, 2);
    let mut terminal = watch(&fake, "--sort irq", 120, 24);
    begins(&terminal, &["100"]);
    terminal.types("n");
    begins(&terminal, &["139"]);
    terminal.types("r");
    begins(&terminal, &["100"]);
    terminal.types("r");
    begins(&terminal, &["139"]);
    terminal.types("i");
    begins(&terminal, &["100"]);
    terminal.types("jj\x1b[B");
    begins(&terminal, &["103"]);
    terminal.shows("3 above");
    terminal.types("G");
    terminal.until("the end", |terminal| {
        names(terminal).contains(&"139".to_string())
    });
    terminal.types("j\x1b[6~");
    terminal.types("g");
    begins(&terminal, &["100"]);
    terminal.types("t");
    // 7 * row + cpu modulo 13, for both CPUs: 11 + 12 is the highest sum.
    terminal.shows("109     23");
    quit(terminal);
}

#[test]
fn a_paused_table_stays() {
    let fake = machine(3, 2);
    let mut terminal = watch(&fake, "--sort irq", 100, 24);
    begins(&terminal, &["100", "101", "102"]);
    terminal.types(" ");
    terminal.shows("PAUSED");
    let text = fake.read("proc/interrupts");
    fake.write("proc/interrupts", &text.replace("device01", "renamed"));
    // A key redraws it, and it still shows the old sample.
    terminal.types("r");
    begins(&terminal, &["102", "101", "100"]);
    assert!(terminal.text().contains("device01"));
    terminal.types(" ");
    terminal.shows("renamed");
    quit(terminal);
}

#[test]
fn after_a_number_of_samples_the_last_one_stays() {
    let fake = machine(3, 2);
    let (status, text) = watch(&fake, "-n 2", 100, 24).ends();
    assert!(status.success());
    assert_eq!(text.matches("device").count(), 3, "{text}");
    assert!(!text.contains("q quit"), "{text}");
}

#[test]
fn a_standard_input_that_is_not_a_terminal_is_not_read() {
    let fake = machine(3, 2);
    let simructl = fake.command("irqs --watch --interval 0.02 -n 3");
    let mut command = Command::new("bash");
    let script = "printf 'q for somebody else' | { \"$@\"; cat; }";
    command
        .args(["-c", script, "bash"])
        .arg(simructl.get_program())
        .args(simructl.get_args())
        .current_dir(fake.path(""));
    let (status, text) = Terminal::start(&command, 100, 24).ends();
    assert!(status.success());
    assert_eq!(text.matches("device").count(), 3, "{text}");
    assert!(text.contains("q for somebody else"), "{text}");
}
