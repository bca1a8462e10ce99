# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154 # those who source it set both
# A headless Chromium for check-html and check-page, which source this: $chromium is the program, and $scratch a folder.

# browse OPTIONS... ADDRESS. Everything that Chromium does by itself is switched off; no name is resolved.
browse() {
    "$chromium" --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run \
        --user-data-dir="$scratch/profile" --disable-background-networking --disable-component-update \
        --disable-default-apps --disable-domain-reliability --disable-extensions --disable-sync \
        --no-pings --host-resolver-rules='MAP * ~NOTFOUND' --hide-scrollbars "$@"
}
