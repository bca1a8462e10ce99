// SPDX-License-Identifier: GPL-2.0-only

//! The first line of each page says who it is for.

/// The fault of a page that does not say so.
pub(crate) fn objection(text: &str) -> Option<String> {
    let mut lines = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with("<!--"));
    let title = lines.next().unwrap_or_default();
    if !title.starts_with("# ") {
        return Some(format!(
            "it begins with '{title}', and not with its title, '# ...'"
        ));
    }
    let first = lines.next().unwrap_or_default();
    let is_said = first.starts_with("For ");
    (!is_said).then(|| format!("its first line says who it is for: 'For ...', and not '{first}'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_that_names_its_readers_is_accepted() {
        assert_eq!(
            objection("<!-- x -->\n\n# A title\n\nFor those who look.\n"),
            None
        );
    }

    #[test]
    fn a_page_that_does_not_name_its_readers_is_refused() {
        let why = objection("# A title\n\nThis is it.\n").unwrap();
        assert_eq!(
            why,
            "its first line says who it is for: 'For ...', and not 'This is it.'"
        );
        assert!(
            objection("For those who look.\n")
                .unwrap()
                .contains("its title")
        );
        assert!(objection("").is_some());
    }
}
