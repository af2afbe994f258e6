//! The same work on several threads, which take one piece after the other.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, PoisonError, mpsc};
use std::thread;

/// The number of threads that this machine runs at once.
pub(crate) fn available() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// The range `0..total`, cut into pieces that threads take one after the other.
pub(crate) struct Pieces {
    next: AtomicU64,
    total: u64,
    each: u64,
}

impl Pieces {
    /// Pieces of `each` numbers, at least one; the last may be shorter.
    pub(crate) fn new(total: u64, each: u64) -> Self {
        Self { next: AtomicU64::new(0), total, each: each.max(1) }
    }

    /// How many of `threads` threads have a piece to work on; at least one.
    pub(crate) fn threads(&self, threads: usize) -> usize {
        let pieces = usize::try_from(self.total.div_ceil(self.each)).unwrap_or(usize::MAX);
        threads.min(pieces).max(1)
    }

    /// The next piece; `None` after the last.
    pub(crate) fn next(&self) -> Option<Range<u64>> {
        self.nth(self.next.fetch_add(1, Ordering::Relaxed))
    }

    /// The piece with this number; `None` after the last.
    fn nth(&self, nth: u64) -> Option<Range<u64>> {
        let first = nth.checked_mul(self.each)?;
        (first < self.total).then(|| first..first.saturating_add(self.each).min(self.total))
    }
}

/// Runs `work` on every thread. Returns one result per thread, in no particular
/// order. An error is returned after all threads have ended.
pub(crate) fn each<T: Send, E: Send>(
    threads: usize,
    work: impl Fn() -> Result<T, E> + Sync,
) -> Result<Vec<T>, E> {
    numbered(threads, (), |_| work())
}

/// The same, with the numbers of the threads. `refused` is dropped if the system refuses a
/// thread, before those that have started are waited for.
fn numbered<T: Send, E: Send>(
    threads: usize,
    refused: impl Sized,
    work: impl Fn(usize) -> Result<T, E> + Sync,
) -> Result<Vec<T>, E> {
    let work = &work;
    thread::scope(|scope| {
        let refused = refused;
        let others: Vec<_> = (1..threads).map(|nth| scope.spawn(move || work(nth))).collect();
        std::mem::forget(refused);
        let own = work(0);
        let join = |thread: thread::ScopedJoinHandle<'_, _>| {
            thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        };
        // Wait for all threads before the first error is returned.
        let all: Vec<_> = std::iter::once(own).chain(others.into_iter().map(join)).collect();
        all.into_iter().collect()
    })
}

/// Runs `work` on every thread, with the thread's number and where the threads meet. An
/// error is returned after all threads have ended.
pub(crate) fn together<E: Send>(
    threads: usize,
    work: impl Fn(usize, &Meeting) -> Result<(), E> + Sync,
) -> Result<(), E> {
    let meeting = Meeting {
        threads: threads.max(1),
        state: Mutex::new(Met { here: 0, times: 0, is_over: false }),
        changed: Condvar::new(),
    };
    numbered(meeting.threads, Leaves(&meeting), |nth| {
        let _leaves = Leaves(&meeting);
        work(nth, &meeting)
    })?;
    Ok(())
}

/// Where threads wait for each other.
pub(crate) struct Meeting {
    threads: usize,
    state: Mutex<Met>,
    changed: Condvar,
}

struct Met {
    /// How many threads wait.
    here: usize,
    /// How often all threads were here.
    times: u64,
    /// Whether a thread has ended, so that the others must not wait for it.
    is_over: bool,
}

impl Meeting {
    /// Waits until all threads are here. `false` if that can't be: one has ended.
    pub(crate) fn all_are_here(&self) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.is_over {
            return false;
        }
        let times = state.times;
        state.here += 1;
        if state.here == self.threads {
            (state.here, state.times) = (0, times + 1);
            self.changed.notify_all();
            return true;
        }
        let waits = |state: &mut Met| state.times == times && !state.is_over;
        let state = self.changed.wait_while(state, waits).unwrap_or_else(PoisonError::into_inner);
        state.times != times
    }
}

/// Says that a thread has ended, also when it panics.
struct Leaves<'a>(&'a Meeting);

impl Drop for Leaves<'_> {
    fn drop(&mut self) {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner).is_over = true;
        self.0.changed.notify_all();
    }
}

/// Gives every item to one of the threads. Each thread has a value, made by `start`, that
/// its items share.
pub(crate) fn share<T: Send, S>(
    threads: usize,
    items: impl Iterator<Item = T> + Send,
    start: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, T) + Sync,
) {
    let items = Mutex::new(items);
    let next = || items.lock().unwrap_or_else(PoisonError::into_inner).next();
    let never_fails: Result<_, std::convert::Infallible> = each(threads.max(1), || {
        let mut own = start();
        while let Some(item) = next() {
            work(&mut own, item);
        }
        Ok(())
    });
    let Ok(_) = never_fails;
}

/// Runs two pieces of work at the same time, where there are two threads.
pub(crate) fn both<A: Send, B>(a: impl FnOnce() -> A + Send, b: impl FnOnce() -> B) -> (A, B) {
    if available() < 2 {
        return (a(), b());
    }
    thread::scope(|scope| {
        let a = scope.spawn(a);
        let b = b();
        (a.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)), b)
    })
}

/// Computes something from every piece on several threads, and passes it to `take`
/// in the order of the pieces. So the sums that `take` makes have the same bits for
/// any number of threads.
///
/// Each thread has one value, made by `start`. `make` computes a piece into it;
/// `take` reads it, and leaves it ready for the thread's next piece. A thread waits
/// with its value until all earlier pieces are taken, so no more than one value per
/// thread is in memory. Returns the error of the first piece that fails, in the
/// order of the pieces. `take` has seen all pieces before it, and none after it.
pub(crate) fn in_order<T, E: Send>(
    pieces: &Pieces,
    threads: usize,
    start: impl Fn() -> T + Sync,
    make: impl Fn(&mut T, Range<u64>) -> Result<(), E> + Sync,
    take: impl FnMut(&mut T) + Send,
) -> Result<(), E> {
    let turns = Turns {
        state: Mutex::new(State { next: 0, is_over: false, take }),
        changed: Condvar::new(),
    };
    each(pieces.threads(threads), || {
        let mut value = start();
        while let Some(piece) = pieces.next() {
            let guard = OverIfPanics(&turns);
            let made = make(&mut value, piece.clone());
            drop(guard);
            if !turns.take(piece, made.map(|()| &mut value))? {
                break;
            }
        }
        Ok(())
    })?;
    Ok(())
}

/// Computes something from every piece on several threads, and passes it to `take`
/// on the calling thread, in the order of the pieces.
///
/// For results that one thread writes. At most two results per thread are in memory:
/// one waits, one is being made. Returns the error of the first piece that fails, in
/// the order of the pieces, or the first of `take`, which sees no piece after it.
pub(crate) fn to_caller<T: Send, E: Send>(
    pieces: &Pieces,
    threads: usize,
    make: impl Fn(Range<u64>) -> Result<T, E> + Sync,
    mut take: impl FnMut(T) -> Result<(), E>,
) -> Result<(), E> {
    let threads = pieces.threads(threads);
    if threads == 1 {
        while let Some(piece) = pieces.next() {
            take(make(piece)?)?;
        }
        return Ok(());
    }
    thread::scope(|scope| {
        // Thread i makes the pieces i, i + threads, i + 2 * threads, ...
        let (makers, made): (Vec<_>, Vec<_>) = (0..threads as u64)
            .map(|first| {
                let (give, made) = mpsc::sync_channel(1);
                let make = &make;
                let maker = scope.spawn(move || {
                    for nth in (first..).step_by(threads) {
                        let Some(piece) = pieces.nth(nth) else { break };
                        let piece = make(piece);
                        let failed = piece.is_err();
                        // Nobody takes pieces after an error.
                        if give.send(piece).is_err() || failed {
                            break;
                        }
                    }
                });
                (maker, made)
            })
            .unzip();
        let mut taken = Ok(());
        for made in made.iter().cycle() {
            // No piece comes after the last one, or because the thread panicked.
            let Ok(piece) = made.recv() else { break };
            taken = piece.and_then(&mut take);
            if taken.is_err() {
                break;
            }
        }
        // A thread that waits to give its piece ends when nobody can take it.
        drop(made);
        for maker in makers {
            maker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        }
        taken
    })
}

/// Which piece is taken next.
struct Turns<F> {
    state: Mutex<State<F>>,
    changed: Condvar,
}

struct State<F> {
    /// The start of the piece to take next.
    next: u64,
    /// Whether a thread failed, so that no more pieces are taken.
    is_over: bool,
    take: F,
}

impl<F> Turns<F> {
    /// Waits for the turn of a piece and takes it. Returns whether to continue.
    fn take<T, E>(&self, piece: Range<u64>, made: Result<&mut T, E>) -> Result<bool, E>
    where
        F: FnMut(&mut T),
    {
        // A poisoned lock means that `take` panicked in another thread, whose
        // panic is passed on when the threads are joined.
        let Ok(state) = self.state.lock() else { return Ok(false) };
        let waits = |state: &mut State<F>| !state.is_over && state.next != piece.start;
        let Ok(mut state) = self.changed.wait_while(state, waits) else { return Ok(false) };
        if state.is_over {
            return Ok(false);
        }
        match made {
            Ok(value) => {
                let _guard = WakeAll(&self.changed);
                (state.take)(value);
                state.next = piece.end;
                Ok(true)
            }
            Err(error) => {
                state.is_over = true;
                self.changed.notify_all();
                Err(error)
            }
        }
    }
}

/// Wakes the waiting threads, also when `take` panics.
struct WakeAll<'a>(&'a Condvar);

impl Drop for WakeAll<'_> {
    fn drop(&mut self) {
        self.0.notify_all();
    }
}

/// Ends all turns when its thread panics: its piece would never be taken, and
/// the others would wait for it forever.
struct OverIfPanics<'a, F>(&'a Turns<F>);

impl<F> Drop for OverIfPanics<'_, F> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.state.lock().unwrap_or_else(PoisonError::into_inner).is_over = true;
            self.0.changed.notify_all();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_taken_in_order_for_any_number_of_threads() {
        for threads in [1, 2, 7] {
            let pieces = Pieces::new(1003, 10);
            let mut taken = Vec::new();
            let make = |value: &mut Vec<u64>, piece: Range<u64>| {
                if piece.start.is_multiple_of(30) {
                    thread::yield_now();
                }
                value.extend(piece);
                Ok::<_, ()>(())
            };
            in_order(&pieces, threads, Vec::new, make, |value| taken.append(value)).unwrap();
            assert!(taken.into_iter().eq(0..1003));
        }
    }

    #[test]
    fn the_first_error_in_order_is_returned() {
        for threads in [1, 4] {
            let pieces = Pieces::new(100, 1);
            let mut taken = 0;
            let make = |value: &mut u64, piece: Range<u64>| {
                *value = piece.start;
                if piece.start < 30 { Ok(()) } else { Err(piece.start) }
            };
            let result = in_order(
                &pieces,
                threads,
                || 0,
                make,
                |value| {
                    assert_eq!(*value, taken);
                    taken += 1;
                },
            );
            assert_eq!((result, taken), (Err(30), 30));
        }
    }

    #[test]
    fn the_caller_gets_every_piece_in_order() {
        for threads in [1, 2, 7] {
            let mut taken = Vec::new();
            let take = |piece: Vec<u64>| {
                taken.extend(piece);
                Ok::<_, ()>(())
            };
            let make = |piece: Range<u64>| Ok(piece.collect());
            to_caller(&Pieces::new(1003, 10), threads, make, take).unwrap();
            assert!(taken.into_iter().eq(0..1003), "{threads} threads");
        }
    }

    #[test]
    fn the_caller_gets_nothing_after_an_error() {
        for (threads, in_take) in [(1, false), (1, true), (4, false), (4, true)] {
            let mut taken = 0;
            let make = |piece: Range<u64>| match piece.start {
                start if in_take || start < 30 => Ok(start),
                start => Err(start),
            };
            let take = |start| {
                assert_eq!(start, taken);
                if start == 30 {
                    return Err(start);
                }
                taken += 1;
                Ok(())
            };
            let result = to_caller(&Pieces::new(100, 1), threads, make, take);
            assert_eq!((result, taken), (Err(30), 30), "{threads} threads");
        }
    }

    #[test]
    fn threads_meet() {
        use std::sync::atomic::AtomicUsize;

        for threads in [1, 2, 5] {
            let (rounds, done) = (100, AtomicUsize::new(0));
            let work = |nth, meeting: &Meeting| {
                assert!(nth < threads);
                for round in 1..=rounds {
                    done.fetch_add(1, Ordering::Relaxed);
                    assert!(meeting.all_are_here());
                    assert_eq!(done.load(Ordering::Relaxed), round * threads);
                    assert!(meeting.all_are_here());
                }
                Ok::<_, ()>(())
            };
            together(threads, work).unwrap();
        }
    }

    #[test]
    fn nobody_waits_for_a_thread_that_has_ended() {
        let fails = |nth, meeting: &Meeting| {
            if nth == 1 {
                return Err(nth);
            }
            assert!(!meeting.all_are_here());
            Ok(())
        };
        assert_eq!(together(4, fails), Err(1));
        let panics = |nth, meeting: &Meeting| {
            assert!(nth != 1, "made up");
            assert!(!meeting.all_are_here());
            Ok::<_, ()>(())
        };
        assert!(std::panic::catch_unwind(|| together(4, panics)).is_err());
    }

    #[test]
    fn a_panic_reaches_the_caller() {
        for in_take in [false, true] {
            let run = || {
                let make = |piece: Range<u64>| {
                    assert!(in_take || piece.start < 30, "made up");
                    Ok::<_, ()>(piece.start)
                };
                let take = |start| {
                    assert!(start < 30, "made up");
                    Ok(())
                };
                to_caller(&Pieces::new(100, 1), 4, make, take)
            };
            assert!(std::panic::catch_unwind(run).is_err());
        }
    }

    #[test]
    fn a_panic_ends_all_threads() {
        for in_take in [false, true] {
            let run = || {
                let pieces = Pieces::new(100, 1);
                let make = |value: &mut u64, piece: Range<u64>| {
                    *value = piece.start;
                    assert!(in_take || piece.start < 30, "made up");
                    Ok::<_, ()>(())
                };
                in_order(&pieces, 4, || 0, make, |value| assert!(*value < 30, "made up"))
            };
            assert!(std::panic::catch_unwind(run).is_err());
        }
    }
}
