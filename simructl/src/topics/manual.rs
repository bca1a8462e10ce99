// SPDX-License-Identifier: GPL-2.0-only

//! A page as a manual page, in the form that `man` takes; tables are for its preprocessor `tbl`.

use roff::{Inline, Roff, bold, italic, roman};

use super::Topic;
use super::document::{Block, Look, Text, plain};

/// The source of a topic's page.
pub(super) fn page(topic: &Topic, blocks: &[Block]) -> Vec<u8> {
    let name = format!("simructl-{}", topic.name);
    let version = concat!("simructl ", env!("CARGO_PKG_VERSION"));
    let mut roff = Roff::new();
    roff.control("TH", [name.as_str(), "7", "", version]);
    roff.control("SH", ["NAME"]);
    roff.text([roman(format!("{name} - {}", topic.about))]);
    roff.control("SH", ["DESCRIPTION"]);
    write(&mut roff, blocks);
    roff.control("SH", ["SEE ALSO"]);
    roff.text([bold("simructl"), roman("(1)")]);
    // The first line asks for tbl.
    let mut page = b"'\\\" t\n".to_vec();
    page.extend(roff.render().into_bytes());
    page
}

fn write(roff: &mut Roff, blocks: &[Block]) {
    for block in blocks {
        match block {
            // That of the page itself is in its name.
            Block::Heading(1, _) => {}
            Block::Heading(2, text) => {
                roff.control("SH", [plain(text).to_uppercase().as_str()]);
            }
            Block::Heading(_, text) => {
                roff.control("SS", [plain(text).as_str()]);
            }
            Block::Paragraph(text) => {
                roff.control("PP", []);
                roff.text(inlines(text));
            }
            Block::Code(code) => write_code(roff, code),
            Block::List(first, items) => {
                for (at, item) in items.iter().enumerate() {
                    write_item(roff, first.map(|first| first + at as u64), item);
                }
            }
            Block::Table(rows) => write_table(roff, rows),
        }
    }
}

fn write_code(roff: &mut Roff, code: &str) {
    roff.control("PP", [])
        .control("RS", ["4"])
        .control("EX", []);
    for line in code.lines() {
        // An empty line of its own would be a paragraph's end.
        match line.is_empty() {
            true => roff.control("sp", []),
            false => roff.text([roman(line)]),
        };
    }
    roff.control("EE", []).control("RE", []);
}

fn write_item(roff: &mut Roff, number: Option<u64>, item: &[Block]) {
    let mark = number.map_or("-".to_string(), |number| format!("{number}."));
    roff.control("IP", [mark.as_str(), "4"]);
    let mut blocks = item.iter();
    match blocks.next() {
        Some(Block::Paragraph(text)) => {
            roff.text(inlines(text));
        }
        Some(other) => write(roff, std::slice::from_ref(other)),
        None => {}
    }
    if !blocks.as_slice().is_empty() {
        roff.control("RS", ["4"]);
        write(roff, blocks.as_slice());
        roff.control("RE", []);
    }
}

fn write_table(roff: &mut Roff, rows: &[Vec<Text>]) {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    // The last column takes what is left of the line.
    let format = |letter: &str| {
        let last = columns.saturating_sub(1);
        let columns = (0..columns).map(|at| match at == last {
            true => format!("{letter}x"),
            false => letter.to_string(),
        });
        columns.collect::<Vec<_>>().join(" ")
    };
    roff.control("PP", []).control("TS", []);
    roff.text([roman(format("lb"))])
        .text([roman(format!("{}.", format("l")))]);
    for row in rows {
        roff.text([roman("T{")]);
        for (at, cell) in row.iter().enumerate() {
            if at > 0 {
                roff.text([roman("T}\tT{")]);
            }
            roff.text(inlines(cell));
        }
        roff.text([roman("T}")]);
    }
    roff.control("TE", []);
}

fn inlines(text: &Text) -> Vec<Inline> {
    let inline = |look: Look, words: &str| match look {
        Look::Plain => roman(words),
        Look::Strong | Look::Code => bold(words),
        Look::Emphasis => italic(words),
    };
    text.iter()
        .map(|span| inline(span.look, &span.words))
        .collect()
}
