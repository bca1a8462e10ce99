// SPDX-License-Identifier: GPL-2.0-only

//! What `simructl help` explains besides commands. A topic is a page of Documentation/, or a section of one, which is
//! compiled in: `document` reads its Markdown, `text` writes it for a terminal, `manual` as a manual page.
//!
//! The folder `pages` has a link to each page, so that a package of this crate has them.

mod document;
mod manual;
mod text;

use simrupt::failure::Failure;
use simrupt::layout::columns;

use self::document::{Block, Links};

/// A subject that has a page to read.
#[derive(Debug, PartialEq)]
pub(crate) struct Topic {
    /// The word that is typed for it.
    pub(crate) name: &'static str,
    /// What it is about, in a row of a list.
    pub(crate) about: &'static str,
    /// The page's name, and its text in Markdown.
    page: &'static str,
    markdown: &'static str,
    /// The heading of the section that it is, if it is not the whole page.
    section: Option<&'static str>,
}

/// A row of the table: a page, or a section of one.
macro_rules! topic {
    ($name:literal, $page:literal, $section:expr, $about:literal) => {
        Topic {
            name: $name,
            about: $about,
            page: $page,
            markdown: include_str!(concat!("../../pages/", $page)),
            section: $section,
        }
    };
}

/// All of them, in the order of the list.
pub(crate) static ALL: [Topic; 7] = [
    topic!(
        "glossary",
        "glossary.md",
        None,
        "Every word of ours, and the kernel's that go with them"
    ),
    topic!(
        "flavors",
        "knobs.md",
        Some("Flavors of workqueue"),
        "The ways to defer work, and where each runs it"
    ),
    topic!(
        "faults",
        "faults.md",
        None,
        "What can go wrong on purpose: symptom, fault, cure"
    ),
    topic!(
        "counters",
        "stats.md",
        None,
        "What is counted, which sums hold, and the latency histograms"
    ),
    topic!(
        "exit-codes",
        "exit-codes.md",
        None,
        "How a command ends, by the number that it returns"
    ),
    topic!(
        "virtual-time",
        "virtual-time.md",
        None,
        "Why a run in the emulated machine repeats to the digit"
    ),
    topic!(
        "measuring",
        "bench.md",
        None,
        "How the benchmark measures, and what can be believed of it"
    ),
];

impl Topic {
    /// The topic of a name.
    pub(crate) fn named(name: &str) -> Option<&'static Self> {
        ALL.iter().find(|topic| topic.name == name)
    }

    /// What it says, in lines of so many places where words allow it.
    pub(crate) fn text(&self, width: usize) -> Result<String, Failure> {
        Ok(text::text(&self.blocks()?, width))
    }

    /// What it says, as a page of section 7 of the manual.
    pub(crate) fn manual(&self) -> Result<Vec<u8>, Failure> {
        Ok(manual::page(self, &self.blocks()?))
    }

    fn blocks(&self) -> Result<Vec<Block>, Failure> {
        let blocks = document::blocks(self.markdown, &Elsewhere(self));
        let Some(section) = self.section else {
            return Ok(blocks);
        };
        document::section(blocks, section).ok_or_else(|| {
            let what = format!("cannot explain {}", self.name);
            Failure::new(what, format!("{} has no section `{section}`", self.page))
        })
    }

    /// Whether a link leads here.
    fn is_at(&self, page: &str, anchor: &str) -> bool {
        let of_section = |section| anchor == document::anchor(section);
        page == self.page && self.section.is_none_or(of_section)
    }
}

/// The list for help texts: a row for each topic.
pub(crate) fn list() -> String {
    let rows = ALL
        .each_ref()
        .map(|topic| [topic.name, topic.about].map(String::from));
    columns("  ", &rows)
}

/// The links of a topic to others.
struct Elsewhere<'a>(&'a Topic);

impl Links for Elsewhere<'_> {
    fn place(&self, link: &str) -> Option<String> {
        if link.starts_with("http://") || link.starts_with("https://") {
            return Some(link.to_string());
        }
        let (page, anchor) = link.split_once('#').unwrap_or((link, ""));
        let mut others = ALL.iter().filter(|topic| *topic != self.0);
        let other = others.find(|topic| topic.is_at(page, anchor))?;
        Some(format!("simructl help {}", other.name))
    }
}

#[cfg(test)]
mod tests {
    use simrupt_core::knobs::{Knob, Values};

    use super::*;

    #[test]
    fn every_topic_is_there_whole_and_without_marks() {
        for topic in &ALL {
            let text = topic.text(100).unwrap();
            assert!(text.lines().count() > 8, "{text}");
            for mark in ["](", "<!--", "|---", "**", "\n#"] {
                assert!(!text.contains(mark), "{}: {mark}", topic.name);
            }
        }
    }

    #[test]
    fn a_topic_fits_its_width() {
        for (topic, width) in ALL.iter().flat_map(|topic| [(topic, 80), (topic, 100)]) {
            let text = topic.text(width).unwrap();
            let is_too_wide = |line: &&str| {
                // Code stands as it is, and one word may be longer.
                let words = line.split_whitespace().count();
                line.chars().count() > width && words > 1 && !line.starts_with("    ")
            };
            assert_eq!(text.lines().find(is_too_wide), None, "{}", topic.name);
        }
    }

    #[test]
    fn the_page_of_simructl_lists_every_topic() {
        let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../Documentation/simructl.md");
        let page = std::fs::read_to_string(page).unwrap();
        for topic in &ALL {
            let link = match topic.section {
                None => topic.page.to_string(),
                Some(section) => format!("{}#{}", topic.page, document::anchor(section)),
            };
            let row = format!("| `{}` | [", topic.name);
            let row = page.lines().find(|line| line.starts_with(&row));
            assert!(
                row.is_some_and(|row| row.contains(&format!("({link})"))),
                "{}",
                topic.name
            );
        }
    }

    #[test]
    fn a_section_that_is_not_there_is_named() {
        let topic = Topic {
            name: "colors",
            about: "",
            page: "knobs.md",
            markdown: "# Knobs\n\n## Values\n\nText.\n",
            section: Some("Colors"),
        };
        let failure = topic.text(80).unwrap_err();
        assert_eq!(failure.why(), "knobs.md has no section `Colors`");
    }

    #[test]
    fn the_glossary_has_every_choice_of_a_knob_that_is_a_word_of_ours() {
        let glossary = Topic::named("glossary").unwrap().markdown;
        for knob in [Knob::Workqueue, Knob::Pattern, Knob::Fault] {
            let Values::Choice(names) = knob.spec().values else {
                panic!("{knob:?}");
            };
            for name in names.iter().filter(|name| **name != "none") {
                assert!(glossary.contains(&format!("`{name}`")), "{name}");
            }
        }
    }

    #[test]
    fn the_words_of_each_table_of_the_glossary_are_in_order() {
        let glossary = Topic::named("glossary").unwrap().markdown;
        let mut tables = 0;
        for table in glossary.split("\n|---|---|\n").skip(1) {
            let rows = table.lines().take_while(|row| row.starts_with("| "));
            let words = rows.filter_map(|row| row.split(" | ").next());
            let words: Vec<String> = words
                .map(|word| word.replace(['`', '|', ' '], "").to_lowercase())
                .collect();
            assert!(words.len() > 3, "{words:?}");
            assert!(words.is_sorted(), "{words:?}");
            tables += 1;
        }
        assert!(tables > 3, "{tables}");
    }
}
