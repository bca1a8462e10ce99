// SPDX-License-Identifier: GPL-2.0-only

//! Makes it an error to use standard input or standard output that was closed when the program began.
//!
//! Before `main`, Rust's runtime opens `/dev/null` in place of each closed stream, so that no file gets its number.
//! Later nothing distinguishes it from a `/dev/null` that the user asked for: an output would vanish, an input would be
//! empty, without an error. So this code opens `/dev/null` there earlier, for the other direction only. Each read or
//! write then fails, as on a closed stream.

use std::ffi::c_int;

use nix::libc;

/// Called by the C library before `main`, in a process of a single thread.
extern "C" fn take_places() {
    take(libc::STDIN_FILENO, libc::O_WRONLY);
    take(libc::STDOUT_FILENO, libc::O_RDONLY);
}

/// If the stream is closed, opens `/dev/null` in its place. The new file gets the lowest free number, which is this
/// one, because those below it are taken.
fn take(stream: c_int, direction: c_int) {
    // SAFETY: F_GETFD has no argument and changes nothing; it takes any number, also that of no open file.
    let is_closed = unsafe { libc::fcntl(stream, libc::F_GETFD) } == -1;
    if is_closed {
        // SAFETY: the path is a C string, and no mode is needed as nothing is created. The file stays open for ever.
        unsafe { libc::open(c"/dev/null".as_ptr(), direction) };
    }
}

/// SAFETY (of the section): its entries are pointers to functions of the C ABI, and this is one. The function needs
/// nothing of Rust's runtime, which is not set up yet: it calls the kernel, and allocates nothing.
#[used]
#[unsafe(link_section = ".init_array")]
static TAKE_PLACES: extern "C" fn() = take_places;
