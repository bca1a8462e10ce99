// SPDX-License-Identifier: GPL-2.0-only

//! A trace of the module's tracepoints in words and in pictures.

pub(crate) mod lesson;
pub(crate) mod picture;
pub(crate) mod timeline;
