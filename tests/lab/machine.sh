# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# What tests/lab/run and tests/lab/bench share: building the test machine's image, booting it, and the
# times that each phase took. Sourced by them after common.sh, never run.

times=()
phase_start=$(now_ms)
all_start=$phase_start
# phase_ends NAME: notes how long the phase took that ends here.
phase_ends() {
    times+=("$1 $(elapsed "$phase_start")")
    phase_start=$(now_ms)
}
print_times() {
    local text
    text=$(printf '%s, ' "${times[@]}")
    echo "times: ${text}all $(elapsed "$all_start")"
}

# inside WHAT...: one of the functions of tests/lab/build, in the build root.
inside() { "$LAB/enter" "$LAB/build" "$@"; }

# for_kernel WHAT...: the same in the root that has the compilers of $KERNEL.
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

OPTIMIZED_SIMRUCTL=$BUILD/target/$TARGET/release/simructl

# build_optimized_simructl: for benchmarks, since a debug build's own work would show in the CPU time spent.
build_optimized_simructl() {
    local label="simructl, optimized"
    [[ -e $OPTIMIZED_SIMRUCTL ]] || label+=" (the first time: about 4 min)"
    step simructl "$label" inside optimized_simructl
}

# check_bench_options PRESET [OPTIONS...]: that simructl bench takes them, which it is asked before anything boots. A
# simructl for another architecture does not run here, so one for this machine is asked instead.
check_bench_options() {
    local simructl=$OPTIMIZED_SIMRUCTL
    if [[ $TARGET != "$HOST_TARGET" ]]; then
        simructl=$BUILD/target/$HOST_TARGET/debug/simructl
        step host-simructl "simructl for this machine, which checks the options" inside host_simructl
    fi
    "$LAB/enter" "$simructl" bench --dry-run --preset "$@" >/dev/null ||
        die "nothing was started: simructl bench does not take --preset $*"
}

# The machine of tests and of labs: quick to emulate, and no larger than it must be, since some tests use up all memory.
# shellcheck disable=SC2034 # used in tests/lab/run and tests/lab/labs
MEMORY_MIB=768
TEST_MACHINE=(--no-string-instructions)
# A kernel that watches itself takes its time.
[[ $KERNEL == "$KERNEL_RELEASE" ]] || TEST_MACHINE+=(--boot-limit 300 --silence-limit 600)

# What tests may be told: words NAME=VALUE of a kernel's command line become its init's environment.
TEST_VARIABLES=(MODEL_SEED MODEL_STEPS FUZZ_SEED FUZZ_ROUNDS FAULT_STEP RELOADS)

# boot IMAGE CONSOLE_LOG [OPTIONS...] -- MODE [ARGS...]: runs the VM; OPTIONS and status are run-vm's.
boot() {
    local image=$1 log=$2 options=() name
    shift 2
    [[ ${REALTIME:-} != 1 ]] || options+=(--realtime)
    [[ -z ${PATIENCE:-} ]] || options+=(--patience "$PATIENCE")
    for name in "${TEST_VARIABLES[@]}"; do
        [[ -z ${!name:-} ]] || options+=(--kernel-arg "$name=${!name}")
    done
    "$LAB/enter" "$BUILD/target/$HOST_TARGET/debug/run-vm" --architecture "$ARCHITECTURE" --kernel "$KERNEL_DIR/vmlinux" \
        --initrd "$image" --console-log "$log" "${options[@]}" "$@"
}

# logged NAME CMD...: runs CMD with its output shown and kept as NAME's log; the status is CMD's.
logged() {
    local log=$LOGS/$1.log
    shift
    "$@" 2>&1 | tee "$log"
}
