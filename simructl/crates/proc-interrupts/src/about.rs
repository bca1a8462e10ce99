// SPDX-License-Identifier: GPL-2.0-only

//! The words after the counts: interrupt controller, its number of the interrupt, flow handler, actions.
//!
//! Each architecture and each interrupt controller writes its part of a row itself, so the parts must be recognized by
//! their look. Most kernels use `irq_seq_show()` in `kernel/irq/proc.c`: `CHIP HWIRQ[ Level| Edge][-FLOW]  ACTION,
//! ACTION`.

use std::fmt;

/// Names of flow handlers that old kernels append to the controller's name: `IO-APIC-edge`.
const APPENDED_FLOWS: [&str; 5] = ["edge", "level", "fasteoi", "percpu", "XT-PIC"];
/// Controllers of Xen. Old kernels append the name of any flow handler to their names: `xen-percpu-virq`.
const XEN_CHIPS: [&str; 3] = ["xen-percpu", "xen-pirq", "xen-dyn"];
/// A controller with this whole name, without an appended flow handler.
const XEN_LATEEOI: &str = "xen-dyn-lateeoi";
/// The words that kernels print for a flow handler without a name.
const NO_FLOWS: [&str; 2] = ["<NULL>", "(null)"];

/// Everything that the kernel says about a cause, except its counts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct About {
    /// The interrupt controller.
    pub chip: Option<String>,
    /// The controller's own number of the interrupt.
    pub hwirq: Option<u64>,
    /// Whether it is triggered by an edge or a level, if the kernel says so.
    pub trigger_type: Option<TriggerType>,
    /// The name of the flow handler: `edge`, `fasteoi`, `virq`.
    pub flow: Option<String>,
    /// The names that the drivers gave to their handlers; several if devices share the interrupt.
    pub actions: Vec<String>,
    /// The description of an architecture's own row, in the kernel's words.
    pub description: Option<String>,
    /// For an interrupt, all words after the counts, unchanged.
    pub words: String,
}

/// The trigger of an interrupt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TriggerType {
    /// A change of the signal, or a message.
    Edge,
    /// A signal that stays until it is acknowledged.
    Level,
}

impl TriggerType {
    /// As the kernel's files in sysfs write it: `edge`, `level`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Edge => "edge",
            Self::Level => "level",
        }
    }

    /// The type that a word names, in upper or lower case.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "edge" | "Edge" => Some(Self::Edge),
            "level" | "Level" => Some(Self::Level),
            _ => None,
        }
    }
}

impl fmt::Display for TriggerType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl About {
    /// The name of the flow handler; without one, `edge` or `level`.
    #[must_use]
    pub fn trigger(&self) -> Option<&str> {
        let by_type = || self.trigger_type.map(TriggerType::as_str);
        self.flow.as_deref().or_else(by_type)
    }

    /// The actions, or the kernel's description, as one text.
    #[must_use]
    pub fn text(&self) -> String {
        match &self.description {
            Some(description) => description.clone(),
            None => self.actions.join(", "),
        }
    }

    /// The words after the counts of an architecture's own row.
    pub(crate) fn described(text: &str) -> Self {
        Self {
            description: some(text),
            ..Self::default()
        }
    }

    /// The words after the counts of an interrupt.
    pub(crate) fn of_interrupt(text: &str) -> Self {
        Self {
            words: text.to_string(),
            ..Self::told_apart(text.trim())
        }
    }

    fn told_apart(text: &str) -> Self {
        let (first, rest) = split_at_gap(text);
        let numbered = match hwirq(rest) {
            Some((hwirq, flow, behind)) => Some((first, hwirq, flow, behind)),
            None => words(first).skip(1).find_map(|(at, _)| {
                let (hwirq, flow, behind) = hwirq(&text[at..])?;
                Some((&text[..at], hwirq, flow, behind))
            }),
        };
        match numbered {
            Some((chip, hwirq, flow, behind)) => {
                let (level, own_flow, actions) = behind_controller(behind, true);
                Self::new(chip, Some(hwirq), level, own_flow.or(some(flow)), actions)
            }
            None => {
                // Without a gap in the text, only the first word can be the controller.
                let (chip, behind) = match rest.is_empty() {
                    true => text.split_once(is_blank).unwrap_or((text, "")),
                    false => (first, rest),
                };
                let (level, flow, actions) = behind_controller(behind, false);
                let (chip, appended) = match level.is_none() && flow.is_none() {
                    true => without_flow(chip),
                    false => (chip, ""),
                };
                Self::new(chip, None, level, flow.or(some(appended)), actions)
            }
        }
    }

    fn new(
        chip: &str,
        hwirq: Option<u64>,
        level: Option<TriggerType>,
        flow: Option<String>,
        actions: &str,
    ) -> Self {
        let flow = flow.filter(|flow| !NO_FLOWS.contains(&flow.as_str()));
        let by_flow = || TriggerType::from_word(flow.as_deref()?);
        Self {
            chip: some(chip),
            hwirq,
            trigger_type: level.or_else(by_flow),
            flow,
            actions: actions.split(", ").filter_map(some).collect(),
            ..Self::default()
        }
    }
}

/// The number at the beginning of a text, the name of the flow handler that is attached to it, and what follows:
/// `8-edge  rtc0`, `27 Level  arch_timer`.
fn hwirq(text: &str) -> Option<(u64, &str, &str)> {
    let (word, behind) = match text.find(is_blank) {
        Some(end) => text.split_at(end),
        None => (text, ""),
    };
    let (number, flow) = match word.char_indices().skip(1).find(|(_, c)| *c == '-') {
        Some((at, _)) => (&word[..at], Some(&word[at + 1..])),
        None => (word, None),
    };
    // Linux before 4.20 prints it as a signed number of 32 bits.
    let signed = || {
        number
            .parse::<i32>()
            .ok()
            .map(|number| u64::from(number as u32))
    };
    let hwirq = number.parse().ok().or_else(signed)?;
    match flow {
        None => Some((hwirq, "", behind)),
        // In the name of the device 1-0053 on an I2C bus, there is no flow handler.
        Some(flow) => is_flow(flow).then_some((hwirq, flow, behind)),
    }
}

/// Whether a word can be the name of a flow handler.
fn is_flow(word: &str) -> bool {
    let is_address = word.len() == 4 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '<' || c == '(') && !is_address
}

/// The trigger, the flow handler and the actions, from the text after the controller and its number.
fn behind_controller(text: &str, has_hwirq: bool) -> (Option<TriggerType>, Option<String>, &str) {
    let gap = text.len() - text.trim_start_matches(is_blank).len();
    let mut rest = text.trim_start_matches(is_blank);
    let (word, behind) = match rest.find(is_blank) {
        Some(end) => rest.split_at(end),
        None => (rest, ""),
    };
    // The kernel pads "Level" with blanks. The name of an action follows two blanks, and may contain single ones.
    let is_in_name = has_hwirq && gap > 1 && behind.len() - behind.trim_start().len() == 1;
    let is_capitalised = matches!(word, "Edge" | "Level");
    let level = match is_capitalised && !is_in_name {
        true => TriggerType::from_word(word),
        false => None,
    };
    if level.is_some() {
        rest = behind.trim_start_matches(is_blank);
    }
    let (word, behind) = match rest.find(is_blank) {
        Some(end) => rest.split_at(end),
        None => (rest, ""),
    };
    match word.strip_prefix('-').filter(|flow| is_flow(flow)) {
        Some(flow) => (level, some(flow), behind),
        None => (level, None, rest),
    }
}

/// The controller's name without the flow handler that an old kernel has appended, and that flow handler.
fn without_flow(chip: &str) -> (&str, &str) {
    if XEN_CHIPS.contains(&chip) || chip == XEN_LATEEOI {
        return (chip, "");
    }
    let flows = NO_FLOWS.iter().chain(&APPENDED_FLOWS);
    let of_xen = XEN_CHIPS.iter().find_map(|xen| {
        let flow = chip.strip_prefix(xen)?.strip_prefix('-')?;
        Some((*xen, flow))
    });
    let appended = flows.copied().find_map(|flow| {
        let chip = chip.strip_suffix(flow)?.strip_suffix('-')?;
        (!chip.is_empty()).then_some((chip, flow))
    });
    of_xen.or(appended).unwrap_or((chip, ""))
}

/// A text up to its first gap of more than one blank, and the text after the gap.
fn split_at_gap(text: &str) -> (&str, &str) {
    let gap = text
        .as_bytes()
        .windows(2)
        .position(|pair| pair.iter().all(|byte| is_blank(char::from(*byte))) || pair[0] == b'\t');
    match gap {
        Some(at) => (&text[..at], text[at..].trim_start_matches(is_blank)),
        None => (text, ""),
    }
}

/// The words of a text, with their places in it.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let place = |word: &str| word.as_ptr() as usize - text.as_ptr() as usize;
    text.split(is_blank)
        .filter(|word| !word.is_empty())
        .map(move |word| (place(word), word))
}

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t')
}

/// A text, unless it is empty.
fn some(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Chip, hwirq, trigger, actions.
    fn about(text: &str) -> (String, Option<u64>, String, String) {
        let about = About::of_interrupt(text);
        (
            about.chip.clone().unwrap_or_default(),
            about.hwirq,
            about.trigger().unwrap_or_default().to_string(),
            about.actions.join("|"),
        )
    }

    #[test]
    fn the_words_after_the_counts_are_told_apart() {
        for (text, chip, hwirq, trigger, actions) in [
            // x86, as it is and as it was.
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
                "PCI-MSI 1-edge eth0-rx-0",
                "PCI-MSI",
                Some(1),
                "edge",
                "eth0-rx-0",
            ),
            ("XT-PIC      cascade", "XT-PIC", None, "", "cascade"),
            (
                "XT-PIC-XT-PIC    cascade",
                "XT-PIC",
                None,
                "XT-PIC",
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
            ("PCI-MSI-<NULL>  ahci", "PCI-MSI", None, "", "ahci"),
            ("PCI-MSI-(null)  ahci", "PCI-MSI", None, "", "ahci"),
            // arm64, RISC-V, PowerPC, which print Edge or Level.
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
                "RISC-V INTC   5 Edge      riscv-timer",
                "RISC-V INTC",
                Some(5),
                "edge",
                "riscv-timer",
            ),
            (
                "gpio-mxc   4 Edge      GPIO Key Power",
                "gpio-mxc",
                Some(4),
                "edge",
                "GPIO Key Power",
            ),
            (
                "OpenPIC   Level     Power Key, HDA",
                "OpenPIC",
                None,
                "level",
                "Power Key|HDA",
            ),
            ("XICS   2 Edge      IPI", "XICS", Some(2), "edge", "IPI"),
            (
                "GICv3  27 Level   -fasteoi",
                "GICv3",
                Some(27),
                "fasteoi",
                "",
            ),
            (
                "GIC  33  Level 2 cache",
                "GIC",
                Some(33),
                "",
                "Level 2 cache",
            ),
            (
                "GICv3 27 Level arch_timer",
                "GICv3",
                Some(27),
                "level",
                "arch_timer",
            ),
            // Old ARM and MIPS: no number.
            ("GPIO  1-0053", "GPIO", None, "", "1-0053"),
            ("GPIO  1-a053", "GPIO", None, "", "1-a053"),
            (
                "INTC  General purpose handler",
                "INTC",
                None,
                "",
                "General purpose handler",
            ),
            ("IP27 BRIDGE  qla1280", "IP27 BRIDGE", None, "", "qla1280"),
            ("MIPS  uart 2", "MIPS", None, "", "uart 2"),
            // Xen.
            (
                "xen-percpu    -ipi       resched1",
                "xen-percpu",
                None,
                "ipi",
                "resched1",
            ),
            (
                "xen-percpu-ipi       resched1",
                "xen-percpu",
                None,
                "ipi",
                "resched1",
            ),
            ("xen-percpu  timer1", "xen-percpu", None, "", "timer1"),
            (
                "xen-pirq-ioapic-edge  i8042",
                "xen-pirq",
                None,
                "ioapic-edge",
                "i8042",
            ),
            (
                "xen-dyn-lateeoi    -event     vif1.0",
                "xen-dyn-lateeoi",
                None,
                "event",
                "vif1.0",
            ),
            (
                "xen-dyn-lateeoi  vif1.0",
                "xen-dyn-lateeoi",
                None,
                "",
                "vif1.0",
            ),
            // Others.
            ("sun4v  -IVEC     SUNHV", "sun4v", None, "IVEC", "SUNHV"),
            (
                "MSI -2147483647 Edge      nvme0q1",
                "MSI",
                Some(2_147_483_649),
                "edge",
                "nvme0q1",
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
            ("dummy  44", "dummy", Some(44), "", ""),
            ("None   7  odd", "None", Some(7), "", "odd"),
            ("-          dangling", "-", None, "", "dangling"),
            ("IO-APIC\t8-edge\trtc0", "IO-APIC", Some(8), "edge", "rtc0"),
            ("", "", None, "", ""),
        ] {
            let expected = (chip.into(), hwirq, trigger.into(), actions.into());
            assert_eq!(about(text), expected, "{text}");
        }
    }

    #[test]
    fn a_flow_named_edge_or_level_is_the_trigger_and_another_is_not() {
        let trigger = |text| About::of_interrupt(text).trigger_type;
        assert_eq!(
            trigger("IO-APIC   8-edge      rtc0"),
            Some(TriggerType::Edge)
        );
        assert_eq!(trigger("IO-APIC   9-fasteoi   acpi"), None);
        assert_eq!(
            trigger("GICv3  27 Level   -fasteoi"),
            Some(TriggerType::Level)
        );
    }
}
