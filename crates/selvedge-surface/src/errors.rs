//! What can go wrong with a channel: the same types on every engine.

use ::std::error::Error;
use ::std::fmt;

/// The message could not be sent, and comes back: the channel was closed or
/// all its receivers are gone.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SendError<T>(
    /// The message.
    pub T,
);

impl<T> fmt::Debug for SendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SendError(..)")
    }
}

impl<T> fmt::Display for SendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("sending on a disconnected channel")
    }
}

impl<T> Error for SendError<T> {}

impl<T> SendError<T> {
    /// The message that was not sent.
    pub fn into_inner(self) -> T {
        self.0
    }
}

/// The channel is empty, and was closed or all its senders are gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecvError;

impl fmt::Display for RecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("receiving on an empty and disconnected channel")
    }
}

impl Error for RecvError {}

/// Why `try_recv` returned no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TryRecvError {
    /// There is no message now; one may come.
    Empty,
    /// There is no message, and none will come.
    Disconnected,
}

impl fmt::Display for TryRecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TryRecvError::Empty => "receiving on an empty channel",
            TryRecvError::Disconnected => "receiving on an empty and disconnected channel",
        })
    }
}

impl Error for TryRecvError {}

/// Why `recv_timeout` returned no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecvTimeoutError {
    /// There was no message in that time; one may come.
    Timeout,
    /// There is no message, and none will come.
    Disconnected,
}

impl fmt::Display for RecvTimeoutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            RecvTimeoutError::Timeout => "timed out waiting on receive operation",
            RecvTimeoutError::Disconnected => "receiving on an empty and disconnected channel",
        })
    }
}

impl Error for RecvTimeoutError {}

/// Makes the errors that hold a message: why it was not sent.
macro_rules! refused {
    ($(#[$doc:meta])* $name:ident, $(#[$why_doc:meta])* $why:ident, $words:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq)]
        pub enum $name<T> {
            $(#[$why_doc])*
            $why(T),
            /// The channel was closed or all its receivers are gone.
            Disconnected(T),
        }

        impl<T> $name<T> {
            /// The message that was not sent.
            pub fn into_inner(self) -> T {
                match self {
                    $name::$why(message) | $name::Disconnected(message) => message,
                }
            }
        }

        impl<T> fmt::Debug for $name<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self {
                    $name::$why(_) => ::std::concat!(::std::stringify!($why), "(..)"),
                    $name::Disconnected(_) => "Disconnected(..)",
                })
            }
        }

        impl<T> fmt::Display for $name<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self {
                    $name::$why(_) => $words,
                    $name::Disconnected(_) => "sending on a disconnected channel",
                })
            }
        }

        impl<T> Error for $name<T> {}
    };
}

refused! {
    /// Why `try_send` did not send the message, which comes back.
    TrySendError,
    /// There is no room now.
    Full, "sending on a full channel"
}

refused! {
    /// Why `send_timeout` did not send the message, which comes back.
    SendTimeoutError,
    /// There was no room in that time.
    Timeout, "timed out waiting on send operation"
}

/// The channel had been closed before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CloseError;

impl fmt::Display for CloseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("closing a closed channel")
    }
}

impl Error for CloseError {}
