// SPDX-License-Identifier: GPL-2.0-only

//! A trace in the format of Perfetto: protobuf, one message after the other, as far as it is needed here.
//! Source of names and numbers: protos/perfetto/trace of Perfetto.
//!
//! Each hop has a track for each line and each CPU. What lasts (waiting for the bottom half, and its run) is a
//! slice, all else an instant. Arrows (flows) lead from one hop of an event to the next.

use std::collections::HashMap;
use std::io::{self, Write};

use prost::{Enumeration, Message};

use crate::trace::event::{Event, Place, Span, What};

/// How many events of a span have arrows.
const ARROWS: u64 = 64;
/// All packets are one sequence's.
const SEQUENCE: u32 = 1;
/// CLOCK_MONOTONIC, among the clocks that are built in.
const MONOTONIC: u32 = 3;
/// What came before in the sequence does not matter.
const CLEARED: u32 = 1;

#[derive(Clone, PartialEq, Message)]
struct TracePacket {
    #[prost(message, optional, tag = "6")]
    clock_snapshot: Option<ClockSnapshot>,
    #[prost(uint64, optional, tag = "8")]
    timestamp: Option<u64>,
    #[prost(uint32, optional, tag = "10")]
    trusted_packet_sequence_id: Option<u32>,
    #[prost(message, optional, tag = "11")]
    track_event: Option<TrackEvent>,
    #[prost(uint32, optional, tag = "13")]
    sequence_flags: Option<u32>,
    #[prost(uint32, optional, tag = "58")]
    timestamp_clock_id: Option<u32>,
    #[prost(message, optional, tag = "60")]
    track_descriptor: Option<TrackDescriptor>,
}

#[derive(Clone, PartialEq, Message)]
struct ClockSnapshot {
    #[prost(message, repeated, tag = "1")]
    clocks: Vec<Clock>,
    #[prost(uint32, optional, tag = "2")]
    primary_trace_clock: Option<u32>,
}

#[derive(Clone, PartialEq, Message)]
struct Clock {
    #[prost(uint32, optional, tag = "1")]
    clock_id: Option<u32>,
    #[prost(uint64, optional, tag = "2")]
    timestamp: Option<u64>,
}

#[derive(Clone, PartialEq, Message)]
struct TrackDescriptor {
    #[prost(uint64, optional, tag = "1")]
    uuid: Option<u64>,
    #[prost(string, optional, tag = "2")]
    name: Option<String>,
    #[prost(uint64, optional, tag = "5")]
    parent_uuid: Option<u64>,
}

#[derive(Clone, PartialEq, Message)]
struct TrackEvent {
    #[prost(message, repeated, tag = "4")]
    debug_annotations: Vec<DebugAnnotation>,
    #[prost(enumeration = "Type", optional, tag = "9")]
    r#type: Option<i32>,
    #[prost(uint64, optional, tag = "11")]
    track_uuid: Option<u64>,
    #[prost(string, optional, tag = "23")]
    name: Option<String>,
    #[prost(fixed64, repeated, packed = "false", tag = "47")]
    flow_ids: Vec<u64>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Enumeration)]
#[repr(i32)]
enum Type {
    Unspecified = 0,
    SliceBegin = 1,
    SliceEnd = 2,
    Instant = 3,
}

#[derive(Clone, PartialEq, Message)]
struct DebugAnnotation {
    #[prost(uint64, optional, tag = "3")]
    uint_value: Option<u64>,
    #[prost(int64, optional, tag = "4")]
    int_value: Option<i64>,
    #[prost(string, optional, tag = "6")]
    string_value: Option<String>,
    #[prost(string, optional, tag = "10")]
    name: Option<String>,
}

fn number(name: &str, value: u64) -> DebugAnnotation {
    DebugAnnotation {
        name: Some(name.to_string()),
        uint_value: Some(value),
        ..DebugAnnotation::default()
    }
}

fn word(name: &str, value: &str) -> DebugAnnotation {
    DebugAnnotation {
        name: Some(name.to_string()),
        string_value: Some(value.to_string()),
        ..DebugAnnotation::default()
    }
}

/// A trace that is being written.
#[derive(Debug)]
pub struct Perfetto<W: Write> {
    to: W,
    /// The tracks there are, by their names below that of a line.
    tracks: HashMap<(u32, String), u64>,
    /// Where a line's run of the bottom half was asked for, while it has not begun.
    waiting: HashMap<u32, u64>,
    /// Where what a thread runs for a line is shown.
    running: HashMap<(u32, String), u64>,
}

impl<W: Write> Perfetto<W> {
    /// Begins a trace.
    pub fn begin(to: W) -> io::Result<Self> {
        let mut this = Self {
            to,
            tracks: HashMap::new(),
            waiting: HashMap::new(),
            running: HashMap::new(),
        };
        // All times are of one clock. That it is shown as it is wants to be said.
        this.write(&TracePacket {
            clock_snapshot: Some(ClockSnapshot {
                clocks: vec![Clock {
                    clock_id: Some(MONOTONIC),
                    timestamp: Some(0),
                }],
                primary_trace_clock: Some(MONOTONIC),
            }),
            sequence_flags: Some(CLEARED),
            trusted_packet_sequence_id: Some(SEQUENCE),
            ..TracePacket::default()
        })?;
        Ok(this)
    }

    /// Adds a hit of a tracepoint.
    pub fn add(&mut self, event: &Event) -> io::Result<()> {
        let Event { line, place, what } = event;
        match what {
            What::Emit { seq, due_ns } => {
                let late = number("late_ns", place.ns.saturating_sub(*due_ns));
                let notes = vec![number("seq", *seq), number("due_ns", *due_ns), late];
                self.instant(*line, place, "emit", notes, only(*seq))
            }
            What::Irq(span) => self.instant(*line, place, "irq", notes_of(*span), *span),
            What::BhQueue { is_new: false, .. } => Ok(()),
            What::BhQueue { flavor, .. } => {
                let track = self.track(*line, &format!("queue CPU {}", place.cpu))?;
                self.waiting.insert(*line, track);
                self.slice_begin(place, track, flavor)
            }
            What::BhStart { flavor } => {
                if let Some(track) = self.waiting.remove(line) {
                    self.slice_end(*line, place, track, NONE)?;
                }
                let track = self.track(*line, &format!("run CPU {}", place.cpu))?;
                self.running.insert((*line, place.task.clone()), track);
                self.slice_begin(place, track, flavor)
            }
            What::BhEnd(span) => match self.running.remove(&(*line, place.task.clone())) {
                Some(track) => self.slice_end(*line, place, track, *span),
                None => Ok(()),
            },
            What::Wake => self.instant(*line, place, "wake", Vec::new(), NONE),
            What::Read(span) => self.instant(*line, place, "read", notes_of(*span), *span),
            What::Drop { span, cause } => {
                let mut notes = notes_of(*span);
                notes.push(word("cause", cause));
                self.instant(*line, place, "lost", notes, *span)
            }
            What::Fault {
                kind,
                number: count,
            } => {
                let notes = vec![word("kind", kind), number("number", *count)];
                self.instant(*line, place, "fault", notes, NONE)
            }
            What::Knob { name, value } => {
                let value = DebugAnnotation {
                    name: Some(name.clone()),
                    int_value: Some(*value),
                    ..DebugAnnotation::default()
                };
                self.instant(*line, place, "knob", vec![value], NONE)
            }
        }
    }

    /// Ends the trace: all of it is handed on.
    pub fn end(mut self) -> io::Result<W> {
        self.flush()?;
        Ok(self.to)
    }

    /// Hands on what was written so far.
    pub fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }

    fn write(&mut self, packet: &TracePacket) -> io::Result<()> {
        // Each packet is a field of the message that the whole file is: number 1, of known length.
        let mut bytes = vec![0x0a];
        packet
            .encode_length_delimited(&mut bytes)
            .map_err(io::Error::other)?;
        self.to.write_all(&bytes)
    }

    /// The track of this name below the line's, made known when it is new.
    fn track(&mut self, line: u32, name: &str) -> io::Result<u64> {
        if let Some(uuid) = self.tracks.get(&(line, name.to_string())) {
            return Ok(*uuid);
        }
        let parent_uuid = match name {
            "" => None,
            _ => Some(self.track(line, "")?),
        };
        let uuid = self.tracks.len() as u64 + 1;
        self.tracks.insert((line, name.to_string()), uuid);
        let name = match name {
            "" => format!("simrupt line {line}"),
            _ => name.to_string(),
        };
        self.write(&TracePacket {
            trusted_packet_sequence_id: Some(SEQUENCE),
            track_descriptor: Some(TrackDescriptor {
                uuid: Some(uuid),
                name: Some(name),
                parent_uuid,
            }),
            ..TracePacket::default()
        })?;
        Ok(uuid)
    }

    fn event(&mut self, place: &Place, event: TrackEvent) -> io::Result<()> {
        self.write(&TracePacket {
            timestamp: Some(place.ns),
            timestamp_clock_id: Some(MONOTONIC),
            trusted_packet_sequence_id: Some(SEQUENCE),
            track_event: Some(event),
            ..TracePacket::default()
        })
    }

    fn instant(
        &mut self,
        line: u32,
        place: &Place,
        name: &str,
        mut notes: Vec<DebugAnnotation>,
        span: Span,
    ) -> io::Result<()> {
        let track = self.track(line, &format!("{name} CPU {}", place.cpu))?;
        notes.extend(notes_of_place(place));
        let event = TrackEvent {
            r#type: Some(Type::Instant.into()),
            track_uuid: Some(track),
            name: Some(name.to_string()),
            debug_annotations: notes,
            flow_ids: arrows(line, span),
        };
        self.event(place, event)
    }

    fn slice_begin(&mut self, place: &Place, track: u64, name: &str) -> io::Result<()> {
        let event = TrackEvent {
            r#type: Some(Type::SliceBegin.into()),
            track_uuid: Some(track),
            name: Some(name.to_string()),
            debug_annotations: notes_of_place(place).into(),
            flow_ids: Vec::new(),
        };
        self.event(place, event)
    }

    /// Ends the slice that was begun last on this track; what it was about is known only now.
    fn slice_end(&mut self, line: u32, place: &Place, track: u64, span: Span) -> io::Result<()> {
        let event = TrackEvent {
            r#type: Some(Type::SliceEnd.into()),
            track_uuid: Some(track),
            name: None,
            debug_annotations: notes_of(span),
            flow_ids: arrows(line, span),
        };
        self.event(place, event)
    }
}

/// No event.
const NONE: Span = Span {
    first: 0,
    last: 0,
    events: 0,
};

fn only(seq: u64) -> Span {
    Span {
        first: seq,
        last: seq,
        events: 1,
    }
}

fn notes_of(span: Span) -> Vec<DebugAnnotation> {
    match span.events {
        0 => Vec::new(),
        events => vec![
            number("seq", span.first),
            number("last_seq", span.last),
            number("events", events),
        ],
    }
}

fn notes_of_place(place: &Place) -> [DebugAnnotation; 2] {
    [word("context", place.context), word("thread", &place.task)]
}

/// The arrows that come by: one for each event, the same wherever it goes.
fn arrows(line: u32, span: Span) -> Vec<u64> {
    let count = span.events.min(ARROWS);
    (0..count)
        .map(|at| (u64::from(line) << 48) | (span.first.wrapping_add(at) & 0xffff_ffff_ffff))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::event::Row;

    /// The whole file is one message.
    #[derive(Clone, PartialEq, Message)]
    struct Trace {
        #[prost(message, repeated, tag = "1")]
        packet: Vec<TracePacket>,
    }

    const ROWS: &str = "\
<idle>-0 [001] d.h1. 1.0: simrupt_emit: line=0 seq=42 due_ns=100 ns=101
<idle>-0 [001] d.h1. 1.0: simrupt_irq: line=0 seq=42 last_seq=42 events=1 raises=1 ns=102
<idle>-0 [001] d.h1. 1.0: simrupt_bh_queue: line=0 flavor=bound queued=1 ns=103
<idle>-0 [001] d.h1. 1.0: simrupt_emit: line=0 seq=43 due_ns=104 ns=104
<idle>-0 [001] d.h1. 1.0: simrupt_irq: line=0 seq=43 last_seq=43 events=1 raises=1 ns=105
<idle>-0 [001] d.h1. 1.0: simrupt_bh_queue: line=0 flavor=bound queued=0 ns=106
kworker/0:1-9 [000] ..... 1.0: simrupt_bh_start: line=0 flavor=bound context=task ns=107
kworker/0:1-9 [000] ..... 1.0: simrupt_bh_end: line=0 seq=42 last_seq=43 events=2 ns=109
kworker/0:1-9 [000] ..... 1.0: simrupt_bh_start: line=0 flavor=bound context=task ns=110
kworker/0:1-9 [000] ..... 1.0: simrupt_bh_end: line=0 seq=0 last_seq=0 events=0 ns=111
cat-7 [001] ..... 1.0: simrupt_read: line=0 seq=42 last_seq=43 due_ns=100 events=2 ns=112
cat-7 [001] ..... 1.0: simrupt_drop: line=1 seq=5 events=2 cause=flushed ns=113
cat-7 [001] ..... 1.0: simrupt_knob: line=1 name=cpu value=-1 ns=114
";

    fn written(rows: &str) -> Vec<TracePacket> {
        let mut bytes = Vec::new();
        let mut perfetto = Perfetto::begin(&mut bytes).unwrap();
        for row in rows.lines() {
            match Row::parse(row) {
                Ok(Row::Event(event)) => perfetto.add(&event).unwrap(),
                other => panic!("{row}: {other:?}"),
            }
        }
        perfetto.end().unwrap();
        Trace::decode(bytes.as_slice()).unwrap().packet
    }

    /// `ns track kind arrows`, of every event.
    fn told(packets: &[TracePacket]) -> Vec<String> {
        let mut names = HashMap::new();
        let mut told = Vec::new();
        for packet in packets {
            if let Some(track) = &packet.track_descriptor {
                let name = track.name.clone().unwrap();
                let parent = track
                    .parent_uuid
                    .map(|parent| format!("{}/", names[&parent]));
                names.insert(track.uuid.unwrap(), parent.unwrap_or_default() + &name);
            }
            if let Some(event) = &packet.track_event {
                // A track is made known before it is used.
                let track: &String = &names[&event.track_uuid.unwrap()];
                let kind = Type::try_from(event.r#type.unwrap()).unwrap();
                let ns = packet.timestamp.unwrap();
                told.push(format!("{ns} {track} {kind:?} {:?}", event.flow_ids));
            }
        }
        told
    }

    #[test]
    fn each_hop_has_a_track_for_each_line_and_cpu() {
        let other = 1_u64 << 48;
        assert_eq!(
            told(&written(ROWS)),
            [
                "101 simrupt line 0/emit CPU 1 Instant [42]".to_string(),
                "102 simrupt line 0/irq CPU 1 Instant [42]".to_string(),
                "103 simrupt line 0/queue CPU 1 SliceBegin []".to_string(),
                "104 simrupt line 0/emit CPU 1 Instant [43]".to_string(),
                "105 simrupt line 0/irq CPU 1 Instant [43]".to_string(),
                "107 simrupt line 0/queue CPU 1 SliceEnd []".to_string(),
                "107 simrupt line 0/run CPU 0 SliceBegin []".to_string(),
                "109 simrupt line 0/run CPU 0 SliceEnd [42, 43]".to_string(),
                "110 simrupt line 0/run CPU 0 SliceBegin []".to_string(),
                "111 simrupt line 0/run CPU 0 SliceEnd []".to_string(),
                "112 simrupt line 0/read CPU 1 Instant [42, 43]".to_string(),
                format!(
                    "113 simrupt line 1/lost CPU 1 Instant [{}, {}]",
                    other + 5,
                    other + 6
                ),
                "114 simrupt line 1/knob CPU 1 Instant []".to_string(),
            ]
        );
    }

    #[test]
    fn all_times_are_of_the_monotonic_clock() {
        let packets = written(ROWS);
        let snapshot = packets[0].clock_snapshot.as_ref().unwrap();
        assert_eq!(snapshot.primary_trace_clock, Some(MONOTONIC));
        let events = packets.iter().filter(|packet| packet.track_event.is_some());
        assert!(events.clone().count() > 10);
        for packet in events {
            assert_eq!(packet.timestamp_clock_id, Some(MONOTONIC));
            assert_eq!(packet.trusted_packet_sequence_id, Some(SEQUENCE));
        }
    }

    #[test]
    fn a_reader_of_thousands_of_events_has_few_arrows() {
        let row = "cat-7 [001] ..... 1.0: simrupt_read: line=0 seq=1 last_seq=9000 due_ns=1 events=9000 ns=2";
        let packets = written(row);
        let event = packets.last().unwrap().track_event.as_ref().unwrap();
        assert_eq!(event.flow_ids.len() as u64, ARROWS);
    }
}
