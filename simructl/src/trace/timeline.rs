// SPDX-License-Identifier: GPL-2.0-only

//! A journey as text: a row for each hop, with the time since the event was due and since the hop before.

use simrupt::layout::padded;
use simrupt::text::{micros, seconds};
use simrupt::trace::event::Place;
use simrupt::trace::journey::Journey;

/// The names of the columns.
pub(crate) const HEADER: &str =
    "     since due    since hop\n            us           us  hop    cpu  context  thread\n";

/// How wide the column of the thread is.
const TASK: usize = 18;

/// A journey in rows.
pub(crate) fn text(journey: &Journey) -> String {
    let mut text = format!(
        "line {} event {}, due at {} s\n",
        journey.line,
        journey.seq,
        seconds(journey.due_ns)
    );
    let mut before_ns = journey.due_ns;
    for hop in &journey.hops {
        let Place {
            ns,
            cpu,
            task,
            context,
        } = &hop.place;
        let since_due = micros(ns.saturating_sub(journey.due_ns));
        let since_hop = micros(ns.saturating_sub(before_ns));
        let kind = hop.kind.name();
        let task = padded(task, TASK, false);
        let row = format!(
            "{since_due:>14}{since_hop:>13}  {kind:<6} {cpu:>3}  {context:<7}  {task} {}",
            hop.detail
        );
        text += row.trim_end();
        text.push('\n');
        before_ns = *ns;
    }
    if !journey.is_whole() {
        text += "                             …      still on its way when the trace ended\n";
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use simrupt::trace::journey::{Hop, Kind};

    fn hop(kind: Kind, ns: u64, context: &'static str, task: &str, detail: &str) -> Hop {
        let place = Place {
            ns,
            cpu: 1,
            task: task.to_string(),
            context,
        };
        Hop {
            kind,
            place,
            detail: detail.to_string(),
        }
    }

    #[test]
    fn a_thread_with_a_wide_name_leaves_columns_where_they_are() {
        let hops = ["网卡-7", "reader-7"].map(|task| hop(Kind::Emit, 1000, "task", task, "detail"));
        let hops = hops.to_vec();
        let journey = Journey {
            line: 0,
            seq: 1,
            due_ns: 0,
            hops,
        };
        let text = text(&journey);
        let before = |row: &str| simrupt::layout::width(row.split_once("detail").unwrap().0);
        let rows: Vec<usize> = text.lines().skip(1).take(2).map(before).collect();
        assert_eq!(rows[0], rows[1], "{text}");
    }

    #[test]
    fn each_hop_is_a_row_with_both_times() {
        let journey = Journey {
            line: 0,
            seq: 42,
            due_ns: 1_000_000_000,
            hops: vec![
                hop(Kind::Emit, 1_000_001_000, "hardirq", "swapper/1-0", ""),
                hop(
                    Kind::Irq,
                    1_000_003_500,
                    "hardirq",
                    "swapper/1-0",
                    "2 events at once",
                ),
            ],
        };
        assert_eq!(
            text(&journey),
            "\
line 0 event 42, due at 1.000000000 s
         1.000        1.000  emit     1  hardirq  swapper/1-0
         3.500        2.500  irq      1  hardirq  swapper/1-0        2 events at once
                             …      still on its way when the trace ended
"
        );
    }
}
