// SPDX-License-Identifier: GPL-2.0-only

//! The links of a page to other files: where they stand in its text.

use std::ops::Range;

use pulldown_cmark::{Event, LinkType, Options, Parser, Tag};

/// A link, or a picture, whose target is a file of the checkout.
#[derive(Debug, PartialEq)]
pub(crate) struct Link {
    /// The place of the target in the text.
    pub(crate) place: Range<usize>,
    /// The target without its fragment: a path relative to the page's folder, or empty for the page itself.
    pub(crate) target: String,
    /// The fragment, with its `#`; empty if there is none.
    pub(crate) fragment: String,
    /// The text that the reader sees.
    pub(crate) title: String,
}

/// The markdown that the pages use.
pub(crate) fn options() -> Options {
    Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_FOOTNOTES
}

/// All such links of a page, in their order. An error names what this program cannot rewrite.
pub(crate) fn of(text: &str) -> Result<Vec<Link>, String> {
    let mut found = Vec::new();
    for (event, range) in Parser::new_ext(text, options()).into_offset_iter() {
        let Event::Start(
            Tag::Link {
                link_type,
                dest_url,
                ..
            }
            | Tag::Image {
                link_type,
                dest_url,
                ..
            },
        ) = event
        else {
            continue;
        };
        if is_elsewhere(&dest_url) {
            continue;
        }
        let whole = &text[range.clone()];
        let at = match link_type {
            LinkType::Inline => whole.rfind("](").map(|at| range.start + at + 2),
            _ => None,
        };
        let at = at.filter(|&at| text[at..].starts_with(&*dest_url));
        let at =
            at.ok_or_else(|| format!("the link {whole} is to be written as [text](target)"))?;
        let (target, fragment) = match dest_url.find('#') {
            Some(mark) => dest_url.split_at(mark),
            None => (&*dest_url, ""),
        };
        found.push(Link {
            place: at..at + dest_url.len(),
            target: target.to_owned(),
            fragment: fragment.to_owned(),
            title: text[range.start..at - 2]
                .trim_start_matches(['!', '['])
                .to_owned(),
        });
    }
    // A picture in a link ends before it.
    found.sort_by_key(|link: &Link| link.place.start);
    Ok(found)
}

/// Whether a target is no file: it has a scheme, as `https:` and `mailto:` are.
fn is_elsewhere(target: &str) -> bool {
    target.split_once(':').is_some_and(|(scheme, _)| {
        !scheme.is_empty()
            && scheme
                .chars()
                .all(|one| one.is_ascii_alphanumeric() || one == '+')
    })
}

/// The text with another target for each link: that which `choose` makes of it, or the same for `None`.
pub(crate) fn rewrite(
    text: &str,
    mut choose: impl FnMut(&Link) -> Result<Option<String>, String>,
) -> Result<String, String> {
    let mut result = String::with_capacity(text.len());
    let mut done = 0;
    for link in of(text)? {
        if let Some(target) = choose(&link)? {
            result.push_str(&text[done..link.place.start]);
            result.push_str(&target);
            done = link.place.end;
        }
    }
    result.push_str(&text[done..]);
    Ok(result)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn targets(text: &str) -> Vec<(String, String)> {
        let links = of(text).unwrap();
        links
            .into_iter()
            .map(|link| (link.target, link.fragment))
            .collect()
    }

    #[test]
    fn links_and_pictures_are_found_with_their_fragments() {
        let found = targets("[a](b.md#c), ![d](e.svg) and [here](#there).");
        let wanted = [("b.md", "#c"), ("e.svg", ""), ("", "#there")];
        assert_eq!(
            found,
            wanted.map(|(one, other)| (one.to_owned(), other.to_owned()))
        );
    }

    #[test]
    fn other_places_and_code_are_no_links_to_files() {
        assert_eq!(
            targets("[a](https://b.org) <https://c.org> `[d](e.md)`\n\n```\n[f](g.md)\n```\n"),
            []
        );
    }

    #[test]
    fn only_the_target_of_a_link_is_rewritten() {
        let text = "| [`x.md`](x.md#y) | [z](https://x.md) |";
        let result = rewrite(text, |link| Ok(Some(format!("other{}", link.fragment)))).unwrap();
        assert_eq!(result, "| [`x.md`](other#y) | [z](https://x.md) |");
    }

    #[test]
    fn a_link_by_reference_is_refused_with_how_to_write_it() {
        let why = of("[a][b]\n\n[b]: c.md\n").unwrap_err();
        assert_eq!(why, "the link [a][b] is to be written as [text](target)");
    }
}
