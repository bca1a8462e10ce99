# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# The Debian mirror, as the host reaches it: its address, and the packages of its suites. Sourced after common.sh,
# never run. (tests/lab/root and tests/lab/user-system, whose text is part of the names of what they make, find the
# mirror themselves.)

# debian_mirror: the address that the host's apt uses; MIRROR overrides it. It may begin with options of apt, in
# brackets.
debian_mirror() {
    # shellcheck disable=SC2016 # apt fills in what looks like an expansion
    echo "${MIRROR:-$(apt-get indextargets --format '$(REPO_URI)' \
        'Created-By: Packages' 'Origin: Debian' 'Label: Debian' 2>/dev/null | head -n 1 || true)}"
}

# mirror_address: the same without options and without a slash at the end.
mirror_address() {
    local mirror
    mirror=$(debian_mirror)
    mirror=${mirror#\[*\] }
    echo "${mirror%/}"
}

# apt_proxies: the host's proxies, as options of mmdebstrap, one per line.
apt_proxies() {
    local scheme proxy
    for scheme in http https; do
        proxy=$(apt-config dump --format '%v%n' "Acquire::$scheme::Proxy" | head -n 1)
        [[ -z $proxy ]] || echo "--aptopt=Acquire::$scheme::Proxy \"$proxy\""
    done
}

# download URL FILE [SAID]: downloads as apt would, through its proxies; SAID gets its messages. The status is 2 if
# there is no apt that can do it.
# no apt that could.
download() {
    local helper=/usr/lib/apt/apt-helper
    [[ -x $helper ]] || return 2
    "$helper" -o APT::Sandbox::User=root -o Acquire::Retries=1 -o Acquire::http::Timeout=20 -o Acquire::https::Timeout=20 \
        download-file "$1" "$2" >/dev/null 2>"${3:-/dev/null}"
}

# packages_of SUITE: "NAME VERSION" of each package in the suite of the mirror for $ARCHITECTURE. Fails if that is
# unknown. It only decides what to ask for: apt checks the signatures of downloads.
packages_of() {
    local folder status=0
    folder=$(mktemp -d)
    if command -v xz >/dev/null &&
        download "$(mirror_address)/dists/$1/main/binary-$ARCHITECTURE/Packages.xz" "$folder/Packages.xz"; then
        xz -dc "$folder/Packages.xz" | awk '/^Package:/ { name = $2 } /^Version:/ { print name, $2 }'
    else
        status=1
    fi
    rm -rf "$folder"
    return "$status"
}

# complete_kernels KIND <PACKAGES: the kernels of a mirror with everything that the lab needs of them (image, headers,
# and source of the same version), the newest first. PACKAGES are lines "NAME VERSION"; KIND is an extended regular
# expression for the end of their names, after the numbers.
complete_kernels() {
    awk -v kind="^[0-9.]+$1\$" '
        { has[$1, $2] = 1 }
        $1 ~ /^linux-binary-/ { release = substr($1, 14); if (release ~ kind) version[release, $2] = $2 }
        END {
            for (one in version) {
                split(one, key, SUBSEP)
                split(key[1], number, /[.+-]/)
                if (has["linux-headers-" key[1], key[2]] && has["linux-source-" number[1] "." number[2], key[2]])
                    print key[1]
            }
        }' | sort -u -r -V
}

# mirror_lacks KERNEL: whether the mirror no longer has the kernel; false if that is unknown. It uses a separate
# shell, as sourcing common.sh sets the variables of a kernel.
# shellcheck disable=SC2016 # the other shell expands
mirror_lacks() {
    KERNEL=$1 bash -c 'set -euo pipefail
        source "$1/common.sh"
        source "$1/mirror.sh"
        packages=$(packages_of "$KERNEL_SUITE") || exit 1
        complete=$(complete_kernels ".*" <<<"$packages")
        ! grep -q -x -F -- "$KERNEL" <<<"$complete"' bash "$LAB"
}

# kernel_is_gone KERNEL: whether neither the cache nor the mirror has the kernel.
# shellcheck disable=SC2016 # the other shell expands
kernel_is_gone() {
    ! KERNEL=$1 bash -c 'source "$1/common.sh" && [[ -d $KERNEL_DIR ]]' bash "$LAB" && mirror_lacks "$1"
}
