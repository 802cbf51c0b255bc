//! When to try again.

use std::{fmt, sync::Arc, time::Duration};

/// How long a monitor waits before it connects again.
///
/// Each wait is twice as long as the one before, up to a longest; a random part of its
/// second half is left out, so that clients of an engine that comes back do not come
/// all at once. A connection that holds starts the count anew.
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
    /// The first wait. Defaults to 100 ms.
    pub fn first(mut self, wait: Duration) -> Self {
        self.first = wait;
        self
    }

    /// The longest wait. Defaults to 30 s.
    pub fn longest(mut self, wait: Duration) -> Self {
        self.longest = wait;
        self
    }

    /// How often to try again before the monitor ends. Defaults to without end.
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = Some(attempts);
        self
    }

    /// Where chance comes from: numbers from 0 to 1, 0 for the shortest wait. For tests.
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

/// Counts attempts.
#[derive(Clone, Debug, Default)]
pub(super) struct Backoff {
    policy: RetryPolicy,
    failures: u32,
}

impl Backoff {
    pub(super) fn new(policy: RetryPolicy) -> Self {
        Self { policy, failures: 0 }
    }

    /// How long to wait after another failure; none if there were enough.
    pub(super) fn next(&mut self) -> Option<Duration> {
        if self.policy.attempts.is_some_and(|attempts| self.failures >= attempts) {
            return None;
        }
        let doubled = self.policy.first.saturating_mul(2_u32.saturating_pow(self.failures));
        self.failures = self.failures.saturating_add(1);
        let wait = doubled.min(self.policy.longest);
        let chance = (self.policy.random)();
        // What is no number, or out of bounds, is no chance.
        let chance = if (0.0..=1.0).contains(&chance) { chance } else { 0.0 };
        Some(wait / 2 + (wait / 2).mul_f64(chance))
    }

    /// Things work again.
    pub(super) fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waits(policy: RetryPolicy, count: usize) -> Vec<Option<u128>> {
        let mut backoff = Backoff::new(policy);
        (0..count).map(|_| backoff.next().map(|wait| wait.as_millis())).collect()
    }

    #[test]
    fn waits_double_up_to_the_longest() {
        let policy = RetryPolicy::default().longest(Duration::from_millis(1000)).random(|| 1.0);
        assert_eq!(waits(policy, 6), [100, 200, 400, 800, 1000, 1000].map(Some));
    }

    #[test]
    fn chance_takes_from_the_second_half() {
        let shortest = RetryPolicy::default().random(|| 0.0);
        assert_eq!(waits(shortest, 3), [50, 100, 200].map(Some));
        let nonsense = RetryPolicy::default().random(|| f64::NAN);
        assert_eq!(waits(nonsense, 1), [Some(50)]);
    }

    #[test]
    fn attempts_come_to_an_end_and_start_anew() {
        let mut backoff = Backoff::new(RetryPolicy::default().attempts(2));
        assert!(backoff.next().is_some() && backoff.next().is_some() && backoff.next().is_none());
        backoff.reset();
        assert!(backoff.next().is_some());
    }

    #[test]
    fn counting_never_runs_over() {
        let mut backoff = Backoff::new(RetryPolicy::default().random(|| 1.0));
        for _ in 0..100 {
            assert!(backoff.next().unwrap() <= Duration::from_secs(30));
        }
    }
}
