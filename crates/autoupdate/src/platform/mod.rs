//! What differs per operating system outside the program's folder: processes, and waiting for them.

pub mod processes;
