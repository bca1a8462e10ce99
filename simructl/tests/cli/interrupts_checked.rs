// SPDX-License-Identifier: GPL-2.0-only

//! Checks everything that `irqs` and `softirqs` print for a copy against that copy, with an independent reader: the
//! table at widths from 1 to 300, as blocks, as numbers and transposed; JSON, CSV, pairs and metrics.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use serde_json::Value;

use crate::interrupts_reader::{Copy, Row, capped};

/// All copies, each with the command that shows it.
fn copies() -> Vec<(PathBuf, &'static str)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interrupts");
    let mut copies = Vec::new();
    for folder in [folder.join("kinds"), folder] {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.extension().and_then(|end| end.to_str()) {
                Some("interrupts") => copies.push((path, "irqs")),
                Some("softirqs") => copies.push((path, "softirqs")),
                _ => {}
            }
        }
    }
    copies.sort();
    assert!(copies.len() > 25, "{copies:?}");
    copies
}

fn run(command: &str, path: &Path, arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_simructl"))
        .args([command, "--from", path.to_str().unwrap()])
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{path:?} {arguments:?}: {output:?}"
    );
    String::from_utf8(output.stdout).unwrap()
}

/// The width of a text on a terminal.
fn width(text: &str) -> usize {
    let places = |c: char| match u32::from(c) {
        0x0300..=0x036f => 0,
        0x1100..=0x115f | 0x2e80..=0xa4cf | 0xac00..=0xd7a3 | 0xf900..=0xfaff | 0xff00..=0xff60 => {
            2
        }
        _ => 1,
    };
    text.chars().map(places).sum()
}

/// The CPUs of a list: `0-6/2,9`.
fn listed(list: &str) -> Vec<u64> {
    let part = |part: &str| {
        let (range, step) = part.split_once('/').unwrap_or((part, "1"));
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let number = |text: &str| text.parse::<u64>().unwrap_or_else(|_| panic!("{list}"));
        (number(first)..=number(last))
            .step_by(step.parse().unwrap())
            .collect::<Vec<_>>()
    };
    list.split(',').flat_map(part).collect()
}

/// Whether a number is written exactly, or with at least two digits and a unit.
fn is_written_as(text: &str, number: u128) -> bool {
    let units = [("K", 1e3), ("M", 1e6), ("G", 1e9), ("T", 1e12), ("P", 1e15)];
    match units
        .iter()
        .find_map(|(unit, by)| Some((text.strip_suffix(unit)?, *by)))
    {
        None => text.parse() == Ok(number),
        Some((short, by)) => {
            let written = short.parse::<f64>().unwrap() * by;
            (written - number as f64).abs() <= 0.051 * number as f64
        }
    }
}

/// The cell of a line below a title, which ends where the title ends: numbers are right-aligned.
fn words(line: &str) -> Vec<&str> {
    line.split_whitespace().collect()
}

/// From this width on, a table has all its columns and complete headings.
const ROOMY: usize = 120;

/// From this width on, the titles are complete.
const FAIR: usize = 60;

/// Checks the first line of a table. From `ROOMY` on it is complete: the number and the list of CPUs, rows, sum.
fn check_summary(line: &str, copy: &Copy) {
    let parts: Vec<&str> = line.split("; ").collect();
    let [cpus, rows, sum] = parts[..] else {
        panic!("not three parts: {line}");
    };
    let count = |number: usize, noun: &str| match number {
        1 => format!("1 {noun}"),
        _ => format!("{number} {noun}s"),
    };
    let (cpus, list) = cpus.split_once(": ").expect(line);
    assert_eq!(cpus, count(copy.cpus.len(), "CPU"));
    assert_eq!(listed(list), copy.cpus, "{line}");
    assert_eq!(rows, count(copy.rows.len(), "row"));
    assert_eq!(sum, format!("{} in all", copy.total()));
}

/// Checks the legend of the cells: the full block is the highest count of any CPU in any row.
fn check_legend(text: &str, copy: &Copy) {
    let counts = copy.rows.iter().filter_map(|row| row.by_cpu(copy));
    let most = *counts.flatten().max().unwrap();
    let line = text.lines().find(|line| line.starts_with("cpus: "));
    let line = line.unwrap_or_else(|| panic!("no legend in\n{text}"));
    match line.split_once("▁ 1 to █ ") {
        Some((_, told)) => assert_eq!(told.split(',').next(), Some(&*most.to_string()), "{line}"),
        None => assert_eq!(most, 0, "{line}"),
    }
}

/// Checks a table; returns how many numbers were compared.
fn check_table(text: &str, copy: &Copy, most: usize) -> usize {
    let mut compared = 0;
    for line in text.lines() {
        assert!(width(line) <= most, "{} places: {line}", width(line));
        assert!(!line.contains('\u{1b}'), "{line:?}");
    }
    let lines: Vec<&str> = text.lines().collect();
    let cut = |line: &str| line.ends_with('…');
    // The sum in the first line.
    if let Some(sum) = lines[0].strip_suffix(" in all").filter(|_| !cut(lines[0])) {
        let sum = words(sum).pop().unwrap();
        assert!(is_written_as(sum, copy.total()), "{}", lines[0]);
        compared += 1;
    }
    if let Some((lead, _)) = lines[0].split_once(" CPU").filter(|_| !cut(lines[0])) {
        assert_eq!(lead.parse(), Ok(copy.cpus.len()), "{}", lines[0]);
        if let Some((_, list)) = lines[0].split_once(": ") {
            assert_eq!(
                listed(list.split(';').next().unwrap()),
                copy.cpus,
                "{}",
                lines[0]
            );
        }
    }
    if most >= ROOMY {
        check_summary(lines[0], copy);
    }
    // The sum of each CPU, or of several of them together.
    if let Some(at) = lines.iter().position(|line| line.starts_with("CPU ")) {
        let (names, totals) = (words(lines[at]), words(lines[at + 1]));
        assert_eq!((names.len(), totals[0]), (totals.len(), "total"), "{text}");
        let mut all = Vec::new();
        for (list, total) in names.iter().zip(&totals).skip(1) {
            let list = listed(list);
            let columns = (0..copy.cpus.len()).filter(|at| list.contains(&copy.cpus[*at]));
            assert!(
                is_written_as(total, copy.of_cpus(columns.clone())),
                "{total} of {list:?} in\n{text}"
            );
            all.extend(list);
            compared += 1;
        }
        assert_eq!(all, copy.cpus, "{text}");
    }
    compared
}

/// Checks the rows of a table: all of them are there, each with its total. Returns their order.
fn check_rows(text: &str, command: &str, copy: &Copy, cells: &str, most: usize) -> usize {
    let mut compared = 0;
    let lines: Vec<&str> = text.lines().collect();
    let Some(blank) = lines.iter().position(|line| line.is_empty()) else {
        assert!(copy.rows.is_empty(), "{text}");
        return 0;
    };
    let titles = lines[blank + 1];
    let rows = &lines[blank + 2..];
    if most >= ROOMY && copy.cpus.len() > 1 {
        assert!(text.contains("\nCPU "), "no sum of each CPU in\n{text}");
    }
    assert_eq!(rows.len(), copy.rows.len(), "{text}");
    if titles.ends_with('…') {
        assert!(most < FAIR, "{titles}");
        return 0;
    }
    let title_words = words(titles);
    assert_eq!(
        title_words[..2],
        [command.strip_suffix('s').unwrap(), "total"]
    );
    let has_counts = copy.rows.iter().any(|row| row.by_cpu(copy).is_some());
    if most >= ROOMY && has_counts {
        match cells {
            "blocks" => {
                assert_eq!(title_words[2], "cpus", "{text}");
                check_legend(text, copy);
            }
            _ => assert_eq!(
                lists_of(&title_words).flat_map(listed).collect::<Vec<_>>(),
                copy.cpus
            ),
        }
    }
    let mut left: Vec<&Row> = copy.rows.iter().collect();
    for line in rows {
        let row_words = words(line);
        let total = row_words.get(1).filter(|word| !word.ends_with('…'));
        let Some(total) = total else {
            assert!(most < FAIR, "{line} in\n{text}");
            continue;
        };
        let place = left.iter().position(|row| {
            let is_total = match row.counts.is_empty() {
                true => *total == "-",
                false => is_written_as(total, row.total()),
            };
            row.name == row_words[0] && is_total
        });
        let place = place.unwrap_or_else(|| panic!("{line} is of no row in\n{text}"));
        let row = left.remove(place);
        compared += 1;
        if let Some(counts) = row.by_cpu(copy) {
            compared += match cells {
                "blocks" => check_blocks(titles, line, counts, text),
                _ => check_numbers(titles, &row_words, counts, copy, text),
            };
        }
    }
    compared
}

/// Checks the cells below `cpus`: a point for 0, the full block for the highest count.
fn check_blocks(titles: &str, line: &str, counts: &[u128], text: &str) -> usize {
    let Some((before, _)) = titles.split_once("cpus") else {
        return 0;
    };
    let is_cell = |c: &char| "·▁▂▃▄▅▆▇█".contains(*c);
    let cells: Vec<char> = line
        .chars()
        .skip(width(before))
        .take_while(is_cell)
        .collect();
    if line.ends_with('…') || cells.is_empty() {
        return 0;
    }
    let share = match text.split_once("the hottest of ") {
        Some((_, rest)) => words(rest)[0].parse().unwrap(),
        None if cells.len() == counts.len() => 1,
        // The line with the number of CPUs per cell was too long.
        None => counts.len().div_ceil(cells.len()),
    };
    let groups: Vec<u128> = counts
        .chunks(share)
        .map(|group| *group.iter().max().unwrap())
        .collect();
    if groups.len() != cells.len() {
        assert!(!text.contains("a cell for each"), "{line} in\n{text}");
        return 0;
    }
    for (cell, count) in cells.iter().zip(&groups) {
        assert_eq!(*cell == '·', *count == 0, "{line} in\n{text}");
    }
    groups.len()
}

/// The titles of the columns that are numbers of CPUs, each a list of them.
fn lists_of<'a>(titles: &'a [&'a str]) -> impl Iterator<Item = &'a str> {
    let lists = titles.iter().copied().skip(2);
    lists.take_while(|title| title.starts_with(|c: char| c.is_ascii_digit()))
}

/// Checks the numbers below the names of CPUs.
fn check_numbers(titles: &str, line: &[&str], counts: &[u128], copy: &Copy, text: &str) -> usize {
    let mut compared = 0;
    for (list, number) in lists_of(&words(titles)).zip(line.iter().skip(2)) {
        if number.ends_with('…') || list.ends_with('…') {
            break;
        }
        let list = listed(list);
        let columns = (0..copy.cpus.len()).filter(|at| list.contains(&copy.cpus[*at]));
        let sum = capped(columns.map(|at| counts[at]).sum());
        assert!(
            is_written_as(number, sum),
            "{number} of {list:?} in\n{text}"
        );
        compared += 1;
    }
    compared
}

/// Calls `check` for every copy, several in parallel; it must not return 0.
fn each_copy(check: impl Fn(&Path, &str, &Copy) -> usize + Sync) {
    let copies = copies();
    let at = std::sync::atomic::AtomicUsize::new(0);
    let work = || {
        loop {
            let at = at.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            let Some((path, command)) = copies.get(at) else {
                return;
            };
            let copy = Copy::read(path);
            let compared = check(path, command, &copy);
            assert!(
                compared > 0 || copy.rows.is_empty(),
                "{path:?}: nothing compared"
            );
        }
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..2).map(|_| scope.spawn(work)).collect();
        for worker in workers {
            worker.join().unwrap();
        }
    });
}

/// Every width if the environment has WHOLE=1, else every third.
fn step() -> usize {
    let is_whole = std::env::var("WHOLE").is_ok_and(|whole| whole == "1");
    if is_whole { 1 } else { 3 }
}

#[test]
fn tables_of_all_widths_fit_and_agree_with_the_copy() {
    for cells in ["blocks", "numbers"] {
        each_copy(|path, command, copy| {
            // Numbers differ from blocks only in the cells.
            let widths = (1..=300).step_by(if cells == "blocks" {
                step()
            } else {
                3 * step()
            });
            let check = |most: usize| {
                let most_text = most.to_string();
                let text = run(command, path, &["--width", &most_text, "--cells", cells]);
                check_table(&text, copy, most) + check_rows(&text, command, copy, cells, most)
            };
            widths.map(check).sum()
        });
    }
}

#[test]
fn transposed_tables_fit_and_agree_with_the_copy() {
    each_copy(|path, command, copy| {
        let mut compared = 0;
        for most in (1..=300).step_by(7 * step()) {
            let text = run(
                command,
                path,
                &["--transpose", "--width", &most.to_string()],
            );
            compared += check_table(&text, copy, most);
            let lines: Vec<&str> = text.lines().collect();
            let Some(at) = lines
                .iter()
                .position(|line| line.trim_start().starts_with("cpu "))
            else {
                let has_counts = copy.rows.iter().any(|row| row.by_cpu(copy).is_some());
                assert!(most < FAIR || !has_counts, "{text}");
                continue;
            };
            let titles = words(lines[at]);
            for (line, cpu) in lines[at + 1..].iter().zip(0..copy.cpus.len()) {
                let line = words(line);
                assert_eq!(line[0], copy.cpus[cpu].to_string(), "{text}");
                for (title, number) in titles.iter().zip(&line).skip(1) {
                    if title.ends_with('…') || number.ends_with('…') {
                        break;
                    }
                    let is_right = |row: &Row| {
                        let counts = row.by_cpu(copy);
                        row.name == *title
                            && counts.is_some_and(|counts| is_written_as(number, counts[cpu]))
                    };
                    let is_all =
                        *title == "all" && is_written_as(number, copy.of_cpus(cpu..cpu + 1));
                    assert!(
                        is_all || copy.rows.iter().any(is_right),
                        "{title} {number} in\n{text}"
                    );
                    compared += 1;
                }
            }
        }
        compared
            + usize::from(
                copy.rows.iter().all(|row| row.by_cpu(copy).is_none()) && !copy.rows.is_empty(),
            )
    });
}

#[test]
fn json_has_every_count() {
    each_copy(|path, command, copy| {
        let document: Value =
            serde_json::from_str(&run(command, path, &["--json", "--sort", "irq"])).unwrap();
        assert_eq!(document["cpus"], serde_json::json!(copy.cpus));
        let number = |value: &Value| value.as_u64().map(u128::from);
        assert_eq!(number(&document["total"]), Some(copy.total()), "{path:?}");
        for (at, total) in document["per_cpu"]["total"]
            .as_array()
            .unwrap()
            .iter()
            .enumerate()
        {
            assert_eq!(number(total), Some(copy.of_cpus(at..at + 1)), "{path:?}");
        }
        let rows = document["rows"].as_array().unwrap();
        assert_eq!(rows.len(), copy.rows.len(), "{path:?}");
        let mut compared = 0;
        for (told, row) in rows.iter().zip(&copy.rows) {
            assert_eq!(told["name"], row.name);
            let total = (!row.counts.is_empty()).then(|| row.total());
            assert_eq!(number(&told["total"]), total, "{told}");
            let counts = told["per_cpu"]["total"].as_array();
            let counts: Option<Vec<u128>> =
                counts.map(|counts| counts.iter().map(|count| number(count).unwrap()).collect());
            assert_eq!(counts.as_deref(), row.by_cpu(copy), "{told}");
            compared += 1;
        }
        compared
    });
}

/// The fields of a row of CSV.
fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut is_quoted = false;
    let mut characters = line.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            '"' if is_quoted && characters.peek() == Some(&'"') => {
                characters.next();
                fields.last_mut().unwrap().push('"');
            }
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => fields.push(String::new()),
            _ => fields.last_mut().unwrap().push(c),
        }
    }
    fields
}

#[test]
fn csv_has_a_row_for_every_count() {
    each_copy(|path, command, copy| {
        let text = run(command, path, &["--csv", "--sort", "irq"]);
        let mut lines = text.lines();
        let header = fields(lines.next().unwrap());
        let place = |name: &str| header.iter().position(|field| field == name).unwrap();
        let [name, cpu, total, actions] = ["name", "cpu", "total", "actions"].map(place);
        let mut expected = Vec::new();
        for row in &copy.rows {
            match row.by_cpu(copy) {
                None => {
                    expected.extend(row.counts.iter().map(|count| (row, String::new(), *count)))
                }
                Some(counts) => {
                    let counts = copy.cpus.iter().zip(counts);
                    expected.extend(counts.map(|(cpu, count)| (row, cpu.to_string(), *count)));
                }
            }
        }
        let mut compared = 0;
        for (row, of_cpu, count) in expected {
            let line = fields(lines.next().unwrap());
            assert_eq!(line.len(), header.len(), "{line:?}");
            assert_eq!([&line[name], &line[cpu]], [&row.name, &of_cpu]);
            assert_eq!(line[total].parse(), Ok(count), "{line:?}");
            // Actions are separated by ", ", as in the kernel.
            assert!(row.words.ends_with(&line[actions]), "{line:?} of {row:?}");
            compared += 1;
        }
        assert_eq!(lines.next(), None);
        compared
            + usize::from(
                copy.rows.iter().all(|row| row.counts.is_empty()) && !copy.rows.is_empty(),
            )
    });
}

#[test]
fn pairs_have_every_count() {
    each_copy(|path, command, copy| {
        let text = run(
            command,
            path,
            &["--pairs", "-o", "irq,total,cpus", "--sort", "irq"],
        );
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), copy.rows.len());
        for (line, row) in lines.iter().zip(&copy.rows) {
            let total = (!row.counts.is_empty()).then(|| row.total().to_string());
            let counts = row.by_cpu(copy).unwrap_or_default();
            let counts: Vec<String> = (copy.cpus.iter().zip(counts))
                .map(|(cpu, count)| format!("{cpu}:{count}"))
                .collect();
            let expected = format!(
                "IRQ=\"{}\" TOTAL=\"{}\" CPUS=\"{}\"",
                row.name,
                total.unwrap_or_default(),
                counts.join(" ")
            );
            assert_eq!(**line, expected, "{path:?}");
        }
        lines.len()
    });
}

/// The series of metrics: labels and value.
fn series(text: &str) -> BTreeMap<String, u128> {
    let mut series = BTreeMap::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (labels, value) = line.rsplit_once("} ").unwrap();
        let before = series.insert(labels.to_string(), value.parse().unwrap());
        assert_eq!(before, None, "{line} appears twice");
    }
    series
}

fn name_of(labels: &str) -> String {
    labels
        .split_once("name=\"")
        .unwrap()
        .1
        .split('"')
        .next()
        .unwrap()
        .to_string()
}

#[test]
fn metrics_have_every_count_once() {
    each_copy(|path, command, copy| {
        let mut compared = 0;
        for format in ["prometheus", "openmetrics"] {
            let run = |more: &[&str]| run(command, path, &[&["--metrics", format], more].concat());
            let all = series(&run(&[]));
            let mut expected: BTreeMap<(String, String), Vec<u128>> = BTreeMap::new();
            for row in copy.summands() {
                let mut put = |cpu: String, count| {
                    expected
                        .entry((row.name.clone(), cpu))
                        .or_default()
                        .push(count);
                };
                match row.by_cpu(copy) {
                    None => row
                        .counts
                        .iter()
                        .for_each(|count| put(String::new(), *count)),
                    Some(counts) => {
                        let counts = copy.cpus.iter().zip(counts);
                        counts.for_each(|(cpu, count)| put(cpu.to_string(), *count));
                    }
                }
            }
            let mut told: BTreeMap<(String, String), Vec<u128>> = BTreeMap::new();
            for (labels, value) in &all {
                let cpu = labels
                    .rsplit_once(",cpu=\"")
                    .map_or("", |(_, cpu)| cpu.trim_end_matches('"'));
                told.entry((name_of(labels), cpu.to_string()))
                    .or_default()
                    .push(*value);
            }
            expected
                .values_mut()
                .chain(told.values_mut())
                .for_each(|counts| counts.sort_unstable());
            assert_eq!(told, expected, "{path:?}");
            compared += all.len();

            let without_zeros = series(&run(&["--no-zeros"]));
            let is_some = all.iter().filter(|(_, value)| **value > 0);
            let is_some: BTreeMap<_, _> = is_some
                .map(|(labels, value)| (labels.clone(), *value))
                .collect();
            assert_eq!(without_zeros, is_some, "{path:?}");

            let sums = series(&run(&["--sum"]));
            let mut sums: Vec<(String, u128)> = sums
                .iter()
                .map(|(labels, value)| (name_of(labels), *value))
                .collect();
            let counter = |row: &Row| match row.counts.iter().all(|count| *count < 1 << 32) {
                true if row.by_cpu(copy).is_some() => row.total() % (1 << 32),
                _ => row.total(),
            };
            let counted = copy.summands().filter(|row| !row.counts.is_empty());
            let mut expected: Vec<(String, u128)> = counted
                .map(|row| (row.name.clone(), counter(row)))
                .collect();
            sums.sort_unstable();
            expected.sort_unstable();
            assert_eq!(sums, expected, "{path:?}");
        }
        compared
            + usize::from(copy.summands().all(|row| row.counts.is_empty()) && !copy.rows.is_empty())
    });
}
