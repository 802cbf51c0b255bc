//! The calls that are expected, and how often each has come.

use std::sync::{Mutex, PoisonError};

use crate::{
    Gate,
    call::{Call, Outcome},
    shared::Asked,
};

#[derive(Debug, Default)]
pub(crate) struct Expectations(Mutex<Vec<Expected>>);

#[derive(Debug)]
struct Expected {
    call: Call,
    came: usize,
    /// The one that has to come before.
    after: Option<usize>,
}

/// What the expectations say about a call.
#[derive(Debug, Default)]
pub(crate) struct Matched {
    pub(crate) outcome: Option<Outcome>,
    pub(crate) gate: Option<Gate>,
    pub(crate) cut: Option<usize>,
    pub(crate) problems: Vec<String>,
}

impl Expectations {
    /// Expects calls, each for itself.
    pub(crate) fn add(&self, call: Call) {
        self.with(|all| all.push(Expected { call, came: 0, after: None }));
    }

    /// Expects calls one after the other.
    pub(crate) fn add_in_order(&self, calls: impl IntoIterator<Item = Call>) {
        self.with(|all| {
            let mut after = None;
            for call in calls {
                all.push(Expected { call, came: 0, after });
                after = Some(all.len() - 1);
            }
        });
    }

    /// Counts a call, and says what shall become of it.
    pub(crate) fn take(&self, asked: &Asked) -> Matched {
        self.with(|all| {
            let fits = |expected: &Expected| expected.call.is(asked);
            let Some(place) = all.iter().position(|expected| fits(expected) && expected.came < expected.call.most)
            else {
                let refused = all.iter().find(|expected| fits(expected) && expected.call.most == 0);
                let problems = refused.map(|expected| format!("{} came, and should not have", expected.call));
                return Matched { problems: problems.into_iter().collect(), ..Matched::default() };
            };
            let before = all[place].after.map(|before| &all[before]).filter(|before| before.came < before.call.least);
            let problems = before.map(|before| format!("{} came before {}", all[place].call, before.call));
            let problems = problems.into_iter().collect();
            let expected = &mut all[place];
            expected.came += 1;
            let Call { outcome, gate, cut, .. } = expected.call.clone();
            Matched { outcome, gate, cut, problems }
        })
    }

    /// What was expected and has not come.
    pub(crate) fn unmet(&self) -> Vec<String> {
        self.with(|all| {
            let unmet = all.iter().filter(|expected| expected.came < expected.call.least);
            let text = |expected: &Expected| {
                format!(
                    "{} was expected {}, and came {}",
                    expected.call,
                    times(expected.call.least),
                    times(expected.came)
                )
            };
            unmet.map(text).collect()
        })
    }

    fn with<T>(&self, f: impl FnOnce(&mut Vec<Expected>) -> T) -> T {
        f(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn times(count: usize) -> String {
    match count {
        0 => "not at all".to_owned(),
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        count => format!("{count} times"),
    }
}
