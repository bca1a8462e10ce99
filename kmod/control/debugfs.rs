// SPDX-License-Identifier: GPL-2.0-only

//! Text files in debugfs that hold the module while they are open.
//!
//! The kernel crate's debugfs files have no owner: with one of them open, the module can be
//! unloaded, and closing the file then calls into what is no longer there. These have one.
//!
//! debugfs wants nobody to look whether making a file worked. We do: a tree of which a part is missing
//! would be worse than a load that fails.
//!
//! A file is known by a number that fits a pointer, so no file can outlive what it refers to.

use super::files;
use crate::{
    compat,
    door,
    ffi::CTable, //
};
use kernel::{
    bindings,
    error::from_err_ptr,
    page::PAGE_SIZE,
    prelude::*,
    seq_file::SeqFile,
    uaccess::{
        UserPtr,
        UserSlice, //
    },
};

/// The longest text that a file takes, in bytes.
const MAX_WRITE: usize = 4096;

/// What root can do with a file.
#[derive(Clone, Copy)]
pub(super) enum Mode {
    /// Read it.
    Read,
    /// Write to it.
    Write,
    /// Both.
    ReadWrite,
}

/// A directory; dropping it removes it with all that is in it, and waits for those who are in the
/// middle of a read or a write.
///
/// # Invariants
///
/// The pointer is a directory that debugfs made.
pub(super) struct Dir(*mut bindings::dentry);

// SAFETY: debugfs does its own locking, and its functions may be called from any thread.
unsafe impl Send for Dir {}
// SAFETY: As above.
unsafe impl Sync for Dir {}

impl Dir {
    /// A directory at the top of debugfs; none where debugfs is switched off.
    ///
    /// # Errors
    ///
    /// `ENOMEM`, or `EEXIST` when somebody else has a directory of this name.
    pub(super) fn new(name: &CStr) -> Result<Option<Self>> {
        // SAFETY: The name is a C string, and is copied; no parent means the top.
        let dir =
            unsafe { bindings::debugfs_create_dir(name.as_char_ptr(), core::ptr::null_mut()) };
        match from_err_ptr(dir) {
            // INVARIANT: As debugfs returned it.
            Ok(dir) => Ok(Some(Self(dir))),
            Err(EPERM) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Calls `fill` with a new directory in this one.
    ///
    /// # Errors
    ///
    /// `ENOMEM`, or those of `fill`. What was made is removed with this directory.
    pub(super) fn subdir(&self, name: &CStr, fill: impl FnOnce(&Self) -> Result) -> Result {
        // SAFETY: The name is a C string, and is copied; the parent is ours.
        let dir = unsafe { bindings::debugfs_create_dir(name.as_char_ptr(), self.0) };
        // INVARIANT: As debugfs returned it. It is removed with its parent.
        let dir = core::mem::ManuallyDrop::new(Self(from_err_ptr(dir)?));
        fill(&dir)
    }

    /// A file for root alone.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(super) fn file(&self, name: &CStr, id: usize, mode: Mode) -> Result {
        let (mode, operations) = match mode {
            Mode::Read => (0o400, READ_ONLY.as_ptr()),
            Mode::Write => (0o200, READ_WRITE.as_ptr()),
            Mode::ReadWrite => (0o600, READ_WRITE.as_ptr()),
        };
        // SAFETY: The name is a C string, and is copied; the parent is ours; the operations are
        // statics of the module, which the file's owner keeps loaded.
        let file = unsafe {
            bindings::debugfs_create_file_full(
                name.as_char_ptr(),
                mode,
                self.0,
                core::ptr::without_provenance_mut(id),
                core::ptr::null(),
                operations,
            )
        };
        from_err_ptr(file).map(|_| ())
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        // SAFETY: By the type invariant.
        unsafe { bindings::debugfs_remove(self.0) };
    }
}

const OPERATIONS: bindings::file_operations = bindings::file_operations {
    owner: compat::this_module(),
    open: Some(open),
    read: Some(bindings::seq_read),
    llseek: Some(bindings::seq_lseek),
    release: Some(bindings::single_release),
    ..pin_init::zeroed()
};

static READ_ONLY: CTable<bindings::file_operations> = CTable::new(OPERATIONS);

static READ_WRITE: CTable<bindings::file_operations> = CTable::new(bindings::file_operations {
    write: Some(write),
    ..OPERATIONS
});

/// # Safety
///
/// Called by debugfs with a file that [`Dir::file`] made, being opened.
unsafe extern "C" fn open(inode: *mut bindings::inode, file: *mut bindings::file) -> c_int {
    if let Err(error) = door::enter() {
        return error.to_errno();
    }
    // SAFETY: The inode holds the file's number.
    let id = unsafe { (*inode).i_private };
    let size = files::size(id.addr());
    // SAFETY: The file is being opened; `show` takes the number back from the seq_file.
    unsafe {
        if size <= PAGE_SIZE {
            bindings::single_open(file, Some(show), id)
        } else {
            bindings::single_open_size(file, Some(show), id, size)
        }
    }
}

/// # Safety
///
/// Called by seq_file with a file that [`open`] opened.
unsafe extern "C" fn show(seq: *mut bindings::seq_file, _: *mut c_void) -> c_int {
    // SAFETY: As the caller promises.
    let (id, out) = unsafe { ((*seq).private.addr(), SeqFile::from_raw(seq)) };
    match files::show(id, out) {
        Ok(()) => 0,
        Err(error) => error.to_errno(),
    }
}

/// Takes one value per call, wherever the file's position is.
///
/// # Safety
///
/// Called by the VFS with a file that [`open`] opened, and `len` bytes of user space.
unsafe extern "C" fn write(
    file: *mut bindings::file,
    from: *const c_char,
    len: usize,
    _position: *mut bindings::loff_t,
) -> isize {
    // SAFETY: `open` made this a seq_file, with the number as its private data.
    let id = unsafe { (*(*file).private_data.cast::<bindings::seq_file>()).private }.addr();
    let take = || -> Result<isize> {
        if len > MAX_WRITE {
            return Err(EINVAL);
        }
        let mut text = KVec::new();
        let from = UserPtr::from_ptr(from.cast_mut().cast());
        UserSlice::new(from, len).read_all(&mut text, GFP_KERNEL)?;
        files::write(id, &text)?;
        Ok(isize::try_from(len)?)
    };
    take().unwrap_or_else(|error| error.to_errno() as isize)
}
