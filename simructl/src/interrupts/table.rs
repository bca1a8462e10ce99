// SPDX-License-Identifier: GPL-2.0-only

//! The format of `/proc/interrupts` and `/proc/softirqs`: a column for each CPU, a row for each cause.
//!
//! It was made to be looked at, and each architecture and each interrupt controller writes its part of a row
//! itself, so what stands behind the counts is told apart by how it looks.

/// Causes that are counted once for all CPUs; with a single CPU their rows look like any other.
const COUNTED_ONCE: [&str; 4] = ["ERR", "Err", "MIS", "BAD"];
/// What flow handlers are called, at the end of a word that is the name of a controller (Linux before 3).
const FLOWS: [&str; 4] = ["edge", "level", "fasteoi", "percpu"];

/// What was counted up to a moment.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Table {
    /// The CPUs that have a column, in the order of the columns: with CPUs offline not 0, 1, 2 and so on.
    pub(crate) cpus: Vec<u32>,
    pub(crate) rows: Vec<Row>,
}

/// What was counted of one cause.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Row {
    /// The number of the interrupt, or a name: `24`, `NMI`, `NET_RX`.
    pub(crate) name: String,
    pub(crate) counts: Counts,
    pub(crate) about: About,
}

/// How often it happened.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Counts {
    /// Not counted: `FIQ: usb_fiq`.
    None,
    /// Counted once for all CPUs: `ERR: 0`.
    Once(u64),
    /// One for each of the table's CPUs.
    PerCpu(Vec<u64>),
}

/// What the kernel says about it.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct About {
    /// The interrupt controller.
    pub(crate) chip: Option<String>,
    /// Its own number of the interrupt.
    pub(crate) hwirq: Option<u64>,
    /// `edge`, `level`, or another flow handler's name.
    pub(crate) trigger: Option<String>,
    /// Whose interrupt it is; several where devices share it.
    pub(crate) actions: Vec<String>,
    /// What an architecture's own row is, in its words.
    pub(crate) description: Option<String>,
}

/// Why a text is none of these tables.
#[derive(Debug, PartialEq)]
pub(crate) enum Odd {
    /// It does not begin with `CPU0 CPU1` and so on.
    Header,
    /// A row, counted from 1 with the header, that has not as many counts as there are CPUs. The kernel
    /// writes such rows while a CPU comes or goes.
    Torn(usize),
    /// A row without a name.
    Nameless(usize),
}

impl Table {
    pub(crate) fn parse(text: &str) -> Result<Self, Odd> {
        let mut lines = text.lines().enumerate();
        let cpus = lines
            .next()
            .and_then(|(_, header)| cpus(header))
            .ok_or(Odd::Header)?;
        let rows = lines
            .filter(|(_, line)| !line.trim().is_empty())
            .map(|(at, line)| row(line, cpus.len(), at + 1))
            .collect::<Result<_, _>>()?;
        Ok(Self { cpus, rows })
    }
}

impl Row {
    /// The number of the interrupt, if it has one.
    pub(crate) fn irq(&self) -> Option<u32> {
        self.name.parse().ok()
    }

    /// The counts of the CPUs, if it is counted by CPU.
    pub(crate) fn per_cpu(&self) -> &[u64] {
        match &self.counts {
            Counts::PerCpu(counts) => counts,
            Counts::Once(_) | Counts::None => &[],
        }
    }

    /// How often it happened on all CPUs that have a column.
    pub(crate) fn total(&self) -> Option<u64> {
        match &self.counts {
            Counts::None => None,
            Counts::Once(count) => Some(*count),
            Counts::PerCpu(counts) => Some(
                counts
                    .iter()
                    .fold(0, |sum, count| sum.saturating_add(*count)),
            ),
        }
    }
}

impl About {
    /// What it is, in one text: whose interrupts, or the kernel's words.
    pub(crate) fn text(&self) -> String {
        match &self.description {
            Some(description) => description.clone(),
            None => self.actions.join(", "),
        }
    }
}

/// The numbers of the CPUs that the header names.
fn cpus(header: &str) -> Option<Vec<u32>> {
    let cpus: Vec<u32> = header
        .split_whitespace()
        .map(|word| word.strip_prefix("CPU")?.parse().ok())
        .collect::<Option<_>>()?;
    // Each stands once, and they go up.
    let is_ordered = cpus.is_sorted_by(|a, b| a < b);
    (!cpus.is_empty() && is_ordered).then_some(cpus)
}

fn row(line: &str, cpus: usize, at: usize) -> Result<Row, Odd> {
    let (name, rest) = line.split_once(':').ok_or(Odd::Nameless(at))?;
    let name = name.trim();
    if name.is_empty() {
        return Err(Odd::Nameless(at));
    }
    let is_irq = name.bytes().all(|byte| byte.is_ascii_digit());
    let (counts, rest) = numbers(rest, cpus);
    let rest = rest.trim();
    let once = counts.len() == 1 && !is_irq && rest.is_empty();
    let counts = match counts[..] {
        [] if !is_irq => Counts::None,
        [count] if once && (cpus > 1 || COUNTED_ONCE.contains(&name)) => Counts::Once(count),
        _ if counts.len() == cpus && !begins_with_number(rest) => Counts::PerCpu(counts),
        _ => return Err(Odd::Torn(at)),
    };
    let about = match is_irq {
        true => controller(rest),
        false => About {
            description: (!rest.is_empty()).then(|| rest.to_string()),
            ..About::default()
        },
    };
    let name = name.to_string();
    Ok(Row {
        name,
        counts,
        about,
    })
}

/// The numbers at the beginning of a text, `most` of them, and what follows.
fn numbers(text: &str, most: usize) -> (Vec<u64>, &str) {
    let bytes = text.as_bytes();
    let mut numbers = Vec::with_capacity(most);
    let mut end = 0;
    while numbers.len() < most {
        let mut at = end;
        while bytes.get(at).is_some_and(u8::is_ascii_blank) {
            at += 1;
        }
        let start = at;
        let mut number = Some(0_u64);
        while let Some(digit) = bytes.get(at).filter(|byte| byte.is_ascii_digit()) {
            let more = |number: u64| number.checked_mul(10)?.checked_add(u64::from(digit - b'0'));
            number = number.and_then(more);
            at += 1;
        }
        // A word that only begins with digits is none.
        let is_whole = at > start && bytes.get(at).is_none_or(u8::is_ascii_blank);
        match number.filter(|_| is_whole) {
            Some(number) => numbers.push(number),
            None => break,
        }
        end = at;
    }
    (numbers, &text[end..])
}

trait Blank {
    fn is_ascii_blank(&self) -> bool;
}

impl Blank for u8 {
    fn is_ascii_blank(&self) -> bool {
        matches!(self, b' ' | b'\t')
    }
}

fn begins_with_number(text: &str) -> bool {
    let word = text.split_whitespace().next();
    word.is_some_and(|word| word.bytes().all(|byte| byte.is_ascii_digit()))
}

/// What stands behind the counts of an interrupt: `IO-APIC 8-edge rtc0`, `GICv3 27 Level arch_timer`,
/// `BRCM STB PCIe MSI 524288 Edge xhci_hcd`, and of old `IO-APIC-edge timer` or `XT-PIC cascade`.
fn controller(text: &str) -> About {
    let words = || text.split_whitespace();
    let start = |word: &str| word.as_ptr() as usize - text.as_ptr() as usize;
    let number = words().skip(1).find_map(|word| {
        let (number, flow) = word.split_once('-').unwrap_or((word, ""));
        let hwirq = number.parse().ok()?;
        Some((start(word), word.len(), hwirq, flow))
    });
    let (chip, hwirq, flow, rest) = match number {
        Some((start, len, hwirq, flow)) => {
            let chip = text[..start].trim_end();
            (chip, Some(hwirq), flow, &text[start + len..])
        }
        None => {
            let chip = words().next().unwrap_or_default();
            let rest = &text[chip.len()..];
            let parts = chip.rsplit_once('-');
            let (chip, flow) = parts
                .filter(|(_, flow)| FLOWS.contains(flow))
                .unwrap_or((chip, ""));
            (chip, None, flow, rest)
        }
    };
    let rest = rest.trim_start();
    let level = ["Edge", "Level"]
        .into_iter()
        .find(|level| rest.split_whitespace().next() == Some(level));
    let actions = level.map_or(rest, |level| &rest[level.len()..]).trim();
    // Behind the level stands the flow handler, if that has a name.
    let actions = match actions.strip_prefix('-').filter(|_| level.is_some()) {
        Some(flow) => flow
            .split_once(' ')
            .map_or("", |(_, actions)| actions.trim()),
        None => actions,
    };
    let trigger = level.map(str::to_lowercase).or_else(|| some(flow));
    About {
        chip: some(chip),
        hwirq,
        trigger,
        actions: actions.split(", ").filter_map(some).collect(),
        description: None,
    }
}

/// A text, unless it is empty.
fn some(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: &str = "\
            CPU0       CPU1
   1:          0          9  IO-APIC   1-edge      i8042
  24:          7          0  simrupt   1-simrupt   simrupt1
 NMI:          3          4  Non-maskable interrupts
 ERR:          5
 FIQ:              usb_fiq
";

    fn about(text: &str) -> (String, Option<u64>, String, String) {
        let about = controller(text);
        let word = |text: Option<String>| text.unwrap_or_default();
        (
            word(about.chip),
            about.hwirq,
            word(about.trigger),
            about.actions.join("|"),
        )
    }

    #[test]
    fn each_kind_of_row_is_understood() {
        let table = Table::parse(TWO).unwrap();
        assert_eq!(table.cpus, [0, 1]);
        let rows: Vec<_> = table
            .rows
            .iter()
            .map(|row| (row.name.as_str(), row.irq(), row.total(), row.about.text()))
            .collect();
        let text = str::to_string;
        assert_eq!(
            rows,
            [
                ("1", Some(1), Some(9), text("i8042")),
                ("24", Some(24), Some(7), text("simrupt1")),
                ("NMI", None, Some(7), text("Non-maskable interrupts")),
                ("ERR", None, Some(5), text("")),
                ("FIQ", None, None, text("usb_fiq")),
            ]
        );
        assert_eq!(table.rows[0].counts, Counts::PerCpu(vec![0, 9]));
        assert_eq!(table.rows[3].counts, Counts::Once(5));
        assert_eq!(table.rows[4].counts, Counts::None);
    }

    #[test]
    fn what_stands_behind_the_counts_is_told_apart() {
        for (text, chip, hwirq, trigger, actions) in [
            (
                "IO-APIC   8-edge      rtc0",
                "IO-APIC",
                Some(8),
                "edge",
                "rtc0",
            ),
            (
                "IO-APIC  16-fasteoi   ehci_hcd:usb1, snd_hda_intel:card0, uhci",
                "IO-APIC",
                Some(16),
                "fasteoi",
                "ehci_hcd:usb1|snd_hda_intel:card0|uhci",
            ),
            (
                "PCI-MSIX-0000:00:03.0   1-edge      virtio0-input.0",
                "PCI-MSIX-0000:00:03.0",
                Some(1),
                "edge",
                "virtio0-input.0",
            ),
            (
                "GICv3  27 Level     arch_timer",
                "GICv3",
                Some(27),
                "level",
                "arch_timer",
            ),
            (
                "BRCM STB PCIe MSI 524288 Edge      xhci_hcd",
                "BRCM STB PCIe MSI",
                Some(524_288),
                "edge",
                "xhci_hcd",
            ),
            (
                "gpio-mxc   4 Edge      GPIO Key Power",
                "gpio-mxc",
                Some(4),
                "edge",
                "GPIO Key Power",
            ),
            ("dummy  44", "dummy", Some(44), "", ""),
            ("None   7  odd", "None", Some(7), "", "odd"),
            ("-          dangling", "-", None, "", "dangling"),
            ("XT-PIC      cascade", "XT-PIC", None, "", "cascade"),
            (
                "XT-PIC-XT-PIC    cascade",
                "XT-PIC-XT-PIC",
                None,
                "",
                "cascade",
            ),
            ("IO-APIC-edge  timer", "IO-APIC", None, "edge", "timer"),
            (
                "IO-APIC-fasteoi   uhci_hcd:usb3, nvidia",
                "IO-APIC",
                None,
                "fasteoi",
                "uhci_hcd:usb3|nvidia",
            ),
            (
                "simrupt   0-simrupt   simrupt0",
                "simrupt",
                Some(0),
                "simrupt",
                "simrupt0",
            ),
            (
                "simrupt    0 Edge    -edge      simrupt0",
                "simrupt",
                Some(0),
                "edge",
                "simrupt0",
            ),
            ("GICv3  27 Level   -fasteoi", "GICv3", Some(27), "level", ""),
            ("", "", None, "", ""),
        ] {
            let text_of = str::to_string;
            assert_eq!(
                about(text),
                (text_of(chip), hwirq, text_of(trigger), text_of(actions)),
                "{text}"
            );
        }
    }

    #[test]
    fn a_column_belongs_to_the_cpu_that_the_header_names() {
        let table = Table::parse("  CPU0  CPU4\n 9:  1  2  GICv3  1 Level  a\n").unwrap();
        assert_eq!(table.cpus, [0, 4]);
        assert_eq!(table.rows[0].per_cpu(), [1, 2]);
    }

    #[test]
    fn one_cpu_has_rows_of_its_own_and_rows_of_all() {
        let table = Table::parse("  CPU0\nERR: 3\nHI: 4\nNMI: 5  Non-maskable\n").unwrap();
        let counts: Vec<&Counts> = table.rows.iter().map(|row| &row.counts).collect();
        let each = |count| Counts::PerCpu(vec![count]);
        assert_eq!(counts, [&Counts::Once(3), &each(4), &each(5)]);
    }

    #[test]
    fn rows_with_other_than_a_count_for_each_cpu_are_torn() {
        for (row, odd) in [
            ("24:  1  IO-APIC 3-edge a", Odd::Torn(2)),
            ("24:  1  2  3  IO-APIC 3-edge a", Odd::Torn(2)),
            (
                "24:  1  99999999999999999999  IO-APIC 3-edge a",
                Odd::Torn(2),
            ),
            ("24:", Odd::Torn(2)),
            ("NMI:  1  Non-maskable interrupts", Odd::Torn(2)),
            ("NMI:  1  2  3  Non-maskable interrupts", Odd::Torn(2)),
            ("no colon", Odd::Nameless(2)),
            (" : 1 2", Odd::Nameless(2)),
        ] {
            let text = format!("  CPU0  CPU1\n{row}\n");
            assert_eq!(Table::parse(&text), Err(odd), "{row}");
        }
    }

    #[test]
    fn what_does_not_begin_with_cpus_is_no_table() {
        for text in [
            "",
            "\n",
            "CPU\n",
            "CPU0 CPUx\n",
            "CPU1 CPU0\n",
            "CPU0 CPU0\n",
            "24: 1\n",
        ] {
            assert_eq!(Table::parse(text), Err(Odd::Header), "{text:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(text in damaged_text::texts(&[TWO])) {
            let _ = Table::parse(&text);
        }
    }
}
