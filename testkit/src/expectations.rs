//! The expected calls, and the number of times each was received.

use std::sync::{Mutex, PoisonError};

use crate::{
    Latch,
    api_call::ApiCall,
    expected_call::{Call, Outcome},
};

#[derive(Debug, Default)]
pub(crate) struct Expectations(Mutex<Vec<Expected>>);

#[derive(Debug)]
struct Expected {
    call: Call,
    received: usize,
    /// Index of the call that must be received first.
    after: Option<usize>,
}

/// The response that the expectations define for a call, and problems with the call.
#[derive(Debug, Default)]
pub(crate) struct Matched {
    pub(crate) outcome: Option<Outcome>,
    pub(crate) latch: Option<Latch>,
    pub(crate) truncate_after: Option<usize>,
    pub(crate) problems: Vec<String>,
}

impl Expectations {
    /// Adds an expected call.
    pub(crate) fn add(&self, call: Call) {
        self.with(|all| all.push(Expected { call, received: 0, after: None }));
    }

    /// Adds calls that are expected in this order.
    pub(crate) fn add_in_order(&self, calls: impl IntoIterator<Item = Call>) {
        self.with(|all| {
            let mut after = None;
            for call in calls {
                all.push(Expected { call, received: 0, after });
                after = Some(all.len() - 1);
            }
        });
    }

    /// Counts a received call, and returns the response to it.
    pub(crate) fn take(&self, call: &ApiCall) -> Matched {
        self.with(|all| {
            let matches = |expected: &Expected| expected.call.matches(call);
            let Some(index) =
                all.iter().position(|expected| matches(expected) && expected.received < expected.call.max)
            else {
                let forbidden = all.iter().find(|expected| matches(expected) && expected.call.max == 0);
                let problems = forbidden.map(|expected| format!("{}: expected no call, got 1", expected.call));
                return Matched { problems: problems.into_iter().collect(), ..Matched::default() };
            };
            let missing = all[index].after.map(|first| &all[first]).filter(|first| first.received < first.call.min);
            let problems = missing.map(|first| format!("{}: expected after {}", all[index].call, first.call));
            let problems = problems.into_iter().collect();
            let expected = &mut all[index];
            expected.received += 1;
            let Call { outcome, latch, truncate_after, .. } = expected.call.clone();
            Matched { outcome, latch, truncate_after, problems }
        })
    }

    /// Describes the expected calls that were not received often enough.
    pub(crate) fn unmet(&self) -> Vec<String> {
        self.with(|all| {
            let unmet = all.iter().filter(|expected| expected.received < expected.call.min);
            let text = |Expected { call, received, .. }: &Expected| {
                let calls = if call.min == 1 { "call" } else { "calls" };
                format!("{call}: expected {} {calls}, got {received}", call.min)
            };
            unmet.map(text).collect()
        })
    }

    fn with<T>(&self, f: impl FnOnce(&mut Vec<Expected>) -> T) -> T {
        f(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
