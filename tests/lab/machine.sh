# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# What tests/lab/run and tests/lab/bench share: building the image of the test machine, booting it, and the times of
# each phase. They source it after common.sh; it is never run.

times=()
phase_start=$(now_ms)
all_start=$phase_start
# phase_ends NAME: records how long the phase took that ends here.
phase_ends() {
    times+=("$1 $(elapsed "$phase_start")")
    phase_start=$(now_ms)
}
print_times() {
    local text
    text=$(printf '%s, ' "${times[@]}")
    echo "times: ${text}all $(elapsed "$all_start")"
}

# inside WHAT...: runs functions of tests/lab/build in the build root.
inside() { "$LAB/enter" "$LAB/build" "$@"; }

# for_kernel WHAT...: the same in the root with the compilers of $KERNEL.
for_kernel() { "$LAB/enter" --kernel "$LAB/build" "$@"; }

build_module() { step module "module for $KERNEL" for_kernel module; }

# build_image IMAGE PROFILE [FURTHER...]: the machine's file system, with simructl of PROFILE (debug or
# release), and further modules and programs.
build_image() {
    local image=$1 profile=$2
    shift 2
    step image "image of the VM" "$LAB/enter" "$LAB/initramfs" "$image" \
        "$KERNEL_BUILD/kmod/simrupt.ko" "$BUILD/target/$TARGET/$profile/simructl" "$@"
}

# build_tools_image IMAGE BASE [PROGRAM...]: a Debian with the tools, added to the file system BASE.
build_tools_image() {
    local image=$1 base=$2
    shift 2
    "$LAB/setup" recipes
    step systemtap "SystemTap's modules" "$LAB/enter" --root "$TOOLS/tools" "$LAB/build" systemtap
    step tools-image "image of the VM with tools" "$LAB/enter" "$LAB/tools-image" "$image" "$base" "$@"
}

OPTIMIZED_SIMRUCTL=$BUILD/target/$TARGET/release/simructl
# For this machine, whatever the test machine's architecture is.
HOST_SIMRUCTL=$BUILD/target/$HOST_TARGET/debug/simructl

# build_optimized_simructl: for benchmarks, since a debug build would distort the CPU time.
build_optimized_simructl() {
    local label="simructl, optimized"
    [[ -e $OPTIMIZED_SIMRUCTL ]] || label+=" (the first time: about 4 min)"
    step simructl "$label" inside optimized_simructl
}

# check_bench_options SIMRUCTL PRESET [OPTIONS...]: asks its bench whether it accepts them, before anything boots. A
# simructl for another architecture does not run here, so one for this machine is asked instead.
check_bench_options() {
    local simructl=$1
    shift
    if [[ $TARGET != "$HOST_TARGET" ]]; then
        simructl=$HOST_SIMRUCTL
        step host-simructl "simructl for this machine, which checks the options" inside host_simructl
    fi
    "$LAB/enter" "$simructl" bench --dry-run --preset "$@" >/dev/null ||
        die "nothing was started: simructl bench refused --preset $*"
}

# The machine of tests and of labs: fast to emulate, and no larger than necessary, since some tests use up all memory.
# shellcheck disable=SC2034 # used in tests/lab/run and tests/lab/labs
MEMORY_MIB=768
# That of a machine with the tools holds a Debian, twice while it unpacks it.
# shellcheck disable=SC2034
TOOLS_MEMORY_MIB=4096
TEST_MACHINE=(--no-string-instructions)
# A kernel that checks itself is slow.
[[ $KERNEL == "$KERNEL_RELEASE" ]] || TEST_MACHINE+=(--boot-limit 300 --silence-limit 600)

# Variables for the tests: words NAME=VALUE of a kernel's command line become the environment of its init.
TEST_VARIABLES=(MODEL_SEED MODEL_STEPS FUZZ_SEED FUZZ_ROUNDS FAULT_STEP RELOADS WHOLE)

# claim_cpu: claims a CPU of this host that no other machine has, for as long as the descriptor CLAIM is open. Its number
# is HOST_CPU. Fails if there is none.
CLAIM=''
claim_cpu() {
    local folder
    for folder in /sys/devices/system/cpu/cpu[0-9]*; do
        HOST_CPU=${folder##*cpu}
        taskset --cpu-list "$HOST_CPU" true 2>/dev/null || continue
        exec {CLAIM}>>"$CACHE/cpu-$HOST_CPU.lock"
        ! flock --nonblock "$CLAIM" || return 0
        exec {CLAIM}>&-
    done
    CLAIM=''
    return 1
}

# boot IMAGE CONSOLE_LOG [OPTIONS...] -- MODE [ARGS...]: runs the VM; OPTIONS and status are those of run-vm.
boot() {
    local image=$1 log=$2 options=() name status=0
    shift 2
    # A machine is fastest on a CPU of its own. One that finds none runs wherever there is time.
    if claim_cpu; then
        options+=(--host-cpu "$HOST_CPU")
    fi
    [[ ${REALTIME:-} != 1 ]] || options+=(--realtime)
    [[ -z ${PATIENCE:-} ]] || options+=(--patience "$PATIENCE")
    for name in "${TEST_VARIABLES[@]}"; do
        [[ -z ${!name:-} ]] || options+=(--kernel-arg "$name=${!name}")
    done
    "$LAB/enter" "$BUILD/target/$HOST_TARGET/debug/run-vm" --architecture "$ARCHITECTURE" --kernel "$KERNEL_DIR/vmlinux" \
        --initrd "$image" --console-log "$log" "${options[@]}" "$@" || status=$?
    if [[ -n $CLAIM ]]; then
        exec {CLAIM}>&-
        CLAIM=''
    fi
    return "$status"
}

# in_background CMD...: runs CMD as a process group of its own, which end_background ends completely, and nothing
# else. Ctrl-C does not reach it, but it ends when this script does.
BACKGROUND=()
in_background() {
    local signal
    trap end_background EXIT
    for signal in INT TERM HUP; do
        # Ended by the signal itself, which make and the calling shell check for.
        # shellcheck disable=SC2064 # the signal of now
        trap "end_background; trap - $signal; kill -$signal \$\$" "$signal"
    done
    set -m
    "$@" </dev/null &
    BACKGROUND+=("$!")
    set +m
}
end_background() {
    local leader
    for leader in "${BACKGROUND[@]}"; do
        kill -TERM -- "-$leader" 2>/dev/null || true
    done
    BACKGROUND=()
}

# wait_for_background: waits for all that is in the background; the status is the worst of them.
wait_for_background() {
    local pid this status=0
    for pid in "${BACKGROUND[@]}"; do
        this=0
        wait "$pid" || this=$?
        ((this <= status)) || status=$this
    done
    BACKGROUND=()
    trap - EXIT INT TERM HUP
    return "$status"
}

# logged NAME CMD...: runs CMD with its output shown and kept as the log of NAME; the status is that of CMD.
logged() {
    local log=$LOGS/$1.log
    shift
    "$@" 2>&1 | tee "$log"
}
