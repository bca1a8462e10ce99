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
# The kernel keeps running while it is read. Each figure is right for the moment when it was read; the figures agree
# with one another only when the line is at rest.

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


def name_of(kind, number):
    """The name of an enum's value, as the knobs have it: `UnboundHighpri` is unbound-highpri."""
    names = {number: name for name, number in kind.enumerators}
    return re.sub("(?<!^)(?=[A-Z])", "-", names[number]).lower()


def choice(value):
    return name_of(value.type_, value.value_())


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


SETUP = "simrupt_main::control::setup::Simrupt"
LINE = f"simrupt_main::driver::line::Line<{SETUP}>"
TOP_HALF = f"simrupt_main::driver::top_half::TopHalf<{SETUP}>"


def actions_of(desc):
    """The actions of an interrupt, in the order in which it calls them."""
    action = desc.action
    while action:
        yield action
        action = action.next


def show_line(prog, misc):
    # C to Rust: the misc core knows only the `struct miscdevice`, which is a field of a Registration. rustc
    # chooses the order of the fields of a structure: only the debug information has it.
    char_device = drgn.container_of(misc, rust(prog, f"simrupt_main::kext::misc_device::Registration<{LINE}>"), "misc")
    references, line = number(plain(char_device.device).refcount), arc(char_device.device)
    generator = arc(arc(line.registers).generator)
    virq = number(arc(generator.line.wire).virq)
    # And once more: the interrupt's action has a pointer to what the driver registered.
    desc = drgn.cast(prog.type("struct irq_desc *"), mtree_load(prog["sparse_irqs"].address_of_(), virq))
    handler = rust(prog, f"simrupt_main::kext::irq::Registration<{TOP_HALF}>")
    # An interrupt that lines share has an action for each.
    action = next(action for action in actions_of(desc) if action.name.string_() == misc.name.string_())
    top_half = plain(drgn.Object(prog, handler, address=action.dev_id.value_()).handler)
    # What receives events: its end of the ring, and the observer.
    intake = plain(arc(top_half.bottom_half).intake.value)
    meters = arc(intake.observer.meters)
    print(
        f"line {number(meters.index)}: {misc.name.string_().decode()}, Line at {line.address_:#x}, references={references}"
    )

    shape = plain(generator.state.value).schedule.shape
    show("device", rate_hz=number(shape.rate_hz), pattern=choice(shape.pattern))

    # From the slowest cursor to the fastest one: a later reading of a faster one cannot be behind.
    ring = arc(intake.ring.ring)
    tail, acknowledged, head = number(ring.tail), number(ring.acknowledged), number(ring.head)
    show("ring", slots=number(ring.slots.len), head=head, acknowledged_to=acknowledged, tail=tail)
    show("", announced=head - acknowledged, acknowledged=acknowledged - tail, in_ring=head - tail)

    # One read of all of it, or the figures would be of different moments.
    store = locked(line.store).read_()
    read = number(arc(line.gauge).delivered)
    fifo = store.fifo
    first, length, moving = (number(fifo.member_(name)) for name in ("first", "len", "moving"))
    claimed = number(fifo.claimed) - read
    show("fifo", capacity=number(fifo.slots.len), first=first, len=length, claimed=claimed, moving=moving)
    # The oldest record: a Vec is a pointer to its elements, and how many there are; a slot is words.
    oldest = number(plain(plain(fifo.slots.ptr)[first])[0]) if length else "none"
    show("", queued=length + claimed + moving, oldest=oldest, policy=choice(fifo.policy))
    counts = {member.name: number(fifo.counts.member_(member.name)) for member in fifo.counts.type_.members}
    show("counts", **(counts | {"read": read}), runs=number(store.counts.runs))

    flavor = name_of(rust(prog, "simrupt_main::logic::knobs::Flavor"), number(meters.flavor))
    show_workqueue(prog, misc.name.string_().decode(), flavor)
    show_interrupt(desc, virq)


def show_workqueue(prog, line, flavor):
    show("flavor", flavor)
    queues = list_for_each_entry("struct workqueue_struct", prog["workqueues"].address_of_(), "list")
    queue = next((queue for queue in queues if queue.name.string_().decode() == f"{line}-{flavor}"), None)
    if queue is None:
        return
    # Some values of the enum are masks of several flags.
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


def show_interrupt(desc, virq):
    show(
        "irq",
        virq,
        action=",".join(action.name.string_().decode() for action in actions_of(desc)),
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
