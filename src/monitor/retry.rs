//! Retry policies: exponential backoff with jitter.

use std::{fmt, sync::Arc, time::Duration};

/// Backoff between the attempts of a monitor to reconnect.
///
/// Each delay is twice as long as the one before, up to a maximum. Jitter shortens it by up to a half, so that not all
/// clients reconnect to a restarted engine at the same time. A connection that delivers items or stays up for some seconds
/// resets the backoff.
#[derive(Clone)]
#[must_use]
pub struct RetryPolicy {
    first: Duration,
    longest: Duration,
    attempts: Option<u32>,
    random: Arc<dyn Fn() -> f64 + Send + Sync>,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            first: Duration::from_millis(100),
            longest: Duration::from_secs(30),
            attempts: None,
            random: Arc::new(fastrand::f64),
        }
    }
}

impl RetryPolicy {
    /// Sets the delay before the first attempt, without jitter. Defaults to 100 ms.
    pub fn first(mut self, wait: Duration) -> Self {
        self.first = wait;
        self
    }

    /// Sets the maximum delay. Defaults to 30 s.
    pub fn longest(mut self, wait: Duration) -> Self {
        self.longest = wait;
        self
    }

    /// Sets the number of attempts after which the monitor gives up and ends. Defaults to no limit.
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = Some(attempts);
        self
    }

    /// Sets the source of random numbers for the jitter, for tests: numbers from 0 to 1, where 0 is the shortest delay.
    pub fn random(mut self, random: impl Fn() -> f64 + Send + Sync + 'static) -> Self {
        self.random = Arc::new(random);
        self
    }
}

impl fmt::Debug for RetryPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetryPolicy")
            .field("first", &self.first)
            .field("longest", &self.longest)
            .field("attempts", &self.attempts)
            .finish_non_exhaustive()
    }
}

/// The state of a backoff: its policy, and the number of failures since the last reset.
#[derive(Clone, Debug, Default)]
pub(super) struct Backoff {
    policy: RetryPolicy,
    failures: u32,
}

impl Backoff {
    pub(super) fn new(policy: RetryPolicy) -> Self {
        Self { policy, failures: 0 }
    }

    /// Counts a failure. Returns the delay before the next attempt, or `None` if there were too many.
    pub(super) fn next(&mut self) -> Option<Duration> {
        if self.policy.attempts.is_some_and(|attempts| self.failures >= attempts) {
            return None;
        }
        let doubled = self.policy.first.saturating_mul(2_u32.saturating_pow(self.failures));
        self.failures = self.failures.saturating_add(1);
        let delay = doubled.min(self.policy.longest);
        let jitter = (self.policy.random)();
        // `random` is the caller's: NaN and numbers out of range count as 0.
        let jitter = if (0.0..=1.0).contains(&jitter) { jitter } else { 0.0 };
        Some(delay / 2 + (delay / 2).mul_f64(jitter))
    }

    /// Starts again with the first delay.
    pub(super) fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delays(policy: RetryPolicy, count: usize) -> Vec<Option<u128>> {
        let mut backoff = Backoff::new(policy);
        (0..count).map(|_| backoff.next().map(|wait| wait.as_millis())).collect()
    }

    #[test]
    fn backoff_doubles_up_to_the_maximum() {
        let policy = RetryPolicy::default().longest(Duration::from_millis(1000)).random(|| 1.0);
        assert_eq!(delays(policy, 6), [100, 200, 400, 800, 1000, 1000].map(Some));
    }

    #[test]
    fn backoff_jitter_shortens_by_up_to_a_half() {
        let shortest = RetryPolicy::default().random(|| 0.0);
        assert_eq!(delays(shortest, 3), [50, 100, 200].map(Some));
        let not_a_number = RetryPolicy::default().random(|| f64::NAN);
        assert_eq!(delays(not_a_number, 1), [Some(50)]);
    }

    #[test]
    fn backoff_attempts_are_limited_until_reset() {
        let mut backoff = Backoff::new(RetryPolicy::default().attempts(2));
        assert!(backoff.next().is_some() && backoff.next().is_some() && backoff.next().is_none());
        backoff.reset();
        assert!(backoff.next().is_some());
    }

    #[test]
    fn backoff_does_not_overflow() {
        let mut backoff = Backoff::new(RetryPolicy::default().random(|| 1.0));
        for _ in 0..100 {
            assert!(backoff.next().unwrap() <= Duration::from_secs(30));
        }
    }
}
