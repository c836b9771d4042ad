//! The scenarios on the shuttle crate.

use selvedge::shuttle as rt;

stamp!();
