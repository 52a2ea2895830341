//! How the bytes come.
