#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
# Two benchmarks of affinity scopes in the same test machine: the kernel's lib/test_workqueue, LOADS times with ITEMS
# work items per thread, and simructl's scenario of the same kind. The init script runs it as `scopes.sh LOADS ITEMS
# [ARGS...]`, with ARGS for `simructl bench`. Writes /out/test_workqueue.log and /out/bench.json.
set -eu
loads=$1 items=$2
shift 2

mkdir -p /out
for load in $(seq "$loads"); do
    echo "lib/test_workqueue, load $load of $loads, $items items per thread"
    # The init function of the module does all the work and then returns an error. busybox's insmod takes that for a
    # kernel that needs the other system call and tries again, so each load makes two passes over the scopes.
    if insmod test_workqueue.ko wq_items="$items" 2>/tmp/insmod; then
        echo "test_workqueue stayed loaded: an unknown version of the module"
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
