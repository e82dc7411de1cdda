//! The same work for many things, on all processors.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The stack of a thread that walks syntax trees by recursion, in bytes.
const STACK: usize = 64 << 20;

/// Calls for every index, on as many threads as there are processors. The
/// answers are in the order of the indices.
pub fn in_parallel<T: Send>(count: usize, look: &(dyn Fn(usize) -> T + Sync)) -> Vec<T> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::with_capacity(count));
    let work = || {
        let mut own = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            if index >= count {
                break;
            }
            own.push((index, look(index)));
        }
        // Nobody panics while holding the lock.
        if let Ok(mut done) = done.lock() {
            done.append(&mut own);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..threads.min(count) {
            let thread = std::thread::Builder::new().stack_size(STACK);
            if thread.spawn_scoped(scope, work).is_err() {
                // No thread is to be had: this one does it.
                work();
            }
        }
    });
    let mut done = done.into_inner().unwrap_or_default();
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, answer)| answer).collect()
}
