// SPDX-License-Identifier: GPL-2.0-only

#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod about;
mod changes;
mod counts;
mod cpu_list;
mod kind;
mod notice;
mod pairs;
mod parse;
mod read;
pub mod softirq;
mod table;

pub use crate::about::{About, TriggerType};
pub use crate::changes::{Change, Changes};
pub use crate::counts::CpuCounts;
pub use crate::cpu_list::{CpuList, CpuListError};
pub use crate::kind::Kind;
pub use crate::notice::{Notice, ParseError, ReadError};
pub use crate::read::{BYTE_ORDER_MARK, encoding_of};
pub use crate::table::{Counts, Row, Table};
