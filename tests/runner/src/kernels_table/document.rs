// SPDX-License-Identifier: GPL-2.0-only

//! The document, whose table is between two comments.

use crate::kernels::Kernel;

const BEGIN: &str = "<!-- Written by make test-matrix: begin -->";
const END: &str = "<!-- Written by make test-matrix: end -->";
const HEADING: &str = "\
| kernel | architecture | what it is | VM tests passed | skipped | left out | time in the machine | what is different |
|---|---|---|---|---|---|---|---|
";

/// The document with this row for `kernel`, and the old rows of the other kernels in the list, in the list's order.
pub(crate) fn replaced(
    document: &str,
    kernels: &[Kernel],
    kernel: &Kernel,
    row: &str,
) -> Result<String, String> {
    let lacks = |what: &str| format!("it has no line \"{what}\"");
    let (before, rest) = document.split_once(BEGIN).ok_or_else(|| lacks(BEGIN))?;
    let (table, after) = rest.split_once(END).ok_or_else(|| lacks(END))?;
    let mut text = format!("{before}{BEGIN}\n{HEADING}");
    for one in kernels {
        let old = || table.lines().find(|row| row.starts_with(&one.beginning()));
        let row = if one == kernel { Some(row) } else { old() };
        if let Some(row) = row {
            text.push_str(row);
            text.push('\n');
        }
    }
    Ok(text + END + after)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kernels() -> Vec<Kernel> {
        Kernel::list("a | x | y\nb | x | y\nc | x | y\n").unwrap()
    }

    fn document(rows: &str) -> String {
        format!("# Kernels\n\n{BEGIN}\n{HEADING}{rows}{END}\n\nMore.\n")
    }

    #[test]
    fn other_rows_stay_in_the_order_of_the_list() {
        let kernels = kernels();
        let old = document("| b | old |\n| gone | old |\n| a | old |\n");
        let new = replaced(&old, &kernels, &kernels[1], "| b | new |").unwrap();
        assert_eq!(new, document("| a | old |\n| b | new |\n"));
    }

    #[test]
    fn a_document_without_the_table_is_refused() {
        let kernels = kernels();
        let error = replaced("# Kernels\n", &kernels, &kernels[0], "").unwrap_err();
        assert!(error.contains("begin -->"), "{error}");
        let error = replaced(BEGIN, &kernels, &kernels[0], "").unwrap_err();
        assert!(error.contains("end -->"), "{error}");
    }
}
