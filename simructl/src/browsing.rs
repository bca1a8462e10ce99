// SPDX-License-Identifier: GPL-2.0-only

//! A table on a screen, and what its keys have changed: the order, the first row, and whether it is paused.

use std::ops::Range;

use ratatui::crossterm::event::KeyCode;

use crate::page::Page;
use crate::scroll::Scroll;
use simrupt::layout::shortened;

/// The state of a table on a screen. `O` is the type of its orders.
pub(crate) struct Browsing<O: 'static> {
    /// The order that each key asks for.
    orders: &'static [(char, O)],
    /// All keys, for the last line of the screen.
    help: &'static str,
    scroll: Scroll,
    /// The table stands still.
    pub(crate) is_paused: bool,
}

impl<O: Copy> Browsing<O> {
    /// A table that begins with its first row.
    pub(crate) fn new(orders: &'static [(char, O)], help: &'static str) -> Self {
        Self {
            orders,
            help,
            scroll: Scroll::default(),
            is_paused: false,
        }
    }

    /// Does what a key stands for, if it stands for anything.
    pub(crate) fn key(&mut self, key: KeyCode, order: &mut O, is_reversed: &mut bool) {
        match key {
            KeyCode::Char('r') => *is_reversed = !*is_reversed,
            KeyCode::Char(' ') => self.is_paused = !self.is_paused,
            other => {
                let is_meant = |(char, _): &&(char, O)| other == KeyCode::Char(*char);
                if let Some((_, wanted)) = self.orders.iter().find(is_meant) {
                    *order = *wanted;
                    self.scroll.rewind();
                }
                self.scroll.key(other);
            }
        }
    }

    /// The range of `all` rows that may be shown on `height` lines.
    pub(crate) fn window(&mut self, all: usize, height: usize) -> Range<usize> {
        self.scroll.window(all, height)
    }

    /// The lines of a screen of this many columns and rows. `page` makes the page of the rows that may be shown.
    pub(crate) fn lines(
        &mut self,
        page: &Page,
        width: usize,
        height: usize,
        has_keys: bool,
    ) -> Vec<String> {
        let has_footer = height > 2;
        let (mut lines, shown) = page.within(height - usize::from(has_footer), 0);
        self.scroll.shows(shown);
        if has_footer {
            let footer = self.scroll.footer(has_keys, self.is_paused, self.help);
            lines.push(shortened(&footer, width));
        }
        lines
    }
}
