// SPDX-License-Identifier: GPL-2.0-only

//! Standard input and standard output that were closed when the program began: to use them is an error.
//!
//! Before `main`, Rust's runtime opens `/dev/null` in the place of each stream that is closed, so that no file
//! gets its number. Later nothing tells it from a `/dev/null` that the user asked for: an output would vanish, an input
//! would be empty, and both without a word. So the places are taken earlier, by a `/dev/null` that is open for the other
//! direction only. Each read and each write then fails, as it does of a stream that is closed.

use std::ffi::c_int;

use nix::libc;

/// Called by the C library before `main`, in a process of a single thread.
extern "C" fn take_places() {
    take(libc::STDIN_FILENO, libc::O_WRONLY);
    take(libc::STDOUT_FILENO, libc::O_RDONLY);
}

/// Where the stream is closed, opens `/dev/null` there. The new file gets the lowest number that is free: this one, as
/// those below it are taken.
fn take(stream: c_int, direction: c_int) {
    // SAFETY: F_GETFD has no argument and changes nothing; it takes any number, also that of no open file.
    let is_closed = unsafe { libc::fcntl(stream, libc::F_GETFD) } == -1;
    if is_closed {
        // SAFETY: the path is a C string, and no mode is needed as nothing is created. The file stays open for ever.
        unsafe { libc::open(c"/dev/null".as_ptr(), direction) };
    }
}

/// SAFETY (of the section): its entries are pointers to functions of the C ABI, and that is what this is. It needs
/// nothing of Rust's runtime, which is not set up yet: it calls the kernel, and allocates nothing.
#[used]
#[unsafe(link_section = ".init_array")]
static TAKE_PLACES: extern "C" fn() = take_places;
