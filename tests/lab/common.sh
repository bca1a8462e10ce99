# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# What the scripts of tests/lab share: names, locks, and steps that show their progress. The scripts source it; it is
# never run.
# shellcheck disable=SC2034 # most names are used by the scripts, not here

# The one place that pins the kernel: a Debian kernel release.
PINNED=7.3.4+deb13-amd64
# The Debian release of the build root. Its rustc must be the one that built that kernel.
SUITE=trixie

# TOOLS=1 asks for the tools; further down, TOOLS is the folder where they are.
WANTS_TOOLS=${TOOLS:-}

die() {
    printf 'simrupt: %s\n' "$*" >&2
    exit 1
}

LAB=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
CHECKOUT=$(cd "$LAB/../.." && pwd)
# A service may have no HOME: take it from the user database.
: "${HOME:=$(unset HOME; echo ~)}"
CACHE=${SIMRUPT_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/simrupt}

# The kernel of all targets: the pinned one, or the one that tests/lab/setup chose because the mirror lacks it. `make
# KERNEL=...` selects another one, or one that the lab builds from the same source: debug or kcsan.
INSTEAD=$CACHE/instead-of-$PINNED
stock_kernel() { cat "$INSTEAD" 2>/dev/null || echo "$PINNED"; }
STOCK=$(stock_kernel)
KERNEL_GIVEN=${KERNEL:-}
: "${KERNEL:=$STOCK}"

# apt refuses lists as old as those of a snapshot of a Debian mirror.
if [[ ${MIRROR:-} =~ ^[a-z]+:.*/[0-9]{8}T[0-9]{6}Z ]]; then
    MIRROR="[check-valid-until=no] $MIRROR"
fi
BUILD=$CHECKOUT/build/lab
# What is built for this kernel, and the results of its tests.
KERNEL_BUILD=$BUILD/$KERNEL
LOGS=$KERNEL_BUILD/logs
# What is built for the host.
HOST_TARGET=x86_64-unknown-linux-gnu
case $KERNEL in
*arm64*)
    ARCHITECTURE=arm64
    # The target of programs for the test machine, and the prefix of its compiler and binutils.
    TARGET=aarch64-unknown-linux-gnu
    CROSS=aarch64-linux-gnu-
    # The build root for these kernels holds more packages, and its apt also knows those of the other architecture.
    ROOT_PARTS=("$LAB/root-packages-arm64" "$LAB/root-arm64")
    ROOT_LISTS=("$LAB/root-packages" "$LAB/root-packages-arm64")
    ROOT_APT_CONFIG=/etc/apt/arm64.conf
    ;;
*)
    ARCHITECTURE=amd64
    TARGET=$HOST_TARGET
    CROSS=x86_64-linux-gnu-
    ROOT_PARTS=()
    ROOT_LISTS=("$LAB/root-packages")
    ROOT_APT_CONFIG=
    ;;
esac

# The suite of the mirror that has the kernel $KERNEL, by the name of its release; and the C compiler for its modules,
# under its name in Debian's configuration.
case $KERNEL in
*+deb14-*) KERNEL_SUITE=sid GCC=gcc-16 ;;
[0-9]*+* | [!0-9]*) KERNEL_SUITE=$SUITE-backports GCC=gcc-14 ;;
# Experimental's kernels have no Debian release in their names.
*) KERNEL_SUITE=experimental GCC=gcc-16 ;;
esac

# The names of cached files contain a hash of everything that decides their content, so stale ones are never used.
key() { cat -- "$@" | sha256sum | cut -c1-12; }
ROOT_KEY=$(key "$LAB/root" "$LAB/root-packages" "${ROOT_PARTS[@]}" <(echo "$SUITE"))
ROOT=$CACHE/root-$ROOT_KEY
# The root where the build tree of the kernel is made and modules are built, with the compilers of that kernel: the
# build root, or another root.
KERNEL_ROOT=$ROOT KERNEL_ROOT_KEY=$ROOT_KEY
if [[ $KERNEL_SUITE != "$SUITE-backports" ]]; then
    [[ $ARCHITECTURE == amd64 ]] || die "KERNEL=$KERNEL: kernels of $KERNEL_SUITE are for amd64 only here"
    KERNEL_ROOT_KEY=$(key "$LAB/root-next" "$LAB/root-packages-next")
    KERNEL_ROOT=$CACHE/root-next-$KERNEL_ROOT_KEY
fi
case $KERNEL in
debug | kcsan)
    SOURCE_VERSION=${STOCK%%-*}
    KERNEL_RELEASE=${STOCK%%+*}-$KERNEL
    KERNEL_IS_OURS=1
    CONFIG_FRAGMENTS=("$LAB/config/base" "$LAB/config/$KERNEL")
    # KASAN covers Rust code only if clang compiles the rest of the kernel.
    KBUILD_OPTIONS=(CC=clang-19 HOSTCC=gcc-14)
    ;;
*)
    SOURCE_VERSION=${KERNEL%%-*}
    KERNEL_RELEASE=$KERNEL
    KERNEL_IS_OURS=''
    CONFIG_FRAGMENTS=()
    KBUILD_OPTIONS=("CC=$CROSS$GCC" "HOSTCC=$GCC")
    [[ $ARCHITECTURE == amd64 ]] || KBUILD_OPTIONS+=("ARCH=$ARCHITECTURE" "CROSS_COMPILE=$CROSS")
    ;;
esac
KBUILD_OPTIONS+=("KERNELRELEASE=$KERNEL_RELEASE")
SOURCE_SCRIPT=$LAB/source
[[ $KERNEL_SUITE != experimental ]] || SOURCE_SCRIPT=$LAB/source-experimental
SOURCE=$CACHE/source-$SOURCE_VERSION-$(key "$SOURCE_SCRIPT")
KERNEL_PARTS=("$LAB/kernel" "${CONFIG_FRAGMENTS[@]}")
[[ $KERNEL != kcsan ]] || KERNEL_PARTS+=("$LAB/rustc-kcsan")
KERNEL_DIR=$CACHE/kernel-$KERNEL-$(key "${KERNEL_PARTS[@]}" <(echo "$KERNEL_ROOT_KEY $SOURCE ${KBUILD_OPTIONS[*]}"))
TREE=$KERNEL_DIR/tree
# The tests that run in the machine, as one program.
VM_TESTS=$BUILD/target/$TARGET/vm-tests
# After the key is computed: the place of the checkout is not part of it.
[[ $KERNEL != kcsan ]] || KBUILD_OPTIONS+=("RUSTC=$LAB/rustc-kcsan")
BROWSER_KEY=$(key "$LAB/root" "$LAB/browser-packages" <(echo "$SUITE"))
# A separate root, made only for looking at pages, since it is large.
BROWSER=$CACHE/browser-$BROWSER_KEY
# What the recipes of tools/ need: a root with the tools, and the debug information of the kernel, each in a folder
# "tools" at the path where the test machine has it. Only for the stock kernel, since perf and rtla come from its
# source, and for the kernel with PREEMPT_RT, which has the tracers for rtla.
TOOLS='' DEBUGINFO=''
if [[ $KERNEL == "$STOCK" || $KERNEL == "${STOCK%-*}-rt-amd64" ]]; then
    TOOLS=$CACHE/tools-$(key "$LAB"/{root,root-tools,tools-packages} <(echo "$SUITE"))
    DEBUGINFO=$CACHE/debuginfo-$KERNEL-$(key "$LAB/debuginfo")
fi
# What makes and checks the book.
BOOK=$CACHE/book-$(key "$LAB"/{root,root-packages,book-packages,root-book,mdbook} <(echo "$SUITE"))
METRICS=$CACHE/metrics-$(key "$LAB/root" "$LAB/metrics-packages" "$LAB/root-metrics" <(echo "$SUITE"))
PERFETTO=$CACHE/perfetto-$(key "$LAB/root" "$LAB/perfetto-packages" "$LAB/root-perfetto" <(echo "$SUITE"))

# What builds and checks the Debian packages: a root with the packages that debian/control needs.
PACKAGING=$CACHE/packaging-$(key "$LAB"/{root,root-packaging,packaging-packages} <(echo "$SUITE"))
# What tests the packages: a user's system with a kernel that is not the newest, and an archive of its packages. The
# environment may name another kernel.
OLD_KERNEL=${OLD_KERNEL:-7.2.12+deb13-amd64}
USER_SYSTEM=$CACHE/user-$OLD_KERNEL-$(key "$LAB"/{user-system,user-packages} <(echo "$SUITE"))

# tested_kernels: the kernels that `make test-matrix` tests, one per line.
tested_kernels() { sed 's/#.*//; /^$/d' "$LAB/kernels" | cut -d ' ' -f 1; }

# version_in CARGO_TOML: the version of the project.
version_in() { sed -n 's/^version = "\(.*\)"$/\1/p' "$1"; }

# set_up: sets up the lab for $KERNEL. Starts the script again if another kernel was chosen instead of the pinned one.
COMMAND=("$0" "$@")
set_up() {
    "$LAB/setup"
    [[ $(stock_kernel) == "$STOCK" ]] || TOOLS=$WANTS_TOOLS exec "${COMMAND[@]}"
}

now_ms() { local t=${EPOCHREALTIME//[!0-9]/}; echo "${t%???}"; }

# elapsed START_MS: time since then, as "3.4 s" or "2 min 05 s".
elapsed() {
    local ms=$(($(now_ms) - $1))
    if ((ms < 60000)); then
        printf '%d.%d s' $((ms / 1000)) $((ms % 1000 / 100))
    else
        printf '%d min %02d s' $((ms / 60000)) $((ms % 60000 / 1000))
    fi
}

# elapsed_seconds START_MS: time since then in plain seconds.
elapsed_seconds() {
    local ms=$(($(now_ms) - $1))
    printf '%d.%02d' $((ms / 1000)) $((ms % 1000 / 10))
}

# with_lock FILE CMD...: runs CMD with FILE locked, and says so when it has to wait for another run.
with_lock() {
    local file=$1 fd
    shift
    exec {fd}>>"$file"
    if ! flock -n "$fd"; then
        echo "waiting for another run that holds $file"
        flock "$fd"
    fi
    "$@"
    exec {fd}>&-
}

# lock_checkout: allows one build or test run per checkout at a time; held until this script ends.
lock_checkout() {
    exec {CHECKOUT_FD}<"$LAB"
    if ! flock -n "$CHECKOUT_FD"; then
        echo "waiting for another make in this checkout"
        flock "$CHECKOUT_FD"
    fi
}

unlock_checkout() { exec {CHECKOUT_FD}<&-; }

# show_progress LABEL START_MS LOG: shows every second what runs and for how long, on a terminal in place; elsewhere
# every 20 s with the last line of the log. Ends with the script that started it, if nobody ends it before.
show_progress() {
    local label=$1 start=$2 log=$3 seconds=0 nothing
    # Waiting for input that never comes is a sleep without a process: a process would outlive us and keep our locks.
    exec {nothing}<> <(:)
    until read -r -t 1 -u "$nothing" || ! kill -0 $$ 2>/dev/null; do
        seconds=$((seconds + 1))
        if [[ -t 1 ]]; then
            printf '\r\e[K%s ... %s' "$label" "$(elapsed "$start")"
        elif ((seconds % 20 == 0)); then
            printf '    ... %s: %.100s\n' "$(elapsed "$start")" "$(tail -n 1 "$log")"
        fi
    done
}

# step NAME LABEL CMD...: runs CMD with its output in the log of NAME, and shows what runs and for how long. If it
# fails, prints which step it was, the last lines of the log and what to do, and ends the whole script.
step() {
    local log=$LOGS/$1.log label=$2 status=0 start progress
    shift 2
    mkdir -p "$LOGS"
    start=$(now_ms)
    [[ -t 1 ]] || echo "$label ..."
    show_progress "$label" "$start" "$log" &
    progress=$!
    "$@" >"$log" 2>&1 </dev/null || status=$?
    kill "$progress" 2>/dev/null || true
    wait "$progress" 2>/dev/null || true
    [[ ! -t 1 ]] || printf '\r\e[K'
    if ((status == 0)); then
        echo "$label: done in $(elapsed "$start")"
        return
    fi
    {
        echo "$label: FAILED (status $status) after $(elapsed "$start")"
        tail -n 40 "$log" | sed 's/^/    | /'
        echo "The whole log: $log"
        echo "Fix the cause, then run the same command again: completed steps are kept."
    } >&2
    exit 1
}
