// SPDX-License-Identifier: GPL-2.0-only

//! What the kernel's lib/test_workqueue prints, out of a kernel log. Pure.

use std::collections::BTreeMap;

/// One pass over one affinity scope.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Pass {
    /// Work items that all threads together queued and saw run, each second.
    pub(crate) items_hz: f64,
    /// Of the calls of `queue_work` alone.
    pub(crate) p50_ns: f64,
}

/// All passes of each scope, in the order of the log. Loading the module once may make several passes:
/// it refuses to stay, and insmod tries another way.
pub(crate) type Passes = BTreeMap<String, Vec<Pass>>;

pub(crate) fn parse(log: &str) -> Passes {
    let mut passes = Passes::new();
    for line in log.lines() {
        if let Some((scope, pass)) = scope_line(line) {
            passes.entry(scope.to_owned()).or_default().push(pass);
        }
    }
    passes
}

/// Reads `[time] test_workqueue:   SCOPE   N items/sec  p50=N  p90=N  p95=N ns`.
fn scope_line(line: &str) -> Option<(&str, Pass)> {
    let (_, message) = line.split_once("test_workqueue: ")?;
    let words: Vec<&str> = message.split_ascii_whitespace().collect();
    let [scope, items_hz, "items/sec", p50, ..] = words[..] else {
        return None;
    };
    let pass = Pass {
        items_hz: items_hz.parse().ok()?,
        p50_ns: p50.strip_prefix("p50=")?.parse().ok()?,
    };
    Some((scope, pass))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_passes_of_a_real_log_are_found() {
        let passes = parse(include_str!("../tests/data/test_workqueue.log"));
        let scopes: Vec<&str> = passes.keys().map(String::as_str).collect();
        assert_eq!(
            scopes,
            ["cache", "cache_shard", "cpu", "numa", "smt", "system"]
        );
        assert!(passes.values().all(|of_scope| of_scope.len() == 6));
        let first = Pass {
            items_hz: 46622.0,
            p50_ns: 2174.0,
        };
        assert_eq!(passes["cpu"][0], first);
    }

    #[test]
    fn other_lines_are_not_passes() {
        for line in [
            "",
            "[ 3.1] test_workqueue: running 8 threads, 2000 items/thread",
            "[ 3.1] test_workqueue: write 'numa' failed: -22",
            "[ 3.1] other:   cpu 46622 items/sec p50=1 p90=2 p95=3 ns",
            "[ 3.1] test_workqueue:   cpu many items/sec p50=1 p90=2 p95=3 ns",
        ] {
            assert_eq!(scope_line(line), None, "{line}");
        }
    }
}
