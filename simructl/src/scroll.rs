// SPDX-License-Identifier: GPL-2.0-only

//! The rows of a table that are on a screen without room for all of them.

use std::ops::Range;

use ratatui::crossterm::event::KeyCode;

/// A place in a table, in rows.
#[derive(Debug, Default)]
pub(crate) struct Scroll {
    /// How many rows are scrolled away, how many are shown, and how many there are.
    first: usize,
    shown: usize,
    all: usize,
}

impl Scroll {
    /// Moves by a key, if the key is for moving.
    pub(crate) fn key(&mut self, key: KeyCode) {
        let page = self.shown.max(1);
        let last = self.all.saturating_sub(page);
        match key {
            KeyCode::Up | KeyCode::Char('k') => self.first = self.first.saturating_sub(1),
            KeyCode::Down | KeyCode::Char('j') => self.first += 1,
            KeyCode::PageUp => self.first = self.first.saturating_sub(page),
            KeyCode::PageDown => self.first += page,
            KeyCode::Home | KeyCode::Char('g') => self.first = 0,
            KeyCode::End | KeyCode::Char('G') => self.first = last,
            _ => {}
        }
        self.first = self.first.min(last);
    }

    /// Moves to the first row.
    pub(crate) fn rewind(&mut self) {
        self.first = 0;
    }

    /// The range of `all` rows that may be shown on `height` lines.
    pub(crate) fn window(&mut self, all: usize, height: usize) -> Range<usize> {
        self.all = all;
        self.first = self.first.min(all.saturating_sub(1));
        self.first..self.first.saturating_add(height).min(all)
    }

    /// Notes how many rows there was room for.
    pub(crate) fn shows(&mut self, rows: usize) {
        self.shown = rows;
    }

    /// The last line of a screen: whether the table is paused, how many rows are not shown, and the keys.
    pub(crate) fn footer(&self, has_keys: bool, is_paused: bool, keys: &str) -> String {
        let below = self.all.saturating_sub(self.first + self.shown);
        let mut parts = Vec::new();
        if is_paused {
            parts.push("PAUSED".to_string());
        }
        if self.first > 0 {
            parts.push(format!("{} above", self.first));
        }
        if below > 0 {
            parts.push(format!("{below} more"));
        }
        if has_keys {
            parts.push(keys.to_string());
        }
        parts.join("  ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_page_is_full_and_the_first_row_is_the_end_of_the_way_back() {
        let mut scroll = Scroll::default();
        assert_eq!(scroll.window(10, 4), 0..4);
        scroll.shows(4);
        for (key, first) in [
            (KeyCode::Up, 0),
            (KeyCode::Down, 1),
            (KeyCode::PageDown, 5),
            (KeyCode::PageDown, 6),
            (KeyCode::Char('q'), 6),
            (KeyCode::PageUp, 2),
            (KeyCode::End, 6),
            (KeyCode::Char('g'), 0),
        ] {
            scroll.key(key);
            assert_eq!(scroll.window(10, 4).start, first, "{key:?}");
        }
        scroll.key(KeyCode::End);
        // There are fewer rows than before.
        assert_eq!(scroll.window(3, 4), 2..3);
        assert_eq!(scroll.window(0, 4), 0..0);
    }
}
