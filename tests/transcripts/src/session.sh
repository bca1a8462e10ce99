#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Runs the steps of a session, one after the other, in one shell: `session.sh FOLDER`. A step is commands; those whose
# names end with "strict" end the session when one of them fails, and those with "stdout" have no standard error.
# Called by guest.sh in a folder of root's.
docs_folder=$1
docs_session=${docs_folder##*/}
set --
cd /root || exit

# A shell that exits in the middle of a step ends it.
docs_status=''
docs_key=''
trap 'docs_status=$?; [ -z "$docs_key" ] || printf "\n@docs end %s %s\n" "$docs_key" "$docs_status"' EXIT

for docs_step in "$docs_folder"/*; do
    docs_number=${docs_step##*/}
    docs_key="$docs_session ${docs_number%-*}"
    printf '@docs begin %s\n' "$docs_key"
    case $docs_number in
    *-strict) set -e ;;
    *-stdout) exec 3>&2 2>/dev/null ;;
    esac
    eval "$(cat "$docs_step")"
    docs_status=$?
    case $docs_number in *-stdout) exec 2>&3 3>&- ;; esac
    set +e
    printf '\n@docs end %s %s\n' "$docs_key" "$docs_status"
    docs_key=''
done
