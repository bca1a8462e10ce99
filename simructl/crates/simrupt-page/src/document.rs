// SPDX-License-Identifier: GPL-2.0-only

//! The frame of a page that needs no other file, and what its tables have in common.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};
use simrupt::text::is_unseen;

const STYLE: &str = include_str!("page.css");

/// The browser may load nothing for a page but the styles that are in it.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

/// A page: all that is different from one to the next.
#[derive(Debug)]
pub struct Page<'a> {
    /// In the window's frame.
    pub title: &'a str,
    /// The colours, as [`style_sheet`](crate::color::style_sheet) makes them.
    pub colors: String,
    /// Rules that no other page has.
    pub style: &'a str,
    /// The one script that may run.
    pub script: Option<&'a str>,
    /// What the page shows.
    pub body: Markup,
}

impl Page<'_> {
    /// The page as text.
    pub fn html(&self) -> String {
        let style = [&self.colors, STYLE, self.style].concat();
        printable(html! {
            (DOCTYPE) "\n"
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta http-equiv="Content-Security-Policy" content=(self.policy());
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    link rel="icon" href="data:,";
                    title { (self.title) }
                    style { "\n" (PreEscaped(style)) }
                }
                "\n"
                body {
                    main { (self.body) }
                    @if let Some(script) = self.script {
                        script { (PreEscaped(script)) }
                    }
                }
            }
        }) + "\n"
    }

    /// What the browser may load and run. A script is named by its hash: no other runs, wherever it comes from.
    fn policy(&self) -> String {
        match self.script {
            Some(script) => {
                let hash = STANDARD.encode(Sha256::digest(printable_text(script)));
                format!("{POLICY}; script-src 'sha256-{hash}'")
            }
            None => POLICY.to_string(),
        }
    }
}

/// Markup as text. Characters that are not seen are left out: XML has no way to say control characters.
pub fn printable(markup: Markup) -> String {
    printable_text(&markup.into_string())
}

fn printable_text(text: &str) -> String {
    let is_odd = |letter: char| is_unseen(letter) && letter != '\n';
    text.replace(is_odd, " ")
}

/// A table that can be scrolled, also by keys.
pub fn scrolled(caption: &str, inside: &Markup) -> Markup {
    html! {
        div.scroll tabindex="0" role="group" aria-label=(caption) {
            table {
                caption.hidden { (caption) }
                (inside)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(script: Option<&str>) -> String {
        let page = Page {
            title: "a <b> & c",
            colors: String::new(),
            style: "",
            script,
            body: html! { h1 { "x\u{1}y" } },
        };
        page.html()
    }

    #[test]
    fn a_page_without_a_script_lets_none_run() {
        let page = page(None);
        assert!(!page.contains("<script") && !page.contains("script-src"));
        assert!(page.contains("default-src 'none'"));
        assert!(page.contains("<title>a &lt;b&gt; &amp; c</title>"));
        assert!(page.contains("<h1>x y</h1>"));
    }

    #[test]
    fn the_one_script_is_named_by_its_hash() {
        // By `printf 'let a = 1 < 2;' | openssl dgst -sha256 -binary | base64`.
        let page = page(Some("let a = 1 < 2;"));
        assert!(page.contains("<script>let a = 1 < 2;</script>"));
        assert!(page.contains("script-src 'sha256-Xd/xFl+DmsVqHczJvGQWMh7nLH7H7r5iGmQKRm0JimU='"));
    }
}
