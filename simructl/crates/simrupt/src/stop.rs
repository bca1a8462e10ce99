// SPDX-License-Identifier: GPL-2.0-only

//! A flag that ends waits early; a program sets it on a signal, for instance.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Whether to end; clones share it.
#[derive(Debug, Clone, Default)]
pub struct Stop(Arc<(Mutex<bool>, Condvar)>);

impl Stop {
    /// Ends all waits, now and later.
    pub fn set(&self) {
        let (stopped, changed) = &*self.0;
        *stopped.lock().unwrap_or_else(PoisonError::into_inner) = true;
        changed.notify_all();
    }

    /// Waits for this long; `false` if the flag is set before.
    pub fn sleep(&self, time: Duration) -> bool {
        let until = Instant::now() + time;
        let (stopped, changed) = &*self.0;
        let mut guard = stopped.lock().unwrap_or_else(PoisonError::into_inner);
        while !*guard {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return true;
            }
            let waited = changed.wait_timeout(guard, left);
            guard = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    #[test]
    fn a_wait_ends_early_and_later_waits_end_at_once() {
        let stop = Stop::default();
        assert!(stop.sleep(Duration::from_millis(1)));
        let other = stop.clone();
        let waiting = thread::spawn(move || other.sleep(Duration::from_secs(3600)));
        stop.set();
        assert!(!waiting.join().unwrap());
        assert!(!stop.sleep(Duration::from_secs(3600)));
    }
}
