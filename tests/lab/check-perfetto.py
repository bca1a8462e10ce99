# SPDX-License-Identifier: GPL-2.0-only
"""Decodes a trace by Perfetto's own definitions, and holds it against the tracepoints it was made of.

Called by tests/lab/check-perfetto as `check-perfetto.py TRACE DECODED`.
"""

import collections
import re
import sys

from google.protobuf import unknown_fields
from perfetto.protos.perfetto.trace import perfetto_trace_pb2 as protos

# What each tracepoint becomes: the beginning of its track's name.
INSTANTS = {"emit": "emit", "irq": "irq", "wake": "wake", "read": "read", "drop": "lost", "knob": "knob",
            "fault": "fault"}
SEQUENCE_CLEARED = protos.TracePacket.SEQ_INCREMENTAL_STATE_CLEARED


def check(what, is_so):
    if not is_so:
        sys.exit(f"{sys.argv[2]}: {what}")


def no_unknown(message):
    """Checks that the message has no fields that its definition does not know."""
    check(f"unknown fields in {message}", not len(unknown_fields.UnknownFieldSet(message)))
    for field, value in message.ListFields():
        if field.type == field.TYPE_MESSAGE:
            repeated = isinstance(value, collections.abc.Sequence)
            for part in value if repeated else [value]:
                no_unknown(part)


def hits(path):
    """The tracepoints of a trace, as (name, line, ns)."""
    pattern = re.compile(r": simrupt_(\w+): line=(\d+) .*\bns=(\d+)$")
    with open(path) as trace:
        found = [pattern.search(row.rstrip()) for row in trace]
    return [(hit[1], int(hit[2]), int(hit[3])) for hit in found if hit]


def main():
    source, decoded = sys.argv[1:]
    trace = protos.Trace()
    with open(decoded, "rb") as file:
        trace.ParseFromString(file.read())
    no_unknown(trace)
    first = trace.packet[0]
    check("no clocks in the first packet", first.HasField("clock_snapshot"))
    check("the first packet does not begin the sequence", first.sequence_flags & SEQUENCE_CLEARED)

    tracks, seen, open_slices = {}, collections.Counter(), collections.Counter()
    flows = collections.Counter()
    event_types = protos.TrackEvent
    for packet in trace.packet:
        check("a packet of no sequence", packet.trusted_packet_sequence_id)
        if packet.HasField("track_descriptor"):
            track = packet.track_descriptor
            check(f"track {track.uuid} is there twice", track.uuid not in tracks)
            check("a parent that comes later", not track.parent_uuid or track.parent_uuid in tracks)
            tracks[track.uuid] = (track.name, track.parent_uuid)
        if packet.HasField("track_event"):
            event = packet.track_event
            check("an event on no track", event.track_uuid in tracks)
            name, parent = tracks[event.track_uuid]
            line = int(tracks[parent][0].rsplit(" ", 1)[1])
            check(f"{name} is not of a CPU", re.fullmatch(r"\w+ CPU \d+", name))
            kind = name.split(" ")[0]
            if event.type == event_types.TYPE_INSTANT:
                seen[kind, line, packet.timestamp] += 1
            elif event.type == event_types.TYPE_SLICE_BEGIN:
                open_slices[event.track_uuid] += 1
                seen[f"{kind} begins", line, packet.timestamp] += 1
            else:
                check("not one of the types", event.type == event_types.TYPE_SLICE_END)
                open_slices[event.track_uuid] -= 1
                check("an end without a beginning", open_slices[event.track_uuid] >= 0)
            flows.update(event.flow_ids)

    wanted = collections.Counter()
    for name, line, ns in hits(source):
        if name in INSTANTS:
            wanted[INSTANTS[name], line, ns] += 1
        elif name == "bh_start":
            wanted["run begins", line, ns] += 1
    unmet = {hit: count for hit, count in wanted.items() if seen[hit] != count}
    check(f"missing, or too few: {unmet}", not unmet)
    others = {kind for kind, _, _ in seen} - {kind for kind, _, _ in wanted} - {"queue begins"}
    check(f"more than expected: {others}", not others)
    check("no arrows", any(count > 1 for count in flows.values()))
    print(f"{decoded}: {len(trace.packet)} packets, {len(tracks)} tracks, {sum(seen.values())} hops, "
          f"{len(flows)} flows: as Perfetto defines them")


main()
