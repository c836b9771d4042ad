//! The scenarios on the native engine.

use selvedge::native as rt;

stamp!();
