# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Systems to test packages in: unpacked from an archive for one run, entered as root at native speed, and booted in a
# virtual machine. Sourced by packaging/test-install and similar scripts, after tests/lab/common.sh and machine.sh.

# The system starts with $OLD_KERNEL, and is upgraded to this kernel.
NEW_KERNEL=$STOCK
WORK=${TMPDIR:-/var/tmp}/simrupt-systems-$EUID-$$
SYSTEM=$WORK/system

# Options of run-vm for the machines they boot in; the environment may give REALTIME=1 and PATIENCE=N.
VM_OPTIONS=(--memory 1024 --no-string-instructions)
[[ ${REALTIME:-} != 1 ]] || VM_OPTIONS+=(--realtime)
[[ -z ${PATIENCE:-} ]] || VM_OPTIONS+=(--patience "$PATIENCE")

# as_root CMD...: runs CMD as root, in a user namespace if the caller is not root; its mounts and processes end with it.
as_root() {
    local namespaces=(--mount --pid --fork --kill-child)
    ((EUID == 0)) || namespaces+=(--user --map-root-user --map-auto)
    unshare "${namespaces[@]}" "$@"
}

# The archive of packages that this run downloads into. apt locks its folder while it runs, so each run has its own,
# with links to earlier downloads; new files are copied to the common archive at the end.
ARCHIVES=$USER_SYSTEM/archives.$$
open_archives() {
    local old
    for old in "$USER_SYSTEM"/archives.*; do
        [[ ! -d $old ]] || kill -0 "${old##*.}" 2>/dev/null || rm -rf "$old"
    done
    rm -rf "$ARCHIVES"
    mkdir -p "$ARCHIVES/partial"
    find "$USER_SYSTEM/archives" -maxdepth 1 -name '*.deb' -exec ln -t "$ARCHIVES" {} +
}
close_archives() {
    local deb
    for deb in "$ARCHIVES"/*.deb; do
        [[ ! -e $deb || -e $USER_SYSTEM/archives/${deb##*/} ]] || mv "$deb" "$USER_SYSTEM/archives/"
    done
    rm -rf "$ARCHIVES"
}

# remove_systems: removes the files of the run; KEEP=1 keeps the unpacked system.
remove_systems() {
    close_archives
    [[ ${KEEP:-} == 1 || ! -d $WORK ]] || as_root rm -rf --one-file-system "$WORK"
}

# unpack_system: unpacks a fresh system.
unpack_system() {
    mkdir -p "$WORK"
    # Its users must be able to enter it.
    chmod 755 "$WORK"
    # shellcheck disable=SC2016 # the other shell expands
    as_root sh -c 'rm -rf "$2"; mkdir -p "$2" && tar -x -f "$1" -C "$2" --numeric-owner --exclude="./dev/*"' sh \
        "$USER_SYSTEM/system.tar" "$SYSTEM"
}

# in_system CMD...: runs CMD as root in the system, with the network, and with the archive of downloaded packages.
in_system() { as_root "$CHECKOUT/packaging/chroot" "$SYSTEM" "$ARCHIVES" "$@"; }

# pack_system IMAGE KERNEL INITRD: packs the system as a disk image, without files that only builds need, and copies
# what its boot loader would load.
pack_system() {
    local image=$1 kernel=$2 initrd=$3
    as_root tar -c -C "$SYSTEM" --numeric-owner --exclude=./usr/src --exclude=./usr/lib/gcc --exclude=./usr/libexec/gcc \
        --exclude=./usr/lib/rustlib --exclude='./usr/lib/llvm*' --exclude='./usr/lib/*/librustc*' --exclude='./usr/lib/*/lib*LLVM*' \
        --exclude='./usr/lib/*/libclang*' --exclude='./var/cache/apt/*' --exclude='./var/lib/apt/*' --exclude='./var/lib/simrupt/*' . >"$WORK/system.tar"
    as_root cat "$SYSTEM/vmlinuz" >"$kernel"
    as_root cat "$SYSTEM/initrd.img" >"$initrd"
    rm -f "$image"
    "$LAB/enter" --root "$PACKAGING" mke2fs -q -t ext4 -O ^has_journal -d - "$image" 3000M <"$WORK/system.tar"
    rm "$WORK/system.tar"
}

# prepare_packages: makes the packages of an earlier version, in OLD_DEBS.
OLD_DEBS=$CHECKOUT/build/old-deb
VERSION=$(version_in "$CHECKOUT/Cargo.toml")
prepare_packages() {
    compgen -G "$CHECKOUT/build/deb/simrupt-dkms_$VERSION-*.deb" >/dev/null ||
        die "there are no packages of $VERSION in $CHECKOUT/build/deb: make deb"
    step old-packages "packages as of a version before, 0.0.9" \
        "$CHECKOUT/packaging/old-packages" 0.0.9 "$CHECKOUT/build/deb" "$OLD_DEBS"
}

# unpack_packages: unpacks a fresh system, with the packages and the scripts that test them.
unpack_packages() {
    open_archives
    step unpack "the system, unpacked" unpack_system
    # shellcheck disable=SC2016 # the other shell expands
    step copy "the packages in it" as_root sh -c '
        mkdir -p "$1/srv/simrupt/old" && cp "$2"/*.deb "$1/srv/simrupt/" && cp "$3"/*.deb "$1/srv/simrupt/old/" &&
            cp "$4/steps" "$1/srv/simrupt/" && cp "$4/in-vm" "$4/report" "$1/root/" &&
            cp "$4/report.service" "$1/etc/systemd/system/" && chroot "$1" systemctl enable report.service' \
        sh "$SYSTEM" "$CHECKOUT/build/deb" "$OLD_DEBS" "$CHECKOUT/tests/install"
}

# typed STEP: runs a step of tests/install/steps in the system.
typed() { in_system env "OLD=$OLD_KERNEL" "NEW=$NEW_KERNEL" "VERSION=$VERSION" /srv/simrupt/steps "$1"; }

# transcript LOG...: the part of apt's output about the packages and the module; without the dots that count time.
transcript() {
    sed -n -E '
        s/\.\.\.+( done\.)?$/...\1/
        /^# /p
        /^(Unpacking|Setting up|Removing|Purging configuration files for) sim/p
        /^(Loading new|Running the pre_build|Building module|Signing module|Installing \/lib|Deleting|simrupt)/p' "$@"
}

# documented FILE NAME TRANSCRIPT: checks that the part NAME of the documentation is what was printed this time. With
# SNAPSHOTS=overwrite, updates it.
documented() {
    local file=$CHECKOUT/Documentation/$1 name=$2 transcript=$3 new
    [[ -s $transcript ]] || die "$transcript is empty: nothing was printed for the part $name of $file"
    new=$(awk -v name="$name" -v transcript="$transcript" '
        $0 == "<!-- " name ": end -->" { on = 0 }
        !on { print }
        $0 == "<!-- " name ": begin -->" {
            on = found = 1
            print "```"
            while ((getline line <transcript) > 0)
                print line
            print "```"
        }
        END { exit !found }' "$file") || die "$file has no part $name"
    if [[ ${SNAPSHOTS:-} == overwrite ]]; then
        cat >"$file" <<<"$new"
    elif ! diff --unified "$file" - <<<"$new"; then
        die "$file: the part $name is not what was printed: lines above. SNAPSHOTS=overwrite accepts it"
    fi
}
