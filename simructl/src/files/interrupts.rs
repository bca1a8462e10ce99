// SPDX-License-Identifier: GPL-2.0-only

//! `/proc/interrupts`: the line that carries a device's name.

/// The IRQ number of the interrupt line named `device`.
pub(crate) fn irq_of(text: &str, device: &str) -> Option<u32> {
    text.lines()
        .find(|line| line.split_whitespace().last() == Some(device))?
        .split_once(':')?
        .0
        .trim()
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_is_found_by_the_whole_name() {
        let text = "     CPU0  CPU1\n 24:  7  0  simrupt  1  edge  simrupt1\n\
                    LOC:  9  9  Local timer interrupts\n 25:  7  0  simrupt  0  edge  simrupt11\n";
        assert_eq!(irq_of(text, "simrupt1"), Some(24));
        assert_eq!(irq_of(text, "simrupt11"), Some(25));
        assert_eq!(irq_of(text, "simrupt0"), None);
        assert_eq!(irq_of(text, "interrupts"), None);
        assert_eq!(irq_of("", "simrupt1"), None);
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_the_search_panic(text in crate::mutated::texts(&[
            "     CPU0  CPU1\n 24:  7  0  simrupt  1  edge  simrupt1\n",
        ])) {
            let _ = irq_of(&text, "simrupt1");
        }
    }
}
