#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
# The pictures of the documentation, made in the test machine: the way of an event by four flavors, and latency against CPU
# time of all of them. Run by the init script. What it leaves in /out becomes files on the host. Fails when a command
# fails.
set -eu

# The kernel changes its clock once, a second or two after it has started.
while grep -q tsc-early /sys/devices/system/clocksource/clocksource0/current_clocksource; do
    sleep 0.1
done
mkdir -p /out
for flavor in bound bh irq-thread napi; do
    insmod "$SIMRUPT_KO" rate_hz=100 workqueue="$flavor"
    simructl read >/dev/null &
    reader=$!
    simructl trace -n 8 --out "/out/$flavor.txt" >/dev/null
    kill "$reader"
    wait "$reader" || true
    # As the test does it. The trace may have a few events more than were asked for.
    simructl trace --from "/out/$flavor.txt" --svg "/out/event-$flavor.svg" >/dev/null
    rmmod simrupt
done
insmod "$SIMRUPT_KO"
simructl bench --flavors all --rates 20000 --rounds 7 --duration 60ms --warm-up 20ms --svg /out/charts
mv /out/charts/frontier-*.svg /out/frontier.svg
rm -r /out/charts
rmmod simrupt
