// SPDX-License-Identifier: GPL-2.0-only

//! The text formats of Prometheus and OpenMetrics: the parts that all metrics share.

use std::io::{self, Write};

use clap::ValueEnum;

/// The format.
#[derive(Debug, Clone, Copy, PartialEq, ValueEnum)]
pub(crate) enum Format {
    /// The text format of Prometheus, which the textfile collector of node_exporter reads
    Prometheus,
    /// OpenMetrics 1.0
    Openmetrics,
}

/// The kind of a metric.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Type {
    /// Its samples have the suffix `_total`.
    Counter,
    Gauge,
    Summary,
}

impl Format {
    /// Writes the comments above the samples of a metric. If its name ends with `_seconds`, that is its unit.
    pub(crate) fn heading(
        self,
        output: &mut impl Write,
        family: &str,
        kind: Type,
        help: &str,
    ) -> io::Result<()> {
        let word = match kind {
            Type::Counter => "counter",
            Type::Gauge => "gauge",
            Type::Summary => "summary",
        };
        // The older format names the samples in its comments, the newer one their family.
        let suffix = match (self, kind) {
            (Self::Prometheus, Type::Counter) => "_total",
            _ => "",
        };
        writeln!(output, "# HELP {family}{suffix} {help}")?;
        writeln!(output, "# TYPE {family}{suffix} {word}")?;
        match self == Self::Openmetrics && family.ends_with("_seconds") {
            true => writeln!(output, "# UNIT {family} seconds"),
            false => Ok(()),
        }
    }

    /// Writes what follows the last sample.
    pub(crate) fn end(self, output: &mut impl Write) -> io::Result<()> {
        match self {
            Self::Prometheus => Ok(()),
            Self::Openmetrics => writeln!(output, "# EOF"),
        }
    }
}

/// The labels; those without a value are left out: `kind="irq",name="eth0"`.
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

    #[test]
    fn a_counter_is_named_as_each_format_wants_it() {
        let heading = |format: Format, kind| {
            let mut text = Vec::new();
            format.heading(&mut text, "x_seconds", kind, "X.").unwrap();
            format.end(&mut text).unwrap();
            String::from_utf8(text).unwrap()
        };
        assert_eq!(
            heading(Format::Prometheus, Type::Counter),
            "# HELP x_seconds_total X.\n# TYPE x_seconds_total counter\n"
        );
        assert_eq!(
            heading(Format::Openmetrics, Type::Counter),
            "# HELP x_seconds X.\n# TYPE x_seconds counter\n# UNIT x_seconds seconds\n# EOF\n"
        );
        assert_eq!(
            heading(Format::Prometheus, Type::Gauge),
            "# HELP x_seconds X.\n# TYPE x_seconds gauge\n"
        );
    }
}
