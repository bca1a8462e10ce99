// SPDX-License-Identifier: GPL-2.0-only

//! The kernels that the tests are for.

use crate::Totals;

/// A kernel of the list.
#[derive(Debug, PartialEq)]
pub(crate) struct Kernel {
    pub(crate) release: String,
    what_it_is: String,
    what_is_different: String,
}

impl Kernel {
    /// The kernels of a list, in its order.
    pub(crate) fn list(text: &str) -> Result<Vec<Self>, String> {
        let rows = text
            .lines()
            .filter(|row| !row.is_empty() && !row.starts_with('#'));
        rows.map(|row| {
            let fields: Vec<&str> = row.split(" | ").map(str::trim).collect();
            let [release, what_it_is, what_is_different] = fields[..] else {
                return Err(format!(
                    "'{row}' is not RELEASE | WHAT IT IS | WHAT IS DIFFERENT"
                ));
            };
            Ok(Self {
                release: release.to_owned(),
                what_it_is: what_it_is.to_owned(),
                what_is_different: what_is_different.to_owned(),
            })
        })
        .collect()
    }

    /// The beginning of this kernel's row.
    pub(crate) fn beginning(&self) -> String {
        format!("| {} |", self.release)
    }

    /// Its row, for a run that ended with `status`.
    pub(crate) fn row(&self, status: i32, time: &str, totals: Option<&Totals>) -> String {
        let architecture = if self.release.contains("arm64") {
            "arm64"
        } else {
            "amd64"
        };
        let count = |count: Option<usize>| count.map_or("?".to_owned(), |count| count.to_string());
        let passed = totals.map_or(0, |totals| totals.passed);
        let passed = match status {
            0 => passed.to_string(),
            _ => format!(
                "{passed}, **FAILED** {}",
                count(totals.map(|totals| totals.failed))
            ),
        };
        format!(
            "{} {architecture} | {} | {passed} | {} | {} | {time} | {} |",
            self.beginning(),
            self.what_it_is,
            count(totals.map(|totals| totals.skipped)),
            count(totals.map(|totals| totals.left_out)),
            self.what_is_different
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str =
        "# release | what | different\n7.3-amd64 | stock | nothing\n7.3-arm64 | Arm | the clock\n";

    #[test]
    fn a_run_has_a_row_with_its_counts() {
        let kernels = Kernel::list(LIST).unwrap();
        let totals = Totals {
            passed: 190,
            failed: 0,
            skipped: 3,
            left_out: 10,
        };
        assert_eq!(
            kernels[0].row(0, "3 min", Some(&totals)),
            "| 7.3-amd64 | amd64 | stock | 190 | 3 | 10 | 3 min | nothing |"
        );
        let totals = Totals {
            failed: 2,
            ..totals
        };
        assert_eq!(
            kernels[1].row(1, "3 min", Some(&totals)),
            "| 7.3-arm64 | arm64 | Arm | 190, **FAILED** 2 | 3 | 10 | 3 min | the clock |"
        );
        assert_eq!(
            kernels[1].row(2, "none", None),
            "| 7.3-arm64 | arm64 | Arm | 0, **FAILED** ? | ? | ? | none | the clock |"
        );
    }

    #[test]
    fn a_line_that_lacks_a_field_is_named() {
        let error = Kernel::list("7.3-amd64 | stock\n").unwrap_err();
        assert!(error.contains("'7.3-amd64 | stock'"), "{error}");
    }
}
