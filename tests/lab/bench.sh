#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
# A benchmark in the test machine: loads the module, measures, unloads. The init script runs it as `bench.sh LINES
# [ARGS...]`, with ARGS for `simructl bench`; LINES 0 means one for each CPU, at least four. Its files in /out become
# files on the host. Fails when a command fails.
set -eu
lines=$1
shift
if [ "$lines" = 0 ]; then
    lines=$(nproc)
    [ "$lines" -ge 4 ] || lines=4
fi

# The kernel changes its clock once, a second or two after it has started.
while grep -q tsc-early /sys/devices/system/clocksource/clocksource0/current_clocksource; do
    sleep 0.1
done
mkdir -p /out
insmod "$SIMRUPT_KO" lines="$lines"
status=0
simructl bench "$@" --json /out/bench.json --csv /out/bench.csv --markdown /out/bench.md \
    --html /out/bench.html --svg /out/svg || status=$?
rmmod simrupt
exit "$status"
