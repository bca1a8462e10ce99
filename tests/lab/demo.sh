#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
# A demonstration, each command followed by its output. The init script runs it in the test machine; it ends with a
# summary. Fails when a command fails.
set -eu

knobs=/sys/kernel/debug/simrupt/line0

say() { printf '\n# %s\n' "$*"; }

run() {
    printf '$ %s\n' "$*"
    sh -c "$*"
}

say "Load the module: one simulated device, 100 interrupts a second, work deferred to an unbound workqueue."
run "insmod simrupt.ko rate_hz=100 workqueue=unbound"

say "It is a real interrupt line; nothing comes while nobody has the device open."
run "grep -e CPU -e simrupt /proc/interrupts"

say "Read 95 events: each is one printable character."
run "head -c 95 /dev/simrupt0; echo"
run "grep -e CPU -e simrupt /proc/interrupts"

say "Turn the knobs while it runs, through debugfs ..."
run "echo 2000 > $knobs/rate_hz"
run "echo drop > $knobs/fifo_policy"
run "cat $knobs/workqueue"
run "echo always > $knobs/run"

say "... with values it does not take, which change nothing ..."
run "echo 2000000 > $knobs/rate_hz || true"
run "echo softirq > $knobs/workqueue || true"

say "... or with simructl: the rate, the fifo, and the workqueue through its flavors."
run "simructl set-rate 5000"
run "simructl set-fifo-size 1000"
flavors=
for flavor in bound unbound bh ordered; do
    run "simructl set-wq $flavor"
    run "simructl reset"
    before=$(awk '/^bottom_half/ { print $3, $4 }' $knobs/contexts)
    run "simructl read -n 2000 > /dev/null"
    after=$(awk '/^bottom_half/ { print $3, $4 }' $knobs/contexts)
    flavors="$flavors$flavor $before $after
"
done

say "Watch events on their way: arrivals at random, as records with the times of each hop."
run "simructl set pattern=poisson format=record"
run "simructl read --nonblock > /dev/null"
run "simructl read --follow -n 8"
run "simructl latency"
run "simructl set pattern=periodic format=char"

say "Follow one of them through the kernel: each hop with its time, its CPU and its context."
run "simructl read > /dev/null & simructl trace -n 20 | tail -n 8; kill \$!"
run "simructl set-wq bh"
run "simructl read > /dev/null & simructl trace -n 20 | tail -n 8; kill \$!"

say "What happens there, and what may be done where:"
run "simructl explain"

say "Mask the line: events wait in the ring, and one edge brings them all."
run "simructl set masked=1; usleep 20000; grep -E 'in_ring|pending' $knobs/stats"
run "simructl set masked=0; grep -E 'in_ring|pending' $knobs/stats"

say "Move the interrupt to the second CPU: half a second later, the counts tell."
irq=$(cat $knobs/irq)
run "echo 2 > /proc/irq/$irq/smp_affinity"
run "grep -e CPU -e simrupt /proc/interrupts; simructl read -n 2500 > /dev/null; grep simrupt /proc/interrupts"
say "What interrupts this machine, per second, on which CPU, and what the softirqs do meanwhile:"
run "simructl read > /dev/null & simructl irqs --threshold 1; simructl softirqs --threshold 1; kill \$!"

say "Stop the device. What became of each event, and in which context each stage ran:"
run "simructl set rate_hz=0"
run "simructl stats"

say "The sums hold: every event is accounted for."
run "simructl verify"

stat() { awk -v name="$1" '$1 == name { print $2 }' $knobs/stats; }
summary="events $(stat events), interrupts handled $(stat handled), runs of the bottom half $(stat runs), \
read $(stat read), dropped by the full fifo $(stat dropped), lost otherwise $(($(stat overrun) + $(stat overwritten) + $(stat flushed)))"

say "And unload it."
run "rmmod simrupt"

printf '\n== Summary ==\n'
printf 'Shown: insmod with parameters, /proc/interrupts, /dev/simrupt0, debugfs knobs, simructl, records,\n'
printf '  latencies, the way of an event, its explanation, masking, affinity, all interrupts and softirqs, rmmod.\n'
printf 'Where the bottom half ran:\n'
printf '  %-9s %8s %8s\n' flavor softirq task
printf '%s' "$flavors" | while read -r flavor softirq0 task0 softirq1 task1; do
    printf '  %-9s %8d %8d\n' "$flavor" $((softirq1 - softirq0)) $((task1 - task0))
done
printf 'Since the last reset: %s.\n' "$summary"
