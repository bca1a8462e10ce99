// SPDX-License-Identifier: GPL-2.0-only

//! The text formats of Prometheus and OpenMetrics, as far as they are the same for all metrics.

use std::io::{self, Write};

use clap::ValueEnum;

/// In which format.
#[derive(Debug, Clone, Copy, PartialEq, ValueEnum)]
pub(crate) enum Format {
    /// The text format of Prometheus, which the textfile collector of node_exporter reads
    Prometheus,
    /// OpenMetrics 1.0
    Openmetrics,
}

impl Format {
    /// Writes the comments above the samples of a counter.
    pub(crate) fn heading(
        self,
        output: &mut impl Write,
        family: &str,
        help: &str,
    ) -> io::Result<()> {
        // The older format names the samples in its comments, the newer one their family.
        let suffix = match self {
            Self::Prometheus => "_total",
            Self::Openmetrics => "",
        };
        writeln!(output, "# HELP {family}{suffix} {help}")?;
        writeln!(output, "# TYPE {family}{suffix} counter")
    }

    /// Writes what follows the last sample.
    pub(crate) fn end(self, output: &mut impl Write) -> io::Result<()> {
        match self {
            Self::Prometheus => Ok(()),
            Self::Openmetrics => writeln!(output, "# EOF"),
        }
    }
}

/// Labels, of which those without a value are left out: `kind="irq",name="eth0"`.
pub(crate) fn labels(labels: &[(&str, Option<&str>)]) -> String {
    let labels = labels
        .iter()
        .filter_map(|(label, value)| Some(format!("{label}=\"{}\"", escaped((*value)?))));
    labels.collect::<Vec<_>>().join(",")
}

/// The value of a label.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_stay_within_their_quotes() {
        let text = labels(&[("a", Some("a\"b\\c\nd")), ("b", None), ("c", Some(""))]);
        assert_eq!(text, "a=\"a\\\"b\\\\c\\nd\",c=\"\"");
    }
}
