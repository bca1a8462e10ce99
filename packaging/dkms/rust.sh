# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# What a Rust module needs of a kernel, and where it is: functions shared by the scripts of this folder. They source it;
# it is never run. Nothing here changes a file.
# shellcheck disable=SC2034 # the scripts use the results

# Where the kernels and the sources are, and where made metadata is kept. Tests use other folders.
: "${SYSROOT:=}"
MODULES=$SYSROOT/lib/modules
SOURCES=$SYSROOT/usr/src
STATE=$SYSROOT/var/lib/simrupt/rust

# Disk space for making metadata: the kernel's source, without most drivers, and what is built from it.
NEEDED_MIB=2000

# The files that a tree must have in its folder rust/ so that a module can be built, and those that macros of the kernel
# crate include from there.
METADATA=(libcore.rmeta libkernel.rmeta libmacros.so)
ASSEMBLY=kernel/generated_arch_static_branch_asm.rs

# directive NAME: the value of a directive in dkms.conf, which is beside this folder when installed.
directive() { sed -n "s/^$1=\"\(.*\)\"\$/\1/p" "$(dirname "${BASH_SOURCE[0]}")/../dkms.conf"; }

# in_range RELEASE: whether the module supports kernels of that version.
in_range() {
    local numbers=${1%%[-+]*}
    printf '%s\n' "$(directive BUILD_EXCLUSIVE_KERNEL_MIN)" "$numbers" "$(directive BUILD_EXCLUSIVE_KERNEL_MAX)" |
        sort --check=quiet --version-sort
}

# setting TREE NAME: the value of a configuration option, without quotes; empty if it is off.
setting() {
    local config=$1/include/config/auto.conf
    [[ -e $config ]] || config=$1/.config
    sed -n "s/^$2=\"\{0,1\}\([^\"]*\)\"\{0,1\}\$/\1/p" "$config" 2>/dev/null
}

# metadata_version FILE: the compiler that made an .rmeta file, in the words of `rustc --version`. The file
# begins with it; CONFIG_RUSTC_VERSION_TEXT only says which compiler the configuration saw.
metadata_version() { head -c 256 "$1" 2>/dev/null | LC_ALL=C grep -a -o -m 1 'rustc [0-9][ -~]*'; }

# lacking TREE: the metadata files that are missing in the tree.
lacking() {
    local file
    for file in "${METADATA[@]}"; do
        [[ -e $1/rust/$file ]] || echo "$file"
    done
}

# is_whole TREE: whether nothing is missing.
is_whole() { [[ -z $(lacking "$1") && -e $1/rust/$ASSEMBLY ]]; }

# fingerprint TREE: a value that changes when the kernel of the same release is built again.
fingerprint() { cat "$1/.config" "$1/Module.symvers" 2>/dev/null | sha256sum | cut -d ' ' -f 1; }

# compilers: every rustc on this machine, the one without a version in its name first.
compilers() {
    local file
    {
        type -P -a rustc
        for file in "$SYSROOT"/usr/bin/rustc-[0-9]* "$SYSROOT"/usr/lib/rust-*/bin/rustc "$SYSROOT"/usr/local/bin/rustc*; do
            [[ ! -x $file ]] || echo "$file"
        done
    } | while IFS= read -r file; do
        # /bin may be /usr/bin. A link to a compiler is not resolved: rustup's programs depend on their names.
        echo "$(realpath "$(dirname "$file")")/$(basename "$file")"
    done | awk '!seen[$0]++'
}

# compiler_of VERSION: the rustc that reports this version.
compiler_of() {
    local rustc
    while IFS= read -r rustc; do
        if [[ $("$rustc" --version 2>/dev/null) == "$1" ]]; then
            echo "$rustc"
            return
        fi
    done < <(compilers)
    return 1
}

# has_library_source RUSTC: whether the source of Rust's core library is installed, from which metadata is made.
has_library_source() { [[ -e $("$1" --print sysroot)/lib/rustlib/src/rust/library/core/src/lib.rs ]]; }

# find_bindgen: the newest bindgen.
find_bindgen() {
    type -P bindgen && return
    find /usr/bin /usr/local/bin -name 'bindgen-[0-9]*' 2>/dev/null | sort -V | tail -n 1 | grep .
}

# installed_version PACKAGE: its version, if dpkg knows it.
installed_version() { dpkg-query -W -f '${Version}' "$1" 2>/dev/null; }

# source_package RELEASE: the package with the source of that kernel: linux-source-7.3 for 7.3.4+deb13-amd64.
source_package() {
    local major minor
    IFS=. read -r major minor _ <<<"${1%%[-+]*}"
    echo "linux-source-$major.$minor"
}

# source_archive RELEASE: the source of exactly that kernel, if it is installed.
source_archive() {
    local package archive want have
    package=$(source_package "$1")
    want=$(installed_version "linux-headers-$1")
    have=$(installed_version "$package")
    [[ -n $want && $have == "$want" ]] || return 1
    for archive in "$SOURCES/$package".tar.*; do
        [[ -e $archive ]] && echo "$archive" && return
    done
    return 1
}

# has_header HEADER: whether the C header of a library is installed.
has_header() { [[ -e /usr/include/$1 ]] || compgen -G "/usr/include/*/$1" >/dev/null; }

# package_with NAME VERSION: the newest package known to apt with this name and a version that begins with VERSION, in
# the form for apt-get install: NAME=VERSION.
package_with() {
    type -P apt-cache >/dev/null || return 1
    apt-cache madison "$1" 2>/dev/null |
        awk -F ' *[|] *' -v want="$2" '
            { sub(/^ */, "", $1) }
            index($2, want "-") == 1 || index($2, want "+") == 1 || $2 == want { print $1 "=" $2; exit }' | grep .
}

# link_headers HEADERS NEW FINAL: makes in NEW a build tree that will be used as FINAL, with links to everything in the
# headers, except for two folders of its own to which files are added: scripts/, and an empty rust/.
link_headers() {
    local headers=$1 new=$2 final=$3
    cp -a --symbolic-link "$headers" "$new"
    rm -rf "$new"/{scripts,rust,Makefile}
    mkdir "$new/scripts" "$new/rust"
    find -L "$headers/scripts" -mindepth 1 -maxdepth 1 -exec ln -s -t "$new/scripts" {} +
    # Debian's headers contain their own path.
    sed "s|^\(KBUILD_OUTPUT *= *\).*|\1$final|" "$headers/Makefile" >"$new/Makefile"
    fingerprint "$headers" >"$new/fingerprint"
}

# attempt RELEASE: everything that decides whether a build succeeds, in one word.
attempt() {
    {
        directive PACKAGE_VERSION
        fingerprint "$MODULES/$1/build"
        while IFS= read -r rustc; do "$rustc" --version; done < <(compilers)
        "$(find_bindgen)" --version
    } 2>/dev/null | sha256sum | cut -d ' ' -f 1
}

# The last attempt that failed, so that catch-up does not repeat it.
failed() { echo "$STATE/failed-$1"; }
