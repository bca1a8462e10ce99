// SPDX-License-Identifier: GPL-2.0-only

//! The recipes of tools/, as the pages of Documentation/tracing show them, checked on what they print. The lab runs
//! these tests in a machine of their own, which has the tools: a Debian.

mod systemtap;
mod tmux;
