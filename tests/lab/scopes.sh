#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
# Two benchmarks of affinity scopes in the same test machine: the kernel's lib/test_workqueue, LOADS times
# with ITEMS work items per thread, and simructl's scenario of the same kind. Run by the init script as
# `scopes.sh LOADS ITEMS [ARGS...]`, ARGS for `simructl bench`. Leaves /out/test_workqueue.log and
# /out/bench.json.
set -eu
loads=$1 items=$2
shift 2

mkdir -p /out
for load in $(seq "$loads"); do
    echo "lib/test_workqueue, load $load of $loads, $items items per thread"
    # Its init does everything, and then refuses to stay. busybox's insmod takes that for a kernel that
    # wants the other system call, so each load makes two passes over the scopes.
    if insmod test_workqueue.ko wq_items="$items" 2>/tmp/insmod; then
        echo "test_workqueue stayed loaded: not the module that is known here"
        exit 1
    fi
    grep -q 'Resource temporarily unavailable' /tmp/insmod || { cat /tmp/insmod; exit 1; }
done
dmesg | grep 'test_workqueue: ' >/out/test_workqueue.log
cat /out/test_workqueue.log

insmod "$SIMRUPT_KO" lines="$(nproc)"
status=0
simructl bench --preset cache-shard "$@" --json /out/bench.json || status=$?
rmmod simrupt
exit "$status"
