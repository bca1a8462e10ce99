// SPDX-License-Identifier: GPL-2.0-only

//! Text files in debugfs that keep the module loaded while they are open. Process context.
//!
//! The kernel crate's debugfs files have no owner: the module can be unloaded while one of them is
//! open, and closing it then calls into freed memory. These files have an owner.
//!
//! debugfs advises against checking whether a file was created. This code checks, because a load
//! that fails is better than an incomplete tree.
//!
//! A file carries a number instead of a pointer, so no file holds a dangling pointer.

use super::{
    load_gate,
    module::this_module,
    CTable, //
};
use core::marker::PhantomData;
use kernel::{
    bindings,
    error::from_err_ptr,
    new_mutex,
    page::PAGE_SIZE,
    prelude::*,
    seq_file::SeqFile,
    sync::Mutex,
    types::ForeignOwnable,
    uaccess::{
        UserPtr,
        UserSlice, //
    },
};

/// The longest text that a file takes, in bytes.
const MAX_WRITE: usize = 4096;

/// The functions behind a tree of files.
pub(crate) trait Files: 'static {
    /// Writes the content of file number `id` to `out`.
    ///
    /// # Errors
    ///
    /// The reader gets the error.
    fn show(id: usize, out: &SeqFile) -> Result;

    /// Takes a text that was written to file number `id`.
    ///
    /// # Errors
    ///
    /// The writer gets the error.
    fn write(id: usize, text: &[u8]) -> Result;

    /// A text that is written to a file of [`Mode::Pieces`].
    type Draft: Draft;

    /// An empty text for file number `id`.
    ///
    /// # Errors
    ///
    /// The writer gets the error.
    fn draft(id: usize) -> Result<Self::Draft>;

    /// The approximate size of the file's text, in bytes; 0 when it is less than a page. A text
    /// that does not fit its buffer is written again from the start, into a buffer of twice the
    /// size.
    fn size(id: usize) -> usize;
}

/// A text that is written in pieces, from the first write to an open file until its last close.
pub(crate) trait Draft: Send + Unpin + 'static {
    /// Takes the next piece.
    ///
    /// # Errors
    ///
    /// The writer gets the error, now and for each further write. The text is then discarded.
    fn take(&mut self, piece: &[u8]) -> Result;

    /// The file was closed, and no piece had an error.
    fn end(self);
}

/// The access that root has to a file.
#[derive(Clone, Copy)]
pub(crate) enum Mode {
    /// Read only.
    Read,
    /// Write only.
    Write,
    /// Both.
    ReadWrite,
    /// Both; all writes to an open file form one [`Draft`].
    Pieces,
}

/// A directory. Dropping it removes it with its content, and waits for reads and writes that are in
/// progress.
///
/// # Invariants
///
/// The pointer is to a directory that debugfs created.
pub(crate) struct Dir<F: Files>(*mut bindings::dentry, PhantomData<F>);

// SAFETY: debugfs does its own locking, and its functions may be called from any thread.
unsafe impl<F: Files> Send for Dir<F> {}
// SAFETY: As above.
unsafe impl<F: Files> Sync for Dir<F> {}

impl<F: Files> Dir<F> {
    /// A directory at the top of debugfs; `None` where debugfs is switched off.
    ///
    /// # Errors
    ///
    /// `ENOMEM`, or `EEXIST` when the name is taken.
    pub(crate) fn new(name: &CStr) -> Result<Option<Self>> {
        // SAFETY: The name is a C string, and is copied; a null parent means the top.
        let dir =
            unsafe { bindings::debugfs_create_dir(name.as_char_ptr(), core::ptr::null_mut()) };
        match from_err_ptr(dir) {
            // INVARIANT: debugfs has just created it.
            Ok(dir) => Ok(Some(Self(dir, PhantomData))),
            Err(EPERM) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Calls `fill` with a new directory in this one.
    ///
    /// # Errors
    ///
    /// `ENOMEM`, and the errors of `fill`. The new directory stays, and is removed with this one.
    pub(crate) fn subdir(&self, name: &CStr, fill: impl FnOnce(&Self) -> Result) -> Result {
        // SAFETY: The name is a C string, and is copied; the parent is ours.
        let dir = unsafe { bindings::debugfs_create_dir(name.as_char_ptr(), self.0) };
        // INVARIANT: debugfs has just created it. It is removed with its parent.
        let dir = core::mem::ManuallyDrop::new(Self(from_err_ptr(dir)?, PhantomData));
        fill(&dir)
    }

    /// Makes a file that only root can access.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn file(&self, name: &CStr, id: usize, mode: Mode) -> Result {
        let (mode, operations) = match mode {
            Mode::Read => (0o400, Operations::<F>::READ_ONLY),
            Mode::Write => (0o200, Operations::<F>::READ_WRITE),
            Mode::ReadWrite => (0o600, Operations::<F>::READ_WRITE),
            Mode::Pieces => (0o600, Operations::<F>::PIECES),
        };
        // SAFETY: The name is a C string, and is copied; the parent is ours. The operations are
        // statics of the module, which stays loaded while the file is open, as it is the file's
        // owner.
        let file = unsafe {
            bindings::debugfs_create_file_full(
                name.as_char_ptr(),
                mode,
                self.0,
                core::ptr::without_provenance_mut(id),
                core::ptr::null(),
                operations.as_ptr(),
            )
        };
        from_err_ptr(file).map(|_| ())
    }
}

impl<F: Files> Drop for Dir<F> {
    fn drop(&mut self) {
        // SAFETY: By the type invariant.
        unsafe { bindings::debugfs_remove(self.0) };
    }
}

/// An open file of [`Mode::Pieces`].
#[pin_data]
struct Opened<D> {
    id: usize,
    /// The text so far, or the error of a write; `None` before the first write.
    #[pin]
    draft: Mutex<Option<Result<D>>>,
}

/// The C side of the file operations.
struct Operations<F>(PhantomData<F>);

impl<F: Files> Operations<F> {
    const OPERATIONS: bindings::file_operations = bindings::file_operations {
        owner: this_module(),
        open: Some(Self::open),
        read: Some(bindings::seq_read),
        llseek: Some(bindings::seq_lseek),
        release: Some(bindings::single_release),
        ..pin_init::zeroed()
    };

    const READ_ONLY: &'static CTable<bindings::file_operations> = &CTable::new(Self::OPERATIONS);

    const READ_WRITE: &'static CTable<bindings::file_operations> =
        &CTable::new(bindings::file_operations {
            write: Some(Self::write),
            ..Self::OPERATIONS
        });

    const PIECES: &'static CTable<bindings::file_operations> =
        &CTable::new(bindings::file_operations {
            open: Some(Self::open_pieces),
            write: Some(Self::write_piece),
            release: Some(Self::release_pieces),
            ..Self::OPERATIONS
        });

    /// # Safety
    ///
    /// Called by debugfs to open a file that [`Dir::file`] made.
    unsafe extern "C" fn open(inode: *mut bindings::inode, file: *mut bindings::file) -> c_int {
        let _entry = match load_gate::enter() {
            Ok(entry) => entry,
            Err(error) => return error.to_errno(),
        };
        // SAFETY: The inode holds the file's number.
        let id = unsafe { (*inode).i_private };
        let size = F::size(id.addr()).max(PAGE_SIZE);
        // SAFETY: The file is being opened; `show` reads the number from the seq_file.
        unsafe { bindings::single_open_size(file, Some(Self::show), id, size) }
    }

    /// # Safety
    ///
    /// Called by seq_file with a file that [`Self::open`] opened.
    unsafe extern "C" fn show(seq: *mut bindings::seq_file, _: *mut c_void) -> c_int {
        // SAFETY: As the caller promises.
        let (id, out) = unsafe { ((*seq).private.addr(), SeqFile::from_raw(seq)) };
        match F::show(id, out) {
            Ok(()) => 0,
            Err(error) => error.to_errno(),
        }
    }

    /// Takes one value per call, and ignores the file's position.
    ///
    /// # Safety
    ///
    /// Called by the VFS with a file that [`Self::open`] opened, and `len` bytes of user space.
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
            F::write(id, &text)?;
            Ok(isize::try_from(len)?)
        };
        take().unwrap_or_else(|error| error.to_errno() as isize)
    }

    /// # Safety
    ///
    /// As [`Self::open`].
    unsafe extern "C" fn open_pieces(
        inode: *mut bindings::inode,
        file: *mut bindings::file,
    ) -> c_int {
        let _entry = match load_gate::enter() {
            Ok(entry) => entry,
            Err(error) => return error.to_errno(),
        };
        // SAFETY: The inode holds the file's number, and the file is being opened.
        let (id, flags) = unsafe { ((*inode).i_private.addr(), (*file).f_flags) };
        let opened = KBox::pin_init(
            pin_init!(Opened::<F::Draft> {
                id,
                draft <- new_mutex!(None),
            }),
            GFP_KERNEL,
        );
        let opened = match opened {
            Ok(opened) => opened.into_foreign(),
            Err(error) => return error.to_errno(),
        };
        // A file that is opened only for writing needs no buffer for its text.
        let size = match flags & bindings::O_ACCMODE {
            bindings::O_WRONLY => PAGE_SIZE,
            _ => F::size(id).max(PAGE_SIZE),
        };
        // SAFETY: The file is being opened; the other functions take the box back from the
        // seq_file.
        let status =
            unsafe { bindings::single_open_size(file, Some(Self::show_pieces), opened, size) };
        if status != 0 {
            // SAFETY: It came from a box above. Nothing else has it, because the file was not
            // opened.
            drop(unsafe { Pin::<KBox<Opened<F::Draft>>>::from_foreign(opened) });
        }
        status
    }

    /// # Safety
    ///
    /// Called by seq_file with a file that [`Self::open_pieces`] opened.
    unsafe extern "C" fn show_pieces(seq: *mut bindings::seq_file, _: *mut c_void) -> c_int {
        // SAFETY: As the caller promises; the box lives until the file is released.
        let (opened, out) = unsafe {
            (
                Pin::<KBox<Opened<F::Draft>>>::borrow((*seq).private),
                SeqFile::from_raw(seq),
            )
        };
        match F::show(opened.id, out) {
            Ok(()) => 0,
            Err(error) => error.to_errno(),
        }
    }

    /// Takes the next piece, and ignores the file's position.
    ///
    /// # Safety
    ///
    /// Called by the VFS with a file that [`Self::open_pieces`] opened, and `len` bytes of user
    /// space.
    unsafe extern "C" fn write_piece(
        file: *mut bindings::file,
        from: *const c_char,
        len: usize,
        _position: *mut bindings::loff_t,
    ) -> isize {
        // SAFETY: `open_pieces` made this a seq_file with a box, which lives until the file is
        // released.
        let opened = unsafe {
            let seq = (*file).private_data.cast::<bindings::seq_file>();
            Pin::<KBox<Opened<F::Draft>>>::borrow((*seq).private)
        };
        let mut place = opened.draft.lock();
        let taken = place
            .take()
            .unwrap_or_else(|| F::draft(opened.id))
            .and_then(|mut draft| {
                let from = UserPtr::from_ptr(from.cast_mut().cast());
                let mut reader = UserSlice::new(from, len).reader();
                let mut piece = KVec::from_elem(0, PAGE_SIZE.min(len), GFP_KERNEL)?;
                while !reader.is_empty() {
                    let piece = piece.get_mut(..PAGE_SIZE.min(reader.len())).ok_or(EINVAL)?;
                    reader.read_slice(piece)?;
                    draft.take(piece)?;
                }
                Ok(draft)
            });
        let status = match &taken {
            Ok(_) => isize::try_from(len).unwrap_or(isize::MAX),
            Err(error) => error.to_errno() as isize,
        };
        *place = Some(taken);
        status
    }

    /// # Safety
    ///
    /// Called by debugfs at the last close of a file that [`Self::open_pieces`] opened.
    unsafe extern "C" fn release_pieces(
        inode: *mut bindings::inode,
        file: *mut bindings::file,
    ) -> c_int {
        // SAFETY: `open_pieces` put a box there, and at the last close no other function can use
        // it.
        let opened = unsafe {
            let seq = (*file).private_data.cast::<bindings::seq_file>();
            Pin::<KBox<Opened<F::Draft>>>::from_foreign((*seq).private)
        };
        if let Some(Ok(draft)) = opened.draft.lock().take() {
            draft.end();
        }
        // SAFETY: As the caller promises; the file was opened by single_open_size().
        unsafe { bindings::single_release(inode, file) }
    }
}
