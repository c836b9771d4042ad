//! The scenarios on the loom crate.

use selvedge::loom as rt;

stamp!();
