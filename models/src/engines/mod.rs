//! The scenario files, stamped once for each engine.

pub mod loom;
pub mod native;
pub mod shuttle;
pub mod std;
