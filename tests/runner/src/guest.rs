// SPDX-License-Identifier: GPL-2.0-only

//! The messages of the guest's init (`tests/lab/init`) on the control port, one per line.
//!
//! | port | in the guest | carries |
//! |---|---|---|
//! | 1 | `/dev/vport0p1` | what the program prints |
//! | 2 | `/dev/vport0p2` | these messages |
//! | 3 | `/dev/vport0p3` | a tar archive of the folder `/out`, uncompressed, names relative to it, before `exit`; nothing when it is empty. There only when run-vm got `--files` |

/// A message of the guest's init.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Message {
    /// `booted`: the system is up; the program starts now.
    Booted,
    /// `exit N`: the program ended with this status.
    Exit(u8),
    /// `taint N`: the kernel's taint mask after it; the last message before power-off.
    Taint(u64),
}

/// Reads one line of the control port.
pub(crate) fn parse(line: &str) -> Option<Message> {
    let mut words = line.split_ascii_whitespace();
    let message = match (words.next()?, words.next()) {
        ("booted", None) => Message::Booted,
        ("exit", Some(status)) => Message::Exit(status.parse().ok()?),
        ("taint", Some(mask)) => Message::Taint(mask.parse().ok()?),
        _ => return None,
    };
    words.next().is_none().then_some(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_messages_of_init_are_understood() {
        assert_eq!(parse("booted"), Some(Message::Booted));
        assert_eq!(parse("exit 101"), Some(Message::Exit(101)));
        assert_eq!(parse("taint 12288"), Some(Message::Taint(12288)));
    }

    #[test]
    fn anything_else_is_not() {
        for line in ["", "exit", "exit -1", "taint x", "booted twice", "exit 1 2"] {
            assert_eq!(parse(line), None, "{line}");
        }
    }
}
