//! The C library's own functions, which this library overrides.

use std::ffi::{c_char, c_int, c_void};
use std::mem;
use std::sync::OnceLock;

use libc::{clockid_t, off64_t, pthread_attr_t, pthread_t, size_t, ssize_t, timespec};

/// Declares functions that look up one of the C library's functions once, and return it.
macro_rules! real {
    ($($name:ident: $symbol:literal, $function:ty;)*) => {
        $(pub(crate) fn $name() -> $function {
            static REAL: OnceLock<$function> = OnceLock::new();
            *REAL.get_or_init(|| {
                // SAFETY: `dlsym` only looks up a symbol.
                let address = unsafe { libc::dlsym(libc::RTLD_NEXT, $symbol.as_ptr()) };
                // SAFETY: the function of this name has this type, and null becomes `None`.
                let function = unsafe { mem::transmute::<*mut c_void, Option<$function>>(address) };
                function.expect("the C library has the function")
            })
        })*
    };
}

pub(crate) type Start = extern "C" fn(*mut c_void) -> *mut c_void;
pub(crate) type Sync = unsafe extern "C" fn(c_int) -> c_int;

real! {
    pwrite: c"pwrite64", unsafe extern "C" fn(c_int, *const c_void, size_t, off64_t) -> ssize_t;
    pread: c"pread64", unsafe extern "C" fn(c_int, *mut c_void, size_t, off64_t) -> ssize_t;
    ftruncate: c"ftruncate64", unsafe extern "C" fn(c_int, off64_t) -> c_int;
    fdatasync: c"fdatasync", Sync;
    fsync: c"fsync", Sync;
    unlink: c"unlink", unsafe extern "C" fn(*const c_char) -> c_int;
    pthread_create: c"pthread_create",
        unsafe extern "C" fn(*mut pthread_t, *const pthread_attr_t, Start, *mut c_void) -> c_int;
    clock_gettime: c"clock_gettime", unsafe extern "C" fn(clockid_t, *mut timespec) -> c_int;
}
