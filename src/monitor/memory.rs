//! What a monitor of events has seen, and what that proves after a reconnect.
//!
//! An engine remembers its last events (64 of them before 1.13, 256 since) and
//! replays those since a given second. Asked for the second of the last event seen,
//! it repeats some; they are known by what they say and dropped. That nothing was
//! missed is proven if the engine still remembers the last event seen, or one
//! before it: what it remembers has no holes. If it remembers neither, events may be
//! lost, and that is said.

use std::{
    collections::{HashMap, VecDeque},
    hash::{DefaultHasher, Hash as _, Hasher as _},
};

use crate::{Timestamp, system::Event};

/// How many of the last events are known again. More than any engine remembers.
const KNOWN: usize = 1024;

/// How many events every engine remembers.
const REMEMBERED_BY_ALL: usize = 64;

/// A time in which events may have been missed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Gap {
    /// The last moment up to which nothing was missed, by the engine's clock.
    pub since: Timestamp,
    /// The first moment from which on nothing was missed, by the engine's clock.
    pub until: Timestamp,
    /// Why.
    pub reason: GapReason,
}

/// Why events may have been missed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum GapReason {
    /// The engine remembers too little: it was started anew, or nothing ever happened in it.
    Forgotten,
    /// More happened than the engine remembers.
    Overflow,
}

/// The last events that were seen.
#[derive(Debug, Default)]
pub(super) struct Memory {
    /// What the last events said, in order.
    known: VecDeque<u64>,
    /// Up to here, nothing was missed: the time of the last event or, before one came, of the first connection.
    complete: Option<Timestamp>,
    /// How often each event that is known may be repeated, and when repetition has an end.
    replay: Option<(HashMap<u64, u32>, Timestamp)>,
}

impl Memory {
    /// Nothing was missed up to `moment`, since nothing is asked of the time before.
    pub(super) fn begin(&mut self, moment: Timestamp) {
        self.complete.get_or_insert(moment);
    }

    /// What was missed was missed; from `moment` on, nothing is.
    pub(super) fn begin_anew(&mut self, moment: Timestamp) {
        self.complete = Some(moment);
    }

    /// The moment from which to ask for events again.
    pub(super) fn resume(&self) -> Option<Timestamp> {
        self.complete
    }

    /// What may have been missed, if the engine remembers `remembered` (in order) at the moment `at`.
    pub(super) fn gap(&self, remembered: &[Event], at: Timestamp) -> Option<Gap> {
        let since = self.complete?;
        let reaches_back = remembered.first().is_some_and(|first| first.time.unix_seconds() < since.unix_seconds());
        let last = self.known.back();
        let knows_last = last.is_some_and(|last| remembered.iter().any(|event| fingerprint(event) == *last));
        if reaches_back || knows_last {
            return None;
        }
        let reason = if remembered.len() < REMEMBERED_BY_ALL { GapReason::Forgotten } else { GapReason::Overflow };
        Some(Gap { since, until: remembered.first().map_or(at, |first| first.time), reason })
    }

    /// What comes from now on repeats what is known, up to the moment `at` of the new connection.
    pub(super) fn expect_replay(&mut self, at: Timestamp) {
        let mut counts = HashMap::new();
        for event in &self.known {
            *counts.entry(*event).or_insert(0) += 1;
        }
        self.replay = Some((counts, at));
    }

    /// Takes in an event, unless it is a repetition. Whether it was new.
    pub(super) fn take(&mut self, event: &Event) -> bool {
        let print = fingerprint(event);
        if let Some((counts, at)) = &mut self.replay {
            if let Some(count) = counts.get_mut(&print).filter(|count| **count > 0) {
                *count -= 1;
                return false;
            }
            // Later than the connection: repetition has come to its end.
            if event.time.unix_seconds() > at.unix_seconds() {
                self.replay = None;
            }
        }
        if self.known.len() == KNOWN {
            self.known.pop_front();
        }
        self.known.push_back(print);
        self.complete = Some(event.time);
        true
    }

    /// Whether `event` was seen.
    pub(super) fn knows(&self, event: &Event) -> bool {
        self.known.contains(&fingerprint(event))
    }
}

/// What an event says, in a number: two that say the same are the same.
fn fingerprint(event: &Event) -> u64 {
    let mut hasher = DefaultHasher::new();
    (event.time, &event.kind, &event.id, &event.action, &event.detail).hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::Document as _;

    /// An event of an engine that knows whole seconds only.
    fn event(second: i64, id: &str, action: &str) -> Event {
        let text = format!(r#"{{"status":"{action}","id":"{id}","from":"busybox","time":{second}}}"#);
        Event::decode(text.as_bytes()).unwrap()
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_unix_seconds(second).unwrap()
    }

    fn having_seen(events: &[Event]) -> Memory {
        let mut memory = Memory::default();
        memory.begin(at(0));
        assert!(events.iter().all(|event| memory.take(event)));
        memory
    }

    #[test]
    fn what_is_repeated_is_dropped_as_often_as_it_was_seen() {
        let seen = [event(1, "a", "start"), event(5, "a", "die"), event(5, "a", "start"), event(5, "a", "die")];
        let mut memory = having_seen(&seen);
        memory.expect_replay(at(6));
        assert_eq!(memory.resume(), Some(at(5)));
        for repeated in &seen[1..] {
            assert!(!memory.take(repeated));
        }
        assert!(memory.take(&event(5, "a", "die")), "once more than it was seen");
        assert!(memory.take(&event(6, "a", "start")));
    }

    #[test]
    fn the_order_of_repetitions_does_not_matter() {
        let mut memory = having_seen(&[event(5, "a", "die"), event(5, "b", "die")]);
        memory.expect_replay(at(5));
        assert!(!memory.take(&event(5, "b", "die")));
        assert!(memory.take(&event(5, "c", "die")));
        assert!(!memory.take(&event(5, "a", "die")));
    }

    #[test]
    fn repetition_ends_with_what_happened_after_the_connection() {
        let mut memory = having_seen(&[event(5, "a", "die"), event(9, "a", "die")]);
        memory.expect_replay(at(6));
        assert!(!memory.take(&event(9, "a", "die")), "the clock was set back from 9 to 6");
        assert!(memory.take(&event(7, "b", "die")));
        assert!(memory.replay.is_none());
        assert!(memory.take(&event(5, "a", "die")), "not expected any more");
    }

    #[test]
    fn an_engine_that_remembers_the_last_event_or_one_before_has_no_gap() {
        let memory = having_seen(&[event(4, "a", "start"), event(5, "a", "die")]);
        assert_eq!(memory.gap(&[event(5, "a", "die"), event(6, "b", "start")], at(7)), None);
        assert_eq!(memory.gap(&[event(4, "z", "start")], at(7)), None, "of a filter that lets a only through");
    }

    #[test]
    fn an_engine_that_forgot_has_one() {
        let memory = having_seen(&[event(5, "a", "die")]);
        let gap = memory.gap(&[event(5, "b", "start")], at(7)).unwrap();
        assert_eq!((gap.since, gap.until, gap.reason), (at(5), at(5), GapReason::Forgotten), "in the same second");
        let gap = memory.gap(&[], at(7)).unwrap();
        assert_eq!((gap.until, gap.reason), (at(7), GapReason::Forgotten));
        let many: Vec<Event> = (6..100).map(|second| event(second, "b", "start")).collect();
        let gap = memory.gap(&many, at(100)).unwrap();
        assert_eq!((gap.since, gap.until, gap.reason), (at(5), at(6), GapReason::Overflow));
    }

    #[test]
    fn only_so_many_events_are_known() {
        let mut memory = Memory::default();
        for second in 0..5000 {
            memory.take(&event(second, "a", "start"));
        }
        assert_eq!(memory.known.len(), KNOWN);
        assert!(memory.knows(&event(4999, "a", "start")) && !memory.knows(&event(1, "a", "start")));
    }
}
