// SPDX-License-Identifier: GPL-2.0-only

//! The `contexts` file of a line: how often each stage ran in which context, as a table with a header.

use std::iter;

use crate::layout::columns;

/// The table: a column per context, a row per stage.
#[derive(Debug, PartialEq)]
pub struct Contexts {
    /// The names of the columns, except that of the stages.
    pub columns: Vec<String>,
    /// The stages in the module's order; each has as many counts as there are columns.
    pub stages: Vec<(String, Vec<u64>)>,
    /// The column that counts the runs in a context that is wrong for the stage.
    wrong: usize,
}

impl Contexts {
    /// Parses the file `contexts` of a line; the error names the unexpected part.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut lines = text.lines();
        let header = lines.next().ok_or("it is empty")?;
        let mut words = header.split_whitespace().map(String::from);
        if words.next().as_deref() != Some("stage") {
            return Err(format!("`{header}` is not a header: stage hardirq …"));
        }
        let columns: Vec<String> = words.collect();
        let wrong = columns
            .iter()
            .position(|column| column == "wrong")
            .ok_or("it has no column `wrong`")?;
        let mut stages = Vec::new();
        for line in lines {
            let odd = || format!("`{line}` is not a stage and {} counts", columns.len());
            let mut words = line.split_whitespace();
            let stage = words.next().ok_or_else(odd)?;
            let counts: Vec<u64> = words
                .map(|word| word.parse().map_err(|_| odd()))
                .collect::<Result<_, _>>()?;
            if counts.len() != columns.len() {
                return Err(odd());
            }
            stages.push((stage.to_string(), counts));
        }
        if stages.is_empty() {
            return Err("it has no stages".to_string());
        }
        Ok(Self {
            columns,
            stages,
            wrong,
        })
    }

    /// The table in aligned columns.
    pub fn text(&self, indent: &str) -> String {
        let header = iter::once("stage".to_string()).chain(self.columns.iter().cloned());
        let mut rows: Vec<Vec<String>> = vec![header.collect()];
        for (stage, counts) in &self.stages {
            let counts = counts.iter().map(u64::to_string);
            rows.push(iter::once(stage.clone()).chain(counts).collect());
        }
        columns(indent, &rows)
    }

    /// For each stage, how often it ran in a wrong context.
    pub fn wrong(&self) -> impl Iterator<Item = (&str, u64)> {
        self.stages
            .iter()
            .map(|(stage, counts)| (stage.as_str(), counts[self.wrong]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_stage_has_its_counts() {
        let text = "stage hardirq softirq task wrong\ndevice 100 0 0 0\nbottom_half 0 0 98 2\n";
        let contexts = Contexts::parse(text).unwrap();
        assert_eq!(contexts.columns, ["hardirq", "softirq", "task", "wrong"]);
        assert_eq!(
            contexts.stages[1],
            ("bottom_half".to_string(), vec![0, 0, 98, 2])
        );
        let wrong: Vec<_> = contexts.wrong().collect();
        assert_eq!(wrong, [("device", 0), ("bottom_half", 2)]);
    }

    #[test]
    fn odd_text_is_refused_with_the_odd_line() {
        for (text, why) in [
            ("", "it is empty"),
            ("\n", "`` is not a header: stage hardirq …"),
            ("stage hardirq task\n", "it has no column `wrong`"),
            ("stage wrong\n", "it has no stages"),
            (
                "stage task wrong\ndevice 1\n",
                "`device 1` is not a stage and 2 counts",
            ),
            (
                "stage task wrong\ndevice 1 x\n",
                "`device 1 x` is not a stage and 2 counts",
            ),
            ("stage task wrong\n\n", "`` is not a stage and 2 counts"),
        ] {
            assert_eq!(Contexts::parse(text).unwrap_err(), why);
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(text in damaged_text::texts(&[
            "stage hardirq softirq task wrong\ndevice 1 0 0 0\nbottom_half 0 0 98 0\n",
        ])) {
            if let Ok(contexts) = Contexts::parse(&text) {
                proptest::prop_assert_eq!(contexts.wrong().count(), contexts.stages.len());
                // The shown table has the same form.
                proptest::prop_assert_eq!(Contexts::parse(&contexts.text("")), Ok(contexts));
            }
        }
    }
}
