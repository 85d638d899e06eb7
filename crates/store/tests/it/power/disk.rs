//! A disk that loses power: a SQLite VFS and an `fsync` of our own, which know for every file of
//! one folder what is on the platter and what is only in the cache.
//!
//! Everything is passed on to the real files at once, so that locks, shared memory and readers are
//! the usual ones; beside them the durable content is kept, to which a write is added only when
//! its file is synced. When the fuse has burnt down, in the midst of whatever is written, the
//! durable content and a random part of the rest, torn at sectors, is laid into another folder,
//! and the old one fails every write.
//!
//! Blobs are watched as a folder: content is durable when its file was fsynced, a name when its
//! folder was. The linker takes this binary's `fsync` before the one of the C library.

#![allow(unsafe_code, reason = "a VFS is a table of C functions; only in this test")]

use std::collections::{BTreeMap, HashSet};
use std::ffi::{CStr, c_char, c_int, c_long, c_void};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, Once};

use rusqlite::ffi;

const SECTOR: usize = 512;

/// What is watched.
static DISK: Mutex<Option<Disk>> = Mutex::new(None);

struct Disk {
    root: PathBuf,
    after: PathBuf,
    files: BTreeMap<PathBuf, Image>,
    /// Inodes of files whose content is durable.
    synced: HashSet<u64>,
    /// Names that are durable, and the inode they name.
    named: BTreeMap<PathBuf, u64>,
    /// So many operations until the power goes.
    fuse: u64,
    dice: store::Dice,
    dead: bool,
    /// How much was not synced when the power went.
    pending: usize,
}

/// A file of SQLite: what is on the platter, and what is not.
#[derive(Default)]
struct Image {
    durable: Vec<u8>,
    pending: Vec<Change>,
}

enum Change {
    Write(usize, Vec<u8>),
    Truncate(usize),
}

fn disk() -> MutexGuard<'static, Option<Disk>> {
    DISK.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Watches `root`; when the power goes, what survives is laid into `after`.
pub fn watch(root: &Path, after: &Path, seed: u64) {
    static REGISTER: Once = Once::new();
    REGISTER.call_once(register);
    let mut new = Disk {
        root: root.to_owned(),
        after: after.to_owned(),
        files: BTreeMap::new(),
        synced: HashSet::new(),
        named: BTreeMap::new(),
        fuse: u64::MAX,
        dice: store::Dice::new(seed),
        dead: false,
        pending: 0,
    };
    // What a folder holds when it is first seen was there before: it is durable.
    for entry in walk(root) {
        if let Ok(data) = entry.metadata() {
            new.named.insert(entry.clone(), data.ino());
            new.synced.insert(data.ino());
        }
    }
    *disk() = Some(new);
}

/// After so many operations the power goes.
pub fn light(fuse: u64) {
    if let Some(disk) = disk().as_mut() {
        disk.fuse = fuse;
    }
}

/// Cuts the power, if it is still there; gives how many operations were not synced then.
pub fn cut() -> usize {
    let mut disk = disk();
    let Some(disk) = disk.as_mut() else { return 0 };
    if !disk.dead {
        disk.lose();
    }
    disk.pending
}

fn walk(root: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in root.read_dir().into_iter().flatten().flatten() {
        found.push(entry.path());
        if entry.path().is_dir() {
            found.extend(walk(&entry.path()));
        }
    }
    found
}

impl Disk {
    fn roll(&mut self, sides: usize) -> usize {
        self.dice.below(sides)
    }

    /// Burns the fuse; false when there is no power for this operation.
    fn powered(&mut self) -> bool {
        if self.dead {
            return false;
        }
        self.fuse = self.fuse.saturating_sub(1);
        if self.fuse == 0 {
            self.lose();
        }
        !self.dead
    }

    fn lose(&mut self) {
        self.dead = true;
        std::fs::create_dir_all(&self.after).expect("a folder for what survives");
        // 0: all that was not synced is lost; 1: the first part of it is kept; 2: any of it.
        let manner = self.roll(3);
        let files = std::mem::take(&mut self.files);
        let laid: HashSet<PathBuf> = files.keys().cloned().collect();
        for (path, image) in files {
            self.pending += image.pending.len();
            let mut content = image.durable;
            let kept = self.roll(image.pending.len() + 1);
            for (at, change) in image.pending.into_iter().enumerate() {
                let keep = match manner {
                    0 => false,
                    1 => at <= kept,
                    _ => self.roll(2) == 0,
                };
                if keep {
                    let torn = if manner == 1 { at == kept } else { self.roll(4) == 0 };
                    self.apply(&mut content, change, torn);
                }
            }
            let name = path.strip_prefix(&self.root).expect("only what is under the root is watched");
            std::fs::write(self.after.join(name), content).expect("what survives is laid down");
        }
        self.lay_folder(&laid);
    }

    /// A change that was under way: of a torn write any of its sectors arrive.
    fn apply(&mut self, content: &mut Vec<u8>, change: Change, torn: bool) {
        match change {
            Change::Truncate(size) => content.resize(size, 0),
            Change::Write(offset, bytes) => {
                let mut start = 0;
                while start < bytes.len() {
                    let end = bytes.len().min((offset + start + SECTOR) / SECTOR * SECTOR - offset);
                    if !torn || self.roll(2) == 0 {
                        write(content, offset + start, &bytes[start..end]);
                    }
                    start = end;
                }
            }
        }
    }

    /// What is no file of SQLite: names that are not durable may be lost, content that is not may be torn.
    fn lay_folder(&mut self, laid: &HashSet<PathBuf>) {
        for path in walk(&self.root) {
            let name = path.strip_prefix(&self.root).expect("it was found there").to_owned();
            let Ok(data) = path.metadata() else { continue };
            // Shared memory is no file that survives.
            if laid.contains(&path) || name.to_string_lossy().ends_with("-shm") {
                continue;
            }
            let durable = self.named.get(&path) == Some(&data.ino());
            let parent = self.after.join(&name).parent().is_some_and(Path::is_dir);
            if !parent || (!durable && self.roll(2) == 0) {
                continue;
            }
            if data.is_dir() {
                std::fs::create_dir(self.after.join(&name)).expect("a folder that survives");
                continue;
            }
            let Ok(mut content) = std::fs::read(&path) else { continue };
            if !self.synced.contains(&data.ino()) {
                let kept = self.roll(content.len() + 1);
                content.truncate(kept);
            }
            std::fs::write(self.after.join(&name), content).expect("a file that survives");
        }
    }
}

fn write(content: &mut Vec<u8>, offset: usize, bytes: &[u8]) {
    if content.len() < offset + bytes.len() {
        content.resize(offset + bytes.len(), 0);
    }
    content[offset..offset + bytes.len()].copy_from_slice(bytes);
}

unsafe extern "C" {
    fn syscall(number: c_long, ...) -> c_long;
}

/// The numbers of fsync and fdatasync.
const NUMBERS: [c_long; 2] = if cfg!(target_arch = "x86_64") { [74, 75] } else { [82, 83] };

/// The C library's name: what `File::sync_all`, object_store and SQLite call. The disk is asked as
/// usual; what happened to watched files is noted.
///
/// # Safety
/// As fsync(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fsync(fd: c_int) -> c_int {
    // SAFETY: the system checks the descriptor.
    noted(fd, unsafe { syscall(NUMBERS[0], fd) })
}

/// As [`fsync`].
///
/// # Safety
/// As fdatasync(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fdatasync(fd: c_int) -> c_int {
    // SAFETY: the system checks the descriptor.
    noted(fd, unsafe { syscall(NUMBERS[1], fd) })
}

fn noted(fd: c_int, done: c_long) -> c_int {
    if done == 0 {
        note(fd);
        return 0;
    }
    -1
}

fn note(fd: c_int) {
    let mut disk = disk();
    let Some(disk) = disk.as_mut().filter(|disk| !disk.dead) else { return };
    let Ok(path) = std::fs::read_link(format!("/proc/self/fd/{fd}")) else { return };
    if !path.starts_with(&disk.root) {
        return;
    }
    let Ok(data) = path.metadata() else { return };
    if data.is_file() {
        disk.synced.insert(data.ino());
        return;
    }
    disk.named.retain(|name, _| name.parent() != Some(&path));
    for entry in path.read_dir().into_iter().flatten().flatten() {
        if let Ok(data) = entry.metadata() {
            disk.named.insert(entry.path(), data.ino());
        }
    }
}

/// A file as SQLite holds it; the real one lies behind it in the same allocation.
#[repr(C)]
struct Handle {
    base: ffi::sqlite3_file,
    /// The path, if it is watched; a box.
    path: *mut PathBuf,
}

unsafe fn real(file: *mut ffi::sqlite3_file) -> *mut ffi::sqlite3_file {
    // SAFETY: `open` asked for room for both.
    unsafe { file.cast::<Handle>().add(1).cast() }
}

unsafe fn methods(file: *mut ffi::sqlite3_file) -> &'static ffi::sqlite3_io_methods {
    // SAFETY: called between a good xOpen and xClose, when the real file has its methods.
    unsafe { &*(*real(file)).pMethods }
}

/// Runs `with` on the watched image, unless the power is gone; None for files that are not watched.
unsafe fn watched<T>(file: *mut ffi::sqlite3_file, with: impl FnOnce(&mut Image) -> T) -> Result<Option<T>, ()> {
    // SAFETY: the handle is ours.
    let path = unsafe { (*file.cast::<Handle>()).path };
    if path.is_null() {
        return Ok(None);
    }
    let mut disk = disk();
    // SAFETY: the box lives until xClose.
    let Some(disk) = disk.as_mut().filter(|disk| unsafe { &*path }.starts_with(&disk.root)) else { return Ok(None) };
    if !disk.powered() {
        return Err(());
    }
    // SAFETY: as above.
    Ok(disk.files.get_mut(unsafe { &*path }).map(with))
}

macro_rules! pass {
    ($($name:ident = $method:ident($($argument:ident: $kind:ty),*);)*) => {
        $(unsafe extern "C" fn $name(file: *mut ffi::sqlite3_file $(, $argument: $kind)*) -> c_int {
            // SAFETY: SQLite's own contract, handed on to the real file.
            unsafe { methods(file).$method.expect("the unix VFS has it")(real(file) $(, $argument)*) }
        })*
    };
}

pass! {
    read = xRead(to: *mut c_void, amount: c_int, offset: i64);
    file_size = xFileSize(size: *mut i64);
    lock = xLock(level: c_int);
    unlock = xUnlock(level: c_int);
    check_lock = xCheckReservedLock(out: *mut c_int);
    control = xFileControl(op: c_int, argument: *mut c_void);
    sector = xSectorSize();
    traits = xDeviceCharacteristics();
    shm_map = xShmMap(page: c_int, size: c_int, extend: c_int, out: *mut *mut c_void);
    shm_lock = xShmLock(offset: c_int, count: c_int, flags: c_int);
    shm_unmap = xShmUnmap(delete: c_int);
}

unsafe extern "C" fn shm_barrier(file: *mut ffi::sqlite3_file) {
    // SAFETY: handed on.
    unsafe { methods(file).xShmBarrier.expect("the unix VFS has it")(real(file)) }
}

unsafe extern "C" fn close(file: *mut ffi::sqlite3_file) -> c_int {
    // SAFETY: the box was made by `open` and is given up once.
    unsafe {
        let path = std::mem::replace(&mut (*file.cast::<Handle>()).path, std::ptr::null_mut());
        if !path.is_null() {
            drop(Box::from_raw(path));
        }
        methods(file).xClose.expect("the unix VFS has it")(real(file))
    }
}

unsafe extern "C" fn write_file(
    file: *mut ffi::sqlite3_file,
    from: *const c_void,
    amount: c_int,
    offset: i64,
) -> c_int {
    // SAFETY: SQLite gives `amount` bytes; the rest is handed on.
    unsafe {
        let bytes = std::slice::from_raw_parts(from.cast::<u8>(), amount as usize);
        let noted = watched(file, |image| image.pending.push(Change::Write(offset as usize, bytes.to_vec())));
        if noted.is_err() {
            return ffi::SQLITE_IOERR_WRITE;
        }
        methods(file).xWrite.expect("the unix VFS has it")(real(file), from, amount, offset)
    }
}

unsafe extern "C" fn truncate(file: *mut ffi::sqlite3_file, size: i64) -> c_int {
    // SAFETY: handed on.
    unsafe {
        if watched(file, |image| image.pending.push(Change::Truncate(size as usize))).is_err() {
            return ffi::SQLITE_IOERR_TRUNCATE;
        }
        methods(file).xTruncate.expect("the unix VFS has it")(real(file), size)
    }
}

unsafe extern "C" fn sync(file: *mut ffi::sqlite3_file, flags: c_int) -> c_int {
    let settle = |image: &mut Image| {
        for change in std::mem::take(&mut image.pending) {
            match change {
                Change::Write(offset, bytes) => write(&mut image.durable, offset, &bytes),
                Change::Truncate(size) => image.durable.resize(size, 0),
            }
        }
    };
    // SAFETY: handed on.
    unsafe {
        if watched(file, settle).is_err() {
            return ffi::SQLITE_IOERR_FSYNC;
        }
        methods(file).xSync.expect("the unix VFS has it")(real(file), flags)
    }
}

static METHODS: ffi::sqlite3_io_methods = ffi::sqlite3_io_methods {
    iVersion: 2,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write_file),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock),
    xUnlock: Some(unlock),
    xCheckReservedLock: Some(check_lock),
    xFileControl: Some(control),
    xSectorSize: Some(sector),
    xDeviceCharacteristics: Some(traits),
    xShmMap: Some(shm_map),
    xShmLock: Some(shm_lock),
    xShmBarrier: Some(shm_barrier),
    xShmUnmap: Some(shm_unmap),
    xFetch: None,
    xUnfetch: None,
};

static mut UNIX: *mut ffi::sqlite3_vfs = std::ptr::null_mut();

unsafe extern "C" fn open(
    _: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    out: *mut c_int,
) -> c_int {
    // SAFETY: SQLite allocated szOsFile bytes at `file`; `UNIX` was set before this could be called.
    unsafe {
        let handle = file.cast::<Handle>();
        std::ptr::write(handle, Handle { base: std::mem::zeroed(), path: std::ptr::null_mut() });
        (*real(file)).pMethods = std::ptr::null();
        let done = (*UNIX).xOpen.expect("the unix VFS opens")(UNIX, name, real(file), flags, out);
        // Without methods of the real file there is nothing to close.
        (*handle).base.pMethods = if (*real(file)).pMethods.is_null() { std::ptr::null() } else { &METHODS };
        if done != ffi::SQLITE_OK || name.is_null() {
            return done;
        }
        let path = PathBuf::from(std::ffi::OsStr::from_bytes(CStr::from_ptr(name).to_bytes()));
        if let Some(disk) = disk().as_mut().filter(|disk| path.starts_with(&disk.root)) {
            let there = || Image { durable: std::fs::read(&path).unwrap_or_default(), pending: Vec::new() };
            disk.files.entry(path.clone()).or_insert_with(there);
            (*handle).path = Box::into_raw(Box::new(path));
        }
        done
    }
}

unsafe extern "C" fn delete(_: *mut ffi::sqlite3_vfs, name: *const c_char, sync: c_int) -> c_int {
    // SAFETY: SQLite gives a path; the rest is handed on.
    unsafe {
        let path = PathBuf::from(std::ffi::OsStr::from_bytes(CStr::from_ptr(name).to_bytes()));
        if let Some(disk) = disk().as_mut().filter(|disk| path.starts_with(&disk.root)) {
            if !disk.powered() {
                return ffi::SQLITE_IOERR_DELETE;
            }
            disk.files.remove(&path);
        }
        (*UNIX).xDelete.expect("the unix VFS deletes")(UNIX, name, sync)
    }
}

/// Makes our VFS the usual one of this process. It leaves alone what is not watched.
fn register() {
    // SAFETY: done once; the copy of the unix VFS keeps its private data, and lives for ever.
    unsafe {
        UNIX = ffi::sqlite3_vfs_find(std::ptr::null());
        let mut vfs = *UNIX;
        vfs.zName = c"cut".as_ptr();
        vfs.pNext = std::ptr::null_mut();
        vfs.szOsFile += c_int::try_from(size_of::<Handle>()).expect("a small handle");
        vfs.xOpen = Some(open);
        vfs.xDelete = Some(delete);
        let done = ffi::sqlite3_vfs_register(Box::into_raw(Box::new(vfs)), 1);
        assert_eq!(done, ffi::SQLITE_OK, "the VFS is registered");
    }
}
