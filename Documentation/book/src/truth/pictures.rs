// SPDX-License-Identifier: GPL-2.0-only

//! Documentation/pictures: each drawing tells what it shows, and can be read on a light ground and on a dark one.

use std::path::Path;

use super::{checkout, text};
use crate::assemble::files;

#[test]
fn each_drawing_has_a_title_a_description_and_can_be_read_on_a_dark_ground() {
    let pictures = files(&checkout(), Path::new("Documentation/pictures")).unwrap();
    assert!(!pictures.is_empty());
    for picture in pictures {
        let name = picture.display().to_string();
        let text = text(&name);
        let document =
            roxmltree::Document::parse(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        for tag in ["title", "desc"] {
            let mut found = document.root_element().children();
            let said = found.find(|node| node.has_tag_name(("http://www.w3.org/2000/svg", tag)));
            let said = said.and_then(|node| node.text()).unwrap_or_default();
            assert!(!said.trim().is_empty(), "{name} has no <{tag}>");
        }
        // Or a ground of its own, as a chart for papers has.
        let ground = r##"<rect width="100%" height="100%" fill="#ffffff">"##;
        assert!(
            text.contains("prefers-color-scheme: dark") || text.contains(ground),
            "{name} has neither colours for the dark nor a ground of its own"
        );
    }
}
