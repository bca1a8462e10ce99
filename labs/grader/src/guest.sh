#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
# Runs the cases of labs in the test machine: `labs.sh LIMIT_S`. /labs has a folder for each job, named by its number,
# with what the lab's files were built to and a script NUMBER.sh for each run; numbers have leading zeros, so that they
# sort. Marks on the output and on the console tell which run is which; src/transcript.rs reads them.
limit_s=$1

# The runs report their ends here, and so does the clock.
mkfifo /run/ends
exec 5<>/run/ends

modules() { cut -d ' ' -f 1 /proc/modules; }

# unload KEPT: the modules that are loaded and not among KEPT, the newest first.
unload() {
    for module in $(modules); do
        case " $1 " in
        *" $module "*) ;;
        *) rmmod "$module" 2>/dev/null ;;
        esac
    done
}

# What the kernel is like, as far as a job should leave it as it was: modules, taint but for that of an unsigned module
# from elsewhere, devices, and whether lockdep still looks.
state() {
    modules
    echo $(($(cat /proc/sys/kernel/tainted) & ~((1 << 12) | (1 << 13))))
    cat /proc/devices /proc/misc
    grep debug_locks /proc/lockdep_stats 2>/dev/null
}
first_state=$(state)

mark() {
    # The output before it may not have ended its line.
    printf '\n@lab %s\n' "$*"
    echo "<6>lab: $*" >/dev/kmsg
}

# run_case SCRIPT KEY: in a session of its own, of which nothing is left when it ends.
run_case() {
    before=$(modules | tr '\n' ' ')
    # shellcheck disable=SC2016 # the inner shell's own number
    setsid sh -c 'echo $$ >/run/leader; exec sh "$0"' "$1" </dev/null 5>&-
    status=$?
    kill -9 -- "-$(cat /run/leader)" 2>/dev/null
    unload "$before"
    echo "$2 $status" >&5
}

for job in /labs/*; do
    cd "$job" || exit
    for script in [0-9]*.sh; do
        key="${job##*/} ${script%.sh}"
        mark begin "$key"
        run_case "./$script" "$key" &
        { sleep "$limit_s"; echo "$key hang" >&5; } >/dev/null 2>&1 &
        clock=$!
        while read -r of_job of_run how <&5; do
            [ "$of_job $of_run" != "$key" ] || break
        done
        kill "$clock" 2>/dev/null
        if [ "$how" = hang ]; then
            # Which tasks wait, and where.
            echo w >/proc/sysrq-trigger
            mark end "$key" hang
            exit 0
        fi
        mark end "$key" "$how"
    done
    # Other jobs get another kernel.
    [ "$(state)" = "$first_state" ] || exit 0
done
