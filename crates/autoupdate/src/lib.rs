//! The update engine: a few lines make a program update itself.

mod driver;
pub mod error;
pub mod fetch;
pub mod handle;
pub mod install;
pub mod machine;
pub mod platform;
pub mod policy;
pub mod prepare;
pub mod source;
pub mod store;
pub mod view;
