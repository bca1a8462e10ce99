// SPDX-License-Identifier: GPL-2.0-only

//! A page of the kernel's ring buffer, as a read of `per_cpu/cpuN/trace_pipe_raw` returns it. A head has the time at
//! which the page begins. Records follow, each with the time since the previous record.
//!
//! The kernel describes the form in `events/header_page` and `events/header_event`. For how times add up, see
//! rb_read_data_buffer() in kernel/trace/ring_buffer.c of Linux 7.3.

use std::io::{self, Read};

use crate::handlers::format::{Long, Number, fields, named};

/// A bit of the length: events were lost before this page. The next bit only says that their number follows.
const MISSED: u64 = 1 << 31;
const MISSED_BITS: u64 = 3 << 30;
/// The five highest bits of a time, which absolute times in the buffer do not have.
const HIGH_BITS: u64 = 0xf8 << 56;

const PADDING: u32 = 29;
const TIME_EXTEND: u32 = 30;
const TIME_STAMP: u32 = 31;

/// The places of the fields in a page.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    timestamp: Number<8>,
    commit: Long,
    data: usize,
    /// Bytes of a page, including its head.
    pub(super) size: usize,
}

impl Layout {
    /// Parses `events/header_page`.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        // In this file a blank follows the colon, in the format files of events it does not.
        let fields = fields(&text.replace("field: ", "field:"))?;
        let data = named(&fields, "data")?;
        Ok(Self {
            timestamp: named(&fields, "timestamp")?.number()?,
            commit: named(&fields, "commit")?.long()?,
            data: data.offset,
            size: data.offset + data.size,
        })
    }
}

/// A consumer of the records of pages.
pub(super) trait Records {
    /// The next event: its time and its bytes.
    fn take(&mut self, ns: u64, bytes: &[u8]);
    /// Events were lost here. It is called twice: after the last event before the gap, and before the first one after
    /// it.
    fn lose(&mut self);
}

/// Pages from the buffer of a CPU, whose records are taken one by one.
#[derive(Debug)]
pub(super) struct Pages {
    layout: Layout,
    bytes: Vec<u8>,
    /// How many of the bytes are pages that were read.
    filled: usize,
    /// The first page that was not yet begun.
    page: usize,
    /// The next record of the current page, and the end of that page's records.
    at: usize,
    end: usize,
    /// The time of the last record.
    ns: u64,
    /// Whether a gap was found, and no record was taken since.
    is_after_loss: bool,
}

impl Pages {
    pub(super) fn new(layout: Layout) -> Self {
        Self {
            layout,
            bytes: Vec::new(),
            filled: 0,
            page: 0,
            at: 0,
            end: 0,
            ns: 0,
            is_after_loss: false,
        }
    }

    /// Reads the next page after the others; `false` if there is none.
    pub(super) fn read(&mut self, source: &mut impl Read) -> io::Result<bool> {
        if self.at >= self.end && self.page >= self.filled {
            // Everything that was read is already taken.
            (self.filled, self.page, self.at, self.end) = (0, 0, 0, 0);
        }
        let size = self.layout.size;
        if self.bytes.len() < self.filled + size {
            self.bytes.resize(self.filled + size, 0);
        }
        let place = &mut self.bytes[self.filled..self.filled + size];
        let count = source.read(place)?;
        place[count..].fill(0);
        if count == 0 {
            return Ok(false);
        }
        self.filled += size;
        Ok(true)
    }

    /// Hands on the records before this time; returns the time of the next one, if there is one.
    #[inline]
    pub(super) fn take_before(&mut self, limit_ns: u64, to: &mut impl Records) -> Option<u64> {
        loop {
            if let Some(next_ns) = self.take_in_page(limit_ns, to) {
                return Some(next_ns);
            }
            if !self.begin_page(to) {
                return None;
            }
        }
    }

    /// Begins the next page; `false` if there is none.
    fn begin_page(&mut self, to: &mut impl Records) -> bool {
        let (size, start, data) = (self.layout.size, self.page, self.layout.data);
        let Some(page) = self.bytes[..self.filled].get(start..start + size) else {
            return false;
        };
        let timestamp = self.layout.timestamp.read(page);
        let commit = self.layout.commit.read(page);
        self.page += size;
        let (Some(ns), Some(commit)) = (timestamp, commit) else {
            return true;
        };
        let length = (commit & 0xffff_ffff & !MISSED_BITS) as usize;
        // A length beyond the page is invalid.
        let length = if data + length <= size { length } else { 0 };
        (self.at, self.end) = (start + data, start + data + length);
        self.ns = ns;
        if commit & MISSED != 0 {
            self.is_after_loss = true;
            to.lose();
        }
        true
    }

    /// Hands on the records of this page before this time; returns the time of the next one. `None` at the end of the
    /// page, and if the rest of it is invalid.
    #[inline]
    fn take_in_page(&mut self, limit_ns: u64, to: &mut impl Records) -> Option<u64> {
        let page = self.bytes.get(..self.end)?;
        let (mut at, mut ns) = (self.at, self.ns);
        let mut next_ns = None;
        while let Some(head) = word(page, at) {
            let (kind, delta) = match cfg!(target_endian = "big") {
                true => (head >> 27, head & 0x07ff_ffff),
                false => (head & 31, head >> 5),
            };
            let body = at + 4;
            // The begin of the event's bytes, and the end of the record.
            let (from, end) = match kind {
                1..PADDING => (body, body + kind as usize * 4),
                _ => match special(page, body, kind, delta) {
                    Some(Special::Event(end)) => (body + 4, end),
                    Some(Special::Later(passed, end)) => {
                        (ns, at) = (ns.wrapping_add(passed), end);
                        continue;
                    }
                    Some(Special::Time(low_ns, end)) => {
                        (ns, at) = ((ns & HIGH_BITS) | low_ns, end);
                        continue;
                    }
                    None => break,
                },
            };
            let Some(bytes) = page.get(from..end) else {
                break;
            };
            let event_ns = ns.wrapping_add(delta.into());
            if event_ns >= limit_ns {
                next_ns = Some(event_ns);
                break;
            }
            if self.is_after_loss {
                self.is_after_loss = false;
                to.lose();
            }
            (ns, at) = (event_ns, end);
            to.take(ns, bytes);
        }
        if next_ns.is_none() {
            at = self.end;
        }
        (self.at, self.ns) = (at, ns);
        next_ns
    }
}

/// A record that is not a short event, with its end.
enum Special {
    /// A long event, whose length precedes its bytes.
    Event(usize),
    /// This many nanoseconds have passed.
    Later(u64, usize),
    /// The current time, without its highest bits.
    Time(u64, usize),
}

/// Decodes such a record; `None` at the end of a page's records, or if they are invalid.
#[cold]
fn special(page: &[u8], body: usize, kind: u32, delta: u32) -> Option<Special> {
    if (kind, delta) == (PADDING, 0) {
        return None;
    }
    let first = word(page, body)?;
    let long = (u64::from(first) << 27) | u64::from(delta);
    let end = body.checked_add((first as usize).checked_next_multiple_of(4)?)?;
    Some(match kind {
        TIME_EXTEND => Special::Later(long, body + 4),
        TIME_STAMP => Special::Time(long, body + 4),
        // A discarded event. A delta of 1 stands for 0, because 0 means the end of the page.
        PADDING if delta == 1 => Special::Later(0, end),
        PADDING => Special::Later(delta.into(), end),
        _ => Special::Event(end),
    })
}

/// The word of 32 bits at this place.
#[inline]
fn word(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..)?.first_chunk()?;
    Some(u32::from_ne_bytes(*bytes))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use proptest::prelude::*;

    pub(in crate::handlers) const HEADER_PAGE: &str =
        "\tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;
\tfield: local_t commit;\toffset:8;\tsize:8;\tsigned:1;
\tfield: char overwrite;\toffset:8;\tsize:1;\tsigned:0;
\tfield: char data;\toffset:16;\tsize:4080;\tsigned:0;
";

    pub(in crate::handlers) fn layout() -> Layout {
        Layout::parse(HEADER_PAGE).unwrap()
    }

    /// A page with these records.
    pub(in crate::handlers) fn page(ns: u64, has_lost: bool, records: &[u8]) -> Vec<u8> {
        let commit = records.len() as u64 | if has_lost { MISSED } else { 0 };
        let mut bytes = ns.to_ne_bytes().to_vec();
        bytes.extend(commit.to_ne_bytes());
        bytes.extend(records);
        bytes
    }

    /// A record that begins with these bits.
    pub(in crate::handlers) fn record(kind: u32, delta: u32, body: &[u8]) -> Vec<u8> {
        let head = match cfg!(target_endian = "big") {
            true => (kind << 27) | delta,
            false => (delta << 5) | kind,
        };
        let mut bytes = head.to_ne_bytes().to_vec();
        bytes.extend(body);
        bytes
    }

    /// The events of these pages, and the places of gaps.
    fn read(all: &[Vec<u8>]) -> Vec<(u64, Vec<u8>)> {
        let mut pages = Pages::new(layout());
        for page in all {
            assert!(pages.read(&mut page.as_slice()).unwrap());
        }
        rest(&mut pages)
    }

    fn rest(pages: &mut Pages) -> Vec<(u64, Vec<u8>)> {
        before(pages, u64::MAX).0
    }

    /// The events before this time, and the time of the next one.
    fn before(pages: &mut Pages, limit_ns: u64) -> (Vec<(u64, Vec<u8>)>, Option<u64>) {
        let mut records = Kept::default();
        let next_ns = pages.take_before(limit_ns, &mut records);
        (records.0, next_ns)
    }

    /// The records that were handed on.
    #[derive(Default)]
    struct Kept(Vec<(u64, Vec<u8>)>);

    impl Records for Kept {
        fn take(&mut self, ns: u64, bytes: &[u8]) {
            self.0.push((ns, bytes.to_vec()));
        }

        fn lose(&mut self) {
            self.0.push((0, b"lost".to_vec()));
        }
    }

    #[test]
    fn times_add_up_record_by_record() {
        let long = [b"\x0a\0\0\0".as_slice(), b"abcdef\0\0"].concat();
        let records = [
            record(1, 5, b"1234"),
            record(TIME_EXTEND, 3, &2_u32.to_ne_bytes()),
            record(2, 7, b"12345678"),
            // Discarded: its time counts, unless it is 1.
            record(PADDING, 100, &[b"\x08\0\0\0".as_slice(), b"xxxx"].concat()),
            record(PADDING, 1, &4_u32.to_ne_bytes()),
            record(0, 1, &long),
            record(TIME_STAMP, 9, &1_u32.to_ne_bytes()),
            record(1, 0, b"last"),
            record(PADDING, 0, b""),
            record(1, 1, b"rest"),
        ];
        let start = 7 << 59;
        let extended = start + 5 + 3 + (2 << 27) + 7;
        assert_eq!(
            read(&[page(start, false, &records.concat())]),
            [
                (start + 5, b"1234".to_vec()),
                (extended, b"12345678".to_vec()),
                (extended + 101, b"abcdef\0\0".to_vec()),
                (start + (1 << 27) + 9, b"last".to_vec()),
            ]
        );
    }

    #[test]
    fn a_gap_is_reported_before_and_after() {
        let first = page(1, true, &record(1, 1, b"1234"));
        let second = page(90, true, &record(1, 5, b"5678"));
        let events = |ns, bytes: &[u8]| (ns, bytes.to_vec());
        assert_eq!(
            read(&[first, second]),
            [
                events(0, b"lost"),
                events(0, b"lost"),
                events(2, b"1234"),
                events(0, b"lost"),
                events(0, b"lost"),
                events(95, b"5678"),
            ]
        );
    }

    #[test]
    fn pages_are_taken_whenever_they_were_read() {
        let page = |ns| page(ns, false, &record(1, 1, b"1234"));
        let mut pages = Pages::new(layout());
        for ns in [10, 20, 30] {
            assert!(pages.read(&mut page(ns).as_slice()).unwrap());
        }
        assert_eq!(before(&mut pages, 0), (vec![], Some(11)));
        assert_eq!(
            before(&mut pages, 12),
            (vec![(11, b"1234".to_vec())], Some(21))
        );
        assert!(pages.read(&mut page(40).as_slice()).unwrap());
        assert!(!pages.read(&mut [].as_slice()).unwrap());
        let times: Vec<u64> = rest(&mut pages).iter().map(|(ns, _)| *ns).collect();
        assert_eq!(times, [21, 31, 41]);
        assert!(pages.read(&mut page(50).as_slice()).unwrap());
        assert_eq!(before(&mut pages, 51), (vec![], Some(51)));
        // Pages that were taken make room.
        assert_eq!(pages.filled, layout().size);
    }

    #[test]
    fn a_record_that_is_cut_ends_its_page_and_a_page_that_is_cut_has_none() {
        let cut = page(
            1,
            false,
            &[record(1, 1, b"1234"), record(2, 1, b"1234")].concat(),
        );
        let good = page(7, false, &record(1, 1, b"1234"));
        let mut long = good.clone();
        long[9] = 0xff;
        assert_eq!(read(&[cut, long, b"head".to_vec(), good]).len(), 2);
    }

    #[test]
    fn a_layout_has_all_its_fields() {
        assert_eq!(layout().size, 4096);
        let text = HEADER_PAGE.replace("commit", "comet");
        assert_eq!(Layout::parse(&text).unwrap_err(), "it has no field commit");
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic_or_read_forever(
            bodies in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..300), 0..4),
            raw in proptest::collection::vec(any::<u8>(), 1..300),
        ) {
            let mut pages = Pages::new(layout());
            let mut most = 0;
            for body in &bodies {
                let whole = page(u64::MAX - 5, body.len() % 2 == 1, body);
                pages.read(&mut whole.as_slice()).unwrap();
                most += body.len() / 4 + 2;
            }
            pages.read(&mut raw.as_slice()).unwrap();
            prop_assert!(rest(&mut pages).len() <= most + raw.len() / 4 + 2);
        }
    }
}
