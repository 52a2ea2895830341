//! (being built)
mod route;
pub use route::{Fallback, Route};
