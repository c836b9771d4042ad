//! The scenarios on real threads.

use selvedge::std as rt;

stamp!();
