#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Does to simrupt what a test did, and complains about what is not as it should be. Run it as root, with
# simructl in the path; SIMRUPT_KO names the module. Exit status 0: all is as it should be.
# shellcheck disable=SC2034 # some of it only some of the scripts need
d=/sys/kernel/debug/simrupt
p=/sys/module/simrupt/parameters
b=/sys/bus/platform/drivers/simrupt
status=0

complain() {
    echo "$*"
    status=1
}

# is WHAT EXPECTED SEEN
is() { [ "$2" = "$3" ] || complain "$1: expected '$2', is '$3'"; }

# set_to FILE TEXT, refuses FILE TEXT: one write(2), which has to work, or not to.
set_to() { { printf '%b' "$2" >"$1"; } 2>/dev/null || complain "$1 refuses '$2'"; }
refuses() { ! { printf '%b' "$2" >"$1"; } 2>/dev/null || complain "$1 takes '$2'"; }

# stat LINE NAME, knob LINE NAME: a counter, a knob.
stat() { awk -v name="$2" '$1 == name { print $2 }' "$d/line$1/stats"; }
knob() { sed 's/.*\[\(.*\)\].*/\1/' "$d/line$1/$2"; }

# eventually CONDITION...: waits for it, some seconds.
eventually() {
    tries=2000
    until "$@" 2>/dev/null; do
        tries=$((tries - 1))
        [ $tries -gt 0 ] || { complain "never: $*"; return; }
        sleep 0.001
    done
}

# has_stats LINE NAME COUNT..., has_knobs LINE NAME VALUE..., has_parameters NAME LIST...
has_stats() { line_has stat "$@"; }
has_knobs() { line_has knob "$@"; }
line_has() {
    show=$1 line=$2
    shift 2
    while [ $# -gt 0 ]; do
        is "line$line $1" "$2" "$("$show" "$line" "$1")"
        shift 2
    done
}
has_parameters() {
    while [ $# -gt 0 ]; do
        is "parameter $1" "$2" "$(cat "$p/$1")"
        shift 2
    done
}

# events_reach LINE COUNT: waits for events.
has_events() { [ "$(stat "$1" events)" -ge "$2" ]; }
events_reach() { eventually has_events "$@"; }

# rest LINE: waits until nothing is under way but what a masked interrupt keeps.
is_at_rest() {
    awk -v masked="$(knob "$1" masked)" '{ n[$1] = $2 } END {
        exit !((masked || n["in_ring"] + n["pending"] == 0) && n["runs"] >= n["scheduled"])
    }' "$d/line$1/stats"
}
rest() { [ ! -c "/dev/simrupt$1" ] || eventually is_at_rest "$1"; }

# reads FD BYTES FORMAT [FIRST-LAST...]: one read(2), which has to get the records of these numbers.
reads() {
    fd=$1 bytes=$2 format=$3
    shift 3
    numbers=$(for range; do seq "${range%-*}" "${range#*-}"; done)
    case $format in
    char)
        expected=$(echo "$numbers" | awk '{ printf "%02x", 32 + $1 % 95 }')
        seen=$(dd bs="$bytes" count=1 <&"$fd" 2>/dev/null | od -An -v -tx1 | tr -d ' \n')
        ;;
    record)
        expected=$numbers
        seen=$(dd bs="$bytes" count=1 <&"$fd" 2>/dev/null | od -An -v -tu8 -w40 | awk '{ print $1 }')
        ;;
    esac
    is "read of $bytes bytes" "$expected" "$seen"
}

# reads_nothing FD BYTES: one read(2), which has to fail.
reads_nothing() { ! dd bs="$2" count=1 <&"$1" >/dev/null 2>&1 || complain "a read of $2 bytes works"; }

