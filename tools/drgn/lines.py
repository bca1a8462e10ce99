#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
# Shows what the lines of the loaded module look like in the kernel's memory: from the kernel's C structures to
# the module's Rust ones, and back to the workqueue and the interrupt in C.
#
# Usage: sudo tools/drgn/lines.py [--module KO]
#
# Needs drgn (Debian: python3-drgn), the kernel's debug information (linux-image-RELEASE-dbg), and the module's: KO
# is the very file that was loaded, not stripped; without --module, build/kmod/simrupt.ko of this checkout.
#
# The kernel goes on while it is read. Each figure is right for the moment when it was read; they agree with
# one another only when the line is at rest.

import argparse
import os
import pathlib
import re
import sys

try:
    import drgn
    from drgn.helpers.common.format import decode_flags
    from drgn.helpers.linux.cpumask import cpumask_to_cpulist
    from drgn.helpers.linux.list import list_for_each_entry
    from drgn.helpers.linux.mapletree import mtree_load
except ImportError as error:
    sys.exit(f"lines.py: {error}: install Debian's python3-drgn, or drgn by pip")

CHECKOUT = pathlib.Path(__file__).resolve().parents[2]


def plain(value):
    """What is inside of Rust's wrappers: UnsafeCell, Atomic, NonNull, Pin, Box and so on are structures (MaybeUninit
    is a union) with one member that takes room. Which they are nested in does not matter then. (drgn
    0.0.31 knows no type of size 0, which is what `()` is, and says so by ValueError.)"""

    def takes_room(member):
        try:
            return drgn.sizeof(member.type) != 0
        except ValueError:
            return False

    while value.type_.kind in (drgn.TypeKind.STRUCT, drgn.TypeKind.UNION):
        members = [member for member in value.type_.members if takes_room(member)]
        if len(members) != 1:
            break
        value = value.member_(members[0].name)
    return value


def number(value):
    """An integer, an atomic one included: what is an unsigned one in Rust may be an i64 inside."""
    value = plain(value)
    return value.value_() % (1 << 8 * drgn.sizeof(value))


def arc(value):
    """The `T` of an `Arc<T>`, which is a pointer to a count of references and `T`."""
    return plain(value).data


def locked(lock):
    """The `T` of a `Mutex<T>` or `SpinLock<T>`, which is the kernel's lock and `T`. Nothing is locked here."""
    return plain(lock.data)


def choice(value):
    """The name of an enum's value, as the knobs have it: `UnboundHighpri` is unbound-highpri."""
    names = {number: name for name, number in value.type_.enumerators}
    return re.sub("(?<!^)(?=[A-Z])", "-", names[value.value_()]).lower()


def rust(prog, name):
    """A type by its path. Rust's have the form of C++'s, and drgn looks for those only when that is the language; the
    kernel's and `struct x *` it then does not find."""
    prog.language = drgn.Language.CPP
    try:
        return prog.type(name)
    finally:
        prog.language = drgn.Language.C


def show(noun, *words, **figures):
    print(f"  {noun:<10}", *words, *(f"{name}={value}" for name, value in figures.items()))


def show_line(prog, misc):
    # C to Rust: the misc core knows only the `struct miscdevice`, which is a field of a CharDevice. rustc
    # orders the fields of a structure as it likes: where they are only the debug information knows.
    device = drgn.container_of(misc, rust(prog, "simrupt_main::driver::chardev::CharDevice"), "misc")
    references, line = number(plain(device.line).refcount), arc(device.line)
    print(f"line {number(line.index)}: {misc.name.string_().decode()}, Line at {line.address_:#x}, references={references}")

    generator = arc(arc(line.device).generator)
    shape = plain(generator.state).schedule.shape
    show("device", rate_hz=number(shape.rate_hz), pattern=choice(shape.pattern))

    # From the slowest cursor to the fastest one: a later reading of a faster one cannot be behind.
    ring = arc(line.ring)
    tail, seen, head = number(ring.tail), number(ring.seen), number(ring.head)
    show("ring", slots=number(ring.slots.len), head=head, seen=seen, tail=tail)
    show("", announced=head - seen, acknowledged=seen - tail, in_ring=head - tail)

    # One read of the whole, or the figures would be of different moments.
    store = locked(line.store).read_()
    fifo = store.fifo
    first, length, claimed, moving = (number(fifo.member_(name)) for name in ("first", "len", "claimed", "moving"))
    show("fifo", capacity=number(fifo.slots.len), first=first, len=length, claimed=claimed, moving=moving)
    # The oldest record: a Vec is a pointer to its elements, and how many there are.
    oldest = number(plain(fifo.slots.ptr)[first].seq) if length else "none"
    show("", queued=length + claimed + moving, oldest=oldest, policy=choice(fifo.policy))
    counts = {member.name: number(fifo.counts.member_(member.name)) for member in fifo.counts.type_.members}
    show("counts", **counts, runs=number(store.bottom.runs))

    show_workqueue(prog, plain(line.top))
    show_interrupt(prog, number(generator.line.virq))


def show_workqueue(prog, top):
    # Rust to C: the top half's Route is an enum whose variants have fields, of which drgn shows none. Each variant
    # is a structure of its own, though, that lies over the whole. Which one it is the flavor tells.
    flavor = choice(top.flavor)
    show("flavor", flavor)
    if flavor in ("none", "irq-thread", "tasklet"):
        return
    route = drgn.reinterpret(rust(prog, "simrupt_main::driver::deferral::Route::Queue"), top.route)
    # What Rust calls workqueue_struct are bindgen's declarations; the kernel's own type has the names.
    queue = drgn.cast(prog.type("struct workqueue_struct *"), plain(route.member_("__0")))
    # Of the enum's values some are masks, of several flags.
    flags = [flag for flag in prog.type("enum wq_flags").enumerators if flag.value.bit_count() == 1]
    in_flight = sum(
        number(works)
        for pool in list_for_each_entry("struct pool_workqueue", queue.pwqs.address_of_(), "pwqs_node")
        for works in pool.nr_in_flight
    )
    show(
        "workqueue",
        queue.name.string_().decode(),
        flags=decode_flags(queue.flags, flags, bit_numbers=False),
        max_active=number(queue.max_active),
        in_flight=in_flight,
    )


def show_interrupt(prog, virq):
    desc = drgn.cast(prog.type("struct irq_desc *"), mtree_load(prog["sparse_irqs"].address_of_(), virq))
    show(
        "irq",
        virq,
        action=desc.action.name.string_().decode(),
        chip=desc.irq_data.chip.name.string_().decode(),
        tot_count=number(desc.tot_count),
        depth=number(desc.depth),
        affinity=cpumask_to_cpulist(desc.irq_common_data.affinity[0].address_of_()),
    )


def program(module):
    """The running kernel and the module, with the debug information of both."""
    prog = drgn.Program()
    try:
        prog.set_kernel()
        prog.load_debug_info([module], main=True)
    except PermissionError as error:
        sys.exit(f"lines.py: {error}: run it as root; a kernel that is locked down lets nobody read its memory")
    except drgn.MissingDebugInfoError as error:
        sys.exit(f"lines.py: {error}\nDebian has the kernel's in linux-image-{os.uname().release}-dbg")
    return prog


def main():
    options = argparse.ArgumentParser(description="Shows the lines of the loaded module as they are in memory.")
    options.add_argument("--module", metavar="KO", default=CHECKOUT / "build/kmod/simrupt.ko", help="what was loaded")
    module = options.parse_args().module
    if not os.path.exists("/sys/module/simrupt"):
        sys.exit("lines.py: the module is not loaded: insmod simrupt.ko")
    if not os.path.exists(module):
        sys.exit(f"lines.py: {module}: no such file; name the module that was loaded by --module")
    prog = program(module)
    try:
        miscs = list_for_each_entry("struct miscdevice", prog["misc_list"].address_of_(), "list")
        ours = [misc for misc in miscs if re.fullmatch(rb"simrupt\d+", misc.name.string_())]
        for misc in reversed(ours):  # the newest is the first in the list
            show_line(prog, misc)
        if not ours:
            print("no line is bound to its driver")
    except LookupError as error:
        sys.exit(f"lines.py: {error}: {module} is not what was loaded, or is stripped")
    except drgn.FaultError as error:
        sys.exit(f"lines.py: {error}: a structure went away while it was read; run it again")


main()
