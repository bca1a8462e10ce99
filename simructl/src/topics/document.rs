// SPDX-License-Identifier: GPL-2.0-only

//! A page of the documentation, taken apart: what of Markdown our pages use.

use std::mem;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

/// A part of a page.
#[derive(Debug, PartialEq)]
pub(super) enum Block {
    /// A heading: 1 is that of the page.
    Heading(u8, Text),
    Paragraph(Text),
    /// Lines that stay as they are.
    Code(String),
    /// Items; the number of the first one, if they are numbered.
    List(Option<u64>, Vec<Vec<Block>>),
    /// Rows of cells; the first has the titles.
    Table(Vec<Vec<Text>>),
}

/// Words in a row.
pub(super) type Text = Vec<Span>;

/// Words that look the same.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Span {
    pub(super) words: String,
    pub(super) look: Look,
}

/// How words look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    Plain,
    Strong,
    Emphasis,
    Code,
}

/// Tells where links lead.
pub(super) trait Links {
    /// What a reader without a browser is told of a link, if anything.
    fn place(&self, link: &str) -> Option<String>;
}

/// The parts of a page.
pub(super) fn blocks(markdown: &str, links: &dyn Links) -> Vec<Block> {
    let mut reader = Reader {
        links,
        levels: vec![Level::default()],
        text: Text::new(),
        looks: Vec::new(),
        code: None,
        lists: Vec::new(),
        rows: Vec::new(),
        places: Vec::new(),
    };
    Parser::new_ext(markdown, Options::ENABLE_TABLES).for_each(|event| reader.take(event));
    reader.flush();
    reader.levels.pop().unwrap_or_default().blocks
}

/// The section below a heading, up to the next one of its level. Its heading becomes that of a page.
pub(super) fn section(blocks: Vec<Block>, title: &str) -> Option<Vec<Block>> {
    let mut blocks = blocks.into_iter();
    let depth = blocks.by_ref().find_map(|block| match block {
        Block::Heading(level, text) if plain(&text) == title => Some(level),
        _ => None,
    })?;
    let heading = Span {
        words: title.to_string(),
        look: Look::Plain,
    };
    let within =
        blocks.take_while(|block| !matches!(block, Block::Heading(level, _) if *level <= depth));
    let raised = within.map(|block| match block {
        Block::Heading(level, text) => Block::Heading(level + 1 - depth, text),
        other => other,
    });
    let first = Block::Heading(1, vec![heading]);
    Some([first].into_iter().chain(raised).collect())
}

/// The words of a text alone.
pub(super) fn plain(text: &Text) -> String {
    text.iter().map(|span| span.words.as_str()).collect()
}

/// The anchor by which links name a heading, as git hosts make it.
pub(super) fn anchor(heading: &str) -> String {
    let lower = heading.to_lowercase().replace(' ', "-");
    let is_kept = |letter: &char| letter.is_alphanumeric() || matches!(letter, '-' | '_');
    lower.chars().filter(is_kept).collect()
}

/// The page itself, or an item of a list.
#[derive(Default)]
struct Level {
    blocks: Vec<Block>,
}

/// What was read so far.
struct Reader<'a> {
    links: &'a dyn Links,
    /// The page, and the items that are open, the innermost last.
    levels: Vec<Level>,
    /// The text that is being read, and how it looks.
    text: Text,
    looks: Vec<Look>,
    /// The lines of code that are being read.
    code: Option<String>,
    /// The lists that are open: the number of the first item, and the items.
    lists: Vec<(Option<u64>, Vec<Vec<Block>>)>,
    rows: Vec<Vec<Text>>,
    /// Where the links that are open lead.
    places: Vec<Option<String>>,
}

impl Reader<'_> {
    fn take(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.begin(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(words) => match &mut self.code {
                Some(code) => code.push_str(&words),
                None => self.add(&words, self.looks.last().copied().unwrap_or(Look::Plain)),
            },
            Event::Code(words) => self.add(&words, Look::Code),
            Event::SoftBreak | Event::HardBreak => self.add(" ", Look::Plain),
            // Comments, which say how a part is made. Our pages have no other HTML, and no rules.
            _ => {}
        }
    }

    fn begin(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Strong => self.looks.push(Look::Strong),
            Tag::Emphasis => self.looks.push(Look::Emphasis),
            Tag::Link { dest_url, .. } => self.places.push(self.links.place(&dest_url)),
            Tag::CodeBlock(_) => {
                self.flush();
                self.code = Some(String::new());
            }
            Tag::List(first) => {
                self.flush();
                self.lists.push((first, Vec::new()));
            }
            Tag::Item => self.levels.push(Level::default()),
            Tag::TableHead | Tag::TableRow => self.rows.push(Vec::new()),
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Strong | TagEnd::Emphasis => {
                self.looks.pop();
            }
            TagEnd::Link => {
                // An address that is its own text is there already.
                let place = self.places.pop().flatten();
                let is_told =
                    |place: &String| self.text.last().is_some_and(|last| last.words == *place);
                if let Some(place) = place.filter(|place| !is_told(place)) {
                    self.add(&format!(" ({place})"), Look::Plain);
                }
            }
            TagEnd::Heading(level) => {
                let text = mem::take(&mut self.text);
                self.push(Block::Heading(level as u8, text));
            }
            TagEnd::CodeBlock => {
                if let Some(code) = self.code.take() {
                    self.push(Block::Code(code));
                }
            }
            TagEnd::Paragraph => self.flush(),
            TagEnd::Item => {
                self.flush();
                let item = self.levels.pop().unwrap_or_default();
                if let Some((_, items)) = self.lists.last_mut() {
                    items.push(item.blocks);
                }
            }
            TagEnd::List(_) => {
                if let Some((first, items)) = self.lists.pop() {
                    self.push(Block::List(first, items));
                }
            }
            TagEnd::TableCell => {
                let cell = mem::take(&mut self.text);
                if let Some(row) = self.rows.last_mut() {
                    row.push(cell);
                }
            }
            TagEnd::Table => {
                let rows = mem::take(&mut self.rows);
                self.push(Block::Table(rows));
            }
            _ => {}
        }
    }

    /// Ends the paragraph that is being read, if there is one.
    fn flush(&mut self) {
        let text = mem::take(&mut self.text);
        if !text.is_empty() {
            self.push(Block::Paragraph(text));
        }
    }

    fn push(&mut self, block: Block) {
        if let Some(level) = self.levels.last_mut() {
            level.blocks.push(block);
        }
    }

    fn add(&mut self, words: &str, look: Look) {
        match self.text.last_mut() {
            Some(last) if last.look == look && look != Look::Code => last.words.push_str(words),
            _ => self.text.push(Span {
                words: words.to_string(),
                look,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Links to pages lead to a page `x`, others nowhere.
    struct Pages;

    impl Links for Pages {
        fn place(&self, link: &str) -> Option<String> {
            link.ends_with(".md").then(|| "page x".to_string())
        }
    }

    const PAGE: &str = "\
# Page

See [x](x.md), and [below](#two).

## One

Words.

### Part

- a
- b `c`

  d

## Two

| e | f |
|---|---|
| `g\\|h` | **i** |

<!-- not shown -->
```
j
  k
```
";

    fn words(text: &str) -> Text {
        vec![Span {
            words: text.to_string(),
            look: Look::Plain,
        }]
    }

    #[test]
    fn a_section_ends_at_the_next_heading_of_its_level() {
        let section = section(blocks(PAGE, &Pages), "One").unwrap();
        let code = Span {
            words: "c".to_string(),
            look: Look::Code,
        };
        let second = vec![
            Block::Paragraph([words("b "), vec![code]].concat()),
            Block::Paragraph(words("d")),
        ];
        let expected = vec![
            Block::Heading(1, words("One")),
            Block::Paragraph(words("Words.")),
            Block::Heading(2, words("Part")),
            Block::List(None, vec![vec![Block::Paragraph(words("a"))], second]),
        ];
        assert_eq!(section, expected);
    }

    #[test]
    fn a_link_says_where_it_leads_if_that_can_be_told() {
        let blocks = blocks(PAGE, &Pages);
        let Block::Paragraph(text) = &blocks[1] else {
            panic!("{blocks:?}");
        };
        assert_eq!(plain(text), "See x (page x), and below.");
    }

    #[test]
    fn tables_and_code_are_kept() {
        let section = section(blocks(PAGE, &Pages), "Two").unwrap();
        let Block::Table(rows) = &section[1] else {
            panic!("{section:?}");
        };
        let rows: Vec<Vec<String>> = rows
            .iter()
            .map(|row| row.iter().map(plain).collect())
            .collect();
        assert_eq!(rows, [["e", "f"], ["g|h", "i"]]);
        assert_eq!(section[2], Block::Code("j\n  k\n".to_string()));
        assert_eq!(section.len(), 3);
    }

    #[test]
    fn anchors_are_those_of_git_hosts() {
        assert_eq!(anchor("Flavors of workqueue"), "flavors-of-workqueue");
        assert_eq!(anchor("What `x` says, and why"), "what-x-says-and-why");
    }
}
