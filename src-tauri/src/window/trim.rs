//! What the C library keeps of memory that was freed: a window leaves some of it behind, and nobody may want it for days.

/// Gives it back to the system.
#[cfg(target_env = "gnu")]
#[allow(unsafe_code)]
pub(super) fn trim() {
    // SAFETY: `malloc_trim(3)` takes no pointer, may be called on any thread while others allocate (MT-Safe), and touches only what is
    // free.
    let gave = unsafe { libc::malloc_trim(0) };
    tracing::debug!(gave, "freed memory was given back");
}

/// Other C libraries do it by themselves, or cannot be asked.
#[cfg(not(target_env = "gnu"))]
pub(super) const fn trim() {}
