//! The macro `select!`: waits for the first of several channels.
//!
//! It knows nothing of engines: it uses `Receiver::selection`,
//! `Selection::recv` and `Selection::run` of whichever receiver it is given.

/// Waits until one of several channels is ready to receive from, and runs the
/// arm of that channel.
///
/// A channel is ready if it has a message or is disconnected; the pattern is
/// matched against the `Result` of receiving. If several are ready, any of
/// them is chosen. With a `default` arm, which must be the last, it does not
/// wait: the default is run if no channel is ready.
///
/// ```
/// use selvedge_surface::{select, std::channel::unbounded};
///
/// let (orders, new_orders) = unbounded();
/// let (_stop, stopped) = unbounded::<()>();
/// orders.send(3).unwrap();
/// let pieces = select! {
///     recv(new_orders) -> order => order.unwrap_or(0),
///     recv(stopped) -> _ => 0,
///     default => panic!("there is an order"),
/// };
/// assert_eq!(pieces, 3);
/// ```
///
/// Anything else is refused:
///
/// ```compile_fail
/// # use selvedge_surface::{select, std::channel::unbounded};
/// # let (orders, new_orders) = unbounded::<i32>();
/// select! {
///     send(orders, 3) -> _ => (),
/// }
/// ```
#[macro_export]
macro_rules! select {
    // ---- The arms are collected, one a step. Each step is an expansion of
    // its own, so its `slot` and `receiver` differ from those of other steps.
    (@arms [$($arms:tt)*] recv($rx:expr) -> $pat:pat => $body:block, $($rest:tt)*) => {
        $crate::select!(@arms [$($arms)* (slot receiver ($rx) ($pat) ($body))] $($rest)*)
    };
    (@arms [$($arms:tt)*] recv($rx:expr) -> $pat:pat => $body:block $($rest:tt)*) => {
        $crate::select!(@arms [$($arms)* (slot receiver ($rx) ($pat) ($body))] $($rest)*)
    };
    (@arms [$($arms:tt)*] recv($rx:expr) -> $pat:pat => $body:expr, $($rest:tt)*) => {
        $crate::select!(@arms [$($arms)* (slot receiver ($rx) ($pat) ($body))] $($rest)*)
    };
    (@arms [$($arms:tt)*] recv($rx:expr) -> $pat:pat => $body:expr) => {
        $crate::select!(@arms [$($arms)* (slot receiver ($rx) ($pat) ($body))])
    };

    // ---- The end, with and without a default.
    (@arms [] $(default => $($rest:tt)*)?) => {
        ::core::compile_error!("select! needs at least one arm `recv(receiver) -> pattern => ...`")
    };
    (@arms [$($arms:tt)+]) => {
        $crate::select!(@run false [$($arms)+] (
            ::core::unreachable!("a selection without default returned without a message")
        ))
    };
    (@arms [$($arms:tt)+] default => $body:block $(,)?) => {
        $crate::select!(@run true [$($arms)+] ($body))
    };
    (@arms [$($arms:tt)+] default => $body:expr $(,)?) => {
        $crate::select!(@run true [$($arms)+] ($body))
    };
    (@arms [$($arms:tt)+] default => $body:block $($rest:tt)+) => {
        ::core::compile_error!("select!: `default` must be the last arm")
    };
    (@arms [$($arms:tt)+] default => $body:expr, $($rest:tt)+) => {
        ::core::compile_error!("select!: `default` must be the last arm")
    };
    (@arms [$($arms:tt)*] $($rest:tt)+) => {
        ::core::compile_error!(::core::concat!(
            "select!: expected `recv(receiver) -> pattern => expression,` or, as the last arm, ",
            "`default => expression`, found `", ::core::stringify!($($rest)+), "`"
        ))
    };

    // ---- What it stands for.
    (@run $has_default:literal
        [($slot:ident $receiver:ident ($rx:expr) ($pat:pat) ($body:expr))
         $(($slots:ident $receivers:ident ($rxs:expr) ($pats:pat) ($bodies:expr)))*]
        ($default:expr)
    ) => {{
        let $receiver = &$rx;
        let mut $slot = ::core::option::Option::None;
        $(
            let $receivers = &$rxs;
            let mut $slots = ::core::option::Option::None;
        )*
        {
            let mut selection = $receiver.selection();
            selection.recv($receiver, &mut $slot);
            $(selection.recv($receivers, &mut $slots);)*
            selection.run($has_default);
        }
        if let ::core::option::Option::Some(received) = $slot {
            match received { $pat => $body }
        } $(else if let ::core::option::Option::Some(received) = $slots {
            match received { $pats => $bodies }
        })* else {
            $default
        }
    }};

    // ---- The way in.
    (@ $($rest:tt)*) => {
        ::core::compile_error!("select!: an arm starts with `recv` or `default`")
    };
    ($($arms:tt)*) => {
        $crate::select!(@arms [] $($arms)*)
    };
}

#[cfg(test)]
mod tests {
    use crate::std::channel::{
        CloseError, Receiver, RecvError, SendError, TryRecvError, bounded, unbounded,
    };
    use ::std::thread;
    use ::std::time::Duration;

    #[test]
    fn a_ready_channel_is_chosen_and_the_default_otherwise() {
        let (tx, rx) = unbounded();
        let (_other_tx, other) = unbounded::<&str>();
        let choose = || {
            select! {
                recv(rx) -> number => number.unwrap_or(-1),
                recv(&other) -> word => { word.map_or(-2, |w| w.len() as i32) }
                default => 0,
            }
        };
        assert_eq!(choose(), 0);
        tx.send(7).unwrap();
        assert_eq!(choose(), 7);
        drop(tx);
        assert_eq!(choose(), -1);
    }

    #[test]
    fn both_of_two_ready_channels_are_chosen_in_the_long_run() {
        let (left_tx, left) = unbounded();
        let (right_tx, right) = unbounded();
        let mut counts = [0, 0];
        for _ in 0..200 {
            left_tx.send(0).unwrap();
            right_tx.send(1).unwrap();
        }
        for _ in 0..200 {
            select! {
                recv(left) -> i => counts[i.unwrap()] += 1,
                recv(right) -> i => counts[i.unwrap()] += 1
            }
        }
        assert!(counts[0] > 0 && counts[1] > 0, "{counts:?}");
    }

    #[test]
    fn it_waits_for_the_first_and_control_flow_leaves_it() {
        let (tx, rx) = bounded::<i32>(1);
        let (stop, stopped) = bounded::<()>(0);
        let sum = thread::scope(|scope| {
            scope.spawn(move || {
                for i in 1..=100 {
                    tx.send(i).unwrap();
                }
                thread::sleep(Duration::from_millis(2));
                stop.close().unwrap();
                drop(tx);
            });
            let mut sum = 0;
            loop {
                select! {
                    recv(rx) -> message => match message {
                        Ok(i) => sum += i,
                        Err(RecvError) => break sum,
                    },
                    recv(stopped) -> Err(_) | Ok(()) => {
                        sum += rx.iter().sum::<i32>();
                        break sum;
                    }
                }
            }
        });
        assert_eq!(sum, 5050);
    }

    #[test]
    fn a_selection_leaves_no_watcher_and_loses_no_wakeup() {
        let (tx, rx) = bounded::<u32>(0);
        let (_quiet_tx, quiet) = unbounded::<()>();
        thread::scope(|scope| {
            for part in 0..2 {
                let tx = tx.clone();
                scope.spawn(move || (0..500).for_each(|i| tx.send(part * 500 + i).unwrap()));
            }
            let collect = |rx: Receiver<u32>, quiet: Receiver<()>| {
                move || {
                    let mut got = Vec::new();
                    loop {
                        select! {
                            recv(quiet) -> _ => unreachable!(),
                            recv(rx) -> i => match i {
                                Ok(i) => got.push(i),
                                Err(_) => return got,
                            }
                        }
                    }
                }
            };
            drop(tx);
            let a = scope.spawn(collect(rx.clone(), quiet.clone()));
            let b = scope.spawn(collect(rx, quiet));
            let mut all = a.join().unwrap();
            all.extend(b.join().unwrap());
            all.sort_unstable();
            assert_eq!(all, (0..1000).collect::<Vec<_>>());
        });
    }

    #[test]
    fn a_closed_channel_is_drained_and_refuses() {
        let (tx, rx) = bounded(2);
        tx.send(1).unwrap();
        assert_eq!(rx.try_recv(), Ok(1));
        assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
        tx.send(2).unwrap();
        assert_eq!(rx.close(), Ok(()));
        assert_eq!(tx.close(), Err(CloseError));
        assert_eq!(tx.send(3), Err(SendError(3)));
        assert_eq!(rx.recv(), Ok(2));
        assert_eq!(rx.recv(), Err(RecvError));
        assert_eq!(rx.try_recv(), Err(TryRecvError::Disconnected));
    }

    #[test]
    fn a_rendezvous_waits_for_the_receiver_or_gives_the_message_back() {
        let (tx, rx) = bounded(0);
        thread::scope(|scope| {
            let sent = scope.spawn(|| (tx.send("a"), tx.send("b")));
            assert_eq!(rx.recv(), Ok("a"));
            thread::sleep(Duration::from_millis(2));
            rx.close().unwrap();
            assert_eq!(rx.recv(), Err(RecvError));
            assert_eq!(sent.join().unwrap(), (Ok(()), Err(SendError("b"))));
        });
        let (tx, rx) = bounded(0);
        thread::scope(|scope| {
            let sent = scope.spawn(|| tx.send(1));
            thread::sleep(Duration::from_millis(2));
            drop(rx);
            assert_eq!(sent.join().unwrap(), Err(SendError(1)));
        });
    }

    #[test]
    fn a_full_channel_blocks_until_there_is_room_or_nobody_to_read() {
        let (tx, rx) = bounded(1);
        thread::scope(|scope| {
            let sent = scope.spawn(|| (tx.send(1), tx.send(2), tx.send(3)));
            assert_eq!(rx.recv(), Ok(1));
            thread::sleep(Duration::from_millis(2));
            drop(rx);
            assert_eq!(sent.join().unwrap(), (Ok(()), Ok(()), Err(SendError(3))));
        });
    }
}
