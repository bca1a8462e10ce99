// SPDX-License-Identifier: GPL-2.0-only

//! A trace of the module's tracepoints in words.

pub(crate) mod lesson;
pub(crate) mod timeline;
