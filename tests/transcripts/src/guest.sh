#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
# Runs the sessions of the documentation in the test machine: `guest.sh LIMIT_S SHELL...`. /docs has a folder for each
# session, named by its number; SHELL runs session.sh there. Marks on the output tell which step is which; src/said.rs
# reads them.
limit_s=$1
shift

# The sessions report their ends here, and so does the clock.
mkfifo /run/ends
exec 5<>/run/ends

modules() { cut -d ' ' -f 1 /proc/modules | tr '\n' ' '; }
first_modules=$(modules)

# unload SESSION: the modules that the session has loaded. A process that was killed may still have one open.
unload() {
    for module in $(modules); do
        case " $first_modules " in *" $module "*) continue ;; esac
        tries=0
        until rmmod "$module" 2>/run/why; do
            tries=$((tries + 1))
            if [ $tries = 100 ]; then
                printf '\n@docs left %s %s\n' "$1" "$(cat /run/why)"
                break
            fi
            usleep 10000
        done
    done
}

for folder in /docs/[0-9]*; do
    number=${folder##*/}
    {
        # shellcheck disable=SC2016 # the inner shell's own number
        setsid sh -c 'echo $$ >/run/leader; exec "$@"' sh "$@" /docs/session.sh "$folder" </dev/null 5>&-
        echo "$number" >&5
    } &
    { sleep "$limit_s"; echo "$number hang" >&5; } >/dev/null 2>&1 &
    clock=$!
    while read -r ended how <&5; do
        [ "$ended" != "$number" ] || break
    done
    kill "$clock" 2>/dev/null
    kill -9 -- "-$(cat /run/leader)" 2>/dev/null
    unload "$number"
    # Where something hangs nothing more can be trusted.
    [ "$how" != hang ] || exit 1
done
exit 0
