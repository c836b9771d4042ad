//! The macros of user code. They find out at run time which engine, if any,
//! runs the caller.

/// A named condition that must hold here. If it does not, the execution fails
/// and ends; reports group failures by the name. Outside an exploration it is
/// an assertion.
///
/// It is checked where it stands, over what its own thread may read there: its
/// locals, what it holds locked, values that it loaded.
///
/// ```
/// let balance = 10;
/// selvedge::invariant!("balance never negative", balance >= 0);
/// selvedge::invariant!("balance never negative", balance >= 0, "balance = {balance}");
/// ```
///
/// # Panics
/// Outside an exploration, if the condition is false.
#[macro_export]
macro_rules! invariant {
    ($name:expr, $condition:expr $(,)?) => {
        if !$condition {
            $crate::__private::broken(&[(
                $name,
                ::std::format!("{} is false", ::std::stringify!($condition)),
            )]);
        }
    };
    ($name:expr, $condition:expr, $($message:tt)+) => {
        if !$condition {
            $crate::__private::broken(&[($name, ::std::format!($($message)+))]);
        }
    };
}

/// Several named conditions that must hold here. All are checked, and every
/// broken one is reported, before the execution ends.
///
/// ```
/// let (balance, spent) = (10, 40);
/// selvedge::invariants! {
///     "no more is spent than was there": spent <= 50, "spent = {spent}";
///     "money is conserved": balance + spent == 50;
/// }
/// ```
///
/// # Panics
/// Outside an exploration, if a condition is false.
#[macro_export]
macro_rules! invariants {
    (@message $condition:expr) => {
        ::std::format!("{} is false", ::std::stringify!($condition))
    };
    (@message $condition:expr, $($message:tt)+) => {
        ::std::format!($($message)+)
    };
    ($($name:literal : $condition:expr $(, $format:literal $(, $argument:expr)*)?);+ $(;)?) => {{
        let mut broken = ::std::vec::Vec::new();
        $(
            if !$condition {
                let message =
                    $crate::invariants!(@message $condition $(, $format $(, $argument)*)?);
                broken.push(($name, message));
            }
        )+
        if !broken.is_empty() {
            $crate::__private::broken(&broken);
        }
    }};
}

/// A remark for the drawing of the execution, in the column of its thread:
/// what the program does in the words of its user. The text is made only for
/// an execution that is drawn; a production build does nothing.
///
/// ```
/// let balance = 50;
/// selvedge::note!("get alice = {balance}");
/// ```
#[macro_export]
macro_rules! note {
    ($($message:tt)+) => {
        $crate::__private::note(|| ::std::format!($($message)+))
    };
}
