//! What a monitor of events has seen, and what that proves after a reconnect.
//!
//! An engine remembers its last events (64 of them before 1.13, 256 since), in order and
//! without holes, and forgets them when it stops. So if it still remembers one event that
//! was seen, it remembers all that came after; if it remembers none, events may be lost,
//! and that is said. Times prove nothing: clocks jump.
//!
//! After a reconnect, all that the engine remembers is asked for, and what was seen is known
//! by what it says and dropped. So is what comes before it and was not seen: it is older
//! than the monitor. (That holds of seconds that were over only: engines may remember
//! concurrent events in another order than they tell them.)

use std::{
    collections::{HashMap, HashSet, VecDeque},
    hash::{DefaultHasher, Hash as _, Hasher as _},
};

use crate::{Timestamp, system::Event};

/// How many of the last events are known again. More than any engine remembers.
const KNOWN: usize = 1024;

/// How many events every engine remembers.
const REMEMBERED_BY_ALL: usize = 64;

/// A time in which events may have been missed.
///
/// If the engine's clock was set back in between, `until` lies before `since`.
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

/// Why something may have been missed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum GapReason {
    /// The engine remembers too little: it was started anew, or nothing ever happened in it.
    Forgotten,
    /// More happened than the engine remembers, or keeps.
    Overflow,
    /// The engine dropped something on the way, because this client did not read fast enough.
    Dropped,
}

/// What an engine remembers, as far as it matters here.
#[derive(Clone, Debug, Default)]
pub(super) struct Past {
    oldest: Option<Timestamp>,
    count: usize,
    /// The last events, in order: what they say, and when they happened.
    last: VecDeque<(u64, Timestamp)>,
}

impl Past {
    pub(super) fn add(&mut self, event: &Event) {
        self.oldest.get_or_insert(event.time);
        self.count += 1;
        push(&mut self.last, (fingerprint(event), event.time));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.count == 0
    }
}

/// The last events that were seen.
#[derive(Clone, Debug, Default)]
pub(super) struct Memory {
    /// What the last events said, in order.
    known: VecDeque<u64>,
    /// An event of any kind that happened before all that is yet to be told, if one is known.
    anchor: Option<u64>,
    /// Up to here, nothing was missed: the time of the last event or, before one came, of the first connection.
    complete: Option<Timestamp>,
    /// Up to here, it was checked that nothing was dropped on the way.
    reviewed: Option<Timestamp>,
    replay: Option<Replay>,
}

/// What a new connection repeats.
#[derive(Clone, Debug)]
struct Replay {
    /// How often each event may come that was seen, or is older than the monitor.
    counts: Counts,
    /// What is of a second before is older, too.
    oldest: i64,
    /// The second in which the connection was made: what is later, happened later.
    end: i64,
}

/// How often each of several events is there.
#[derive(Clone, Debug, Default)]
struct Counts(HashMap<u64, u32>);

impl Counts {
    fn put(&mut self, print: u64) {
        *self.0.entry(print).or_default() += 1;
    }

    /// Takes one out, if it is there.
    fn take(&mut self, print: u64) -> bool {
        let count = self.0.get_mut(&print).filter(|count| **count > 0);
        count.map(|count| *count -= 1).is_some()
    }
}

/// What came of comparing what was seen with what the engine remembers.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Review {
    /// What the engine dropped on the way.
    pub(super) gap: Option<Gap>,
    /// The engine went on, and the connection did not.
    pub(super) stalled: bool,
}

impl Memory {
    /// Nothing was missed up to `moment`, since nothing is asked of the time before.
    pub(super) fn begin(&mut self, moment: Timestamp) {
        self.complete.get_or_insert(moment);
    }

    /// Whether it is known from when on to tell.
    pub(super) fn has_begun(&self) -> bool {
        self.complete.is_some()
    }

    /// The moment from which on to ask for events: once one was seen, for all that are remembered.
    pub(super) fn since(&self) -> Timestamp {
        self.complete.filter(|_| self.known.is_empty()).unwrap_or_else(beginning)
    }

    /// The moment from which on to review.
    pub(super) fn unreviewed_since(&self, now: Timestamp) -> Timestamp {
        self.reviewed.filter(|reviewed| !is_before(now, *reviewed)).unwrap_or_else(beginning)
    }

    /// Whether `past` shows that nothing was missed.
    pub(super) fn is_complete_with(&self, past: &Past) -> bool {
        if self.known.is_empty() && self.anchor.is_none() {
            return past.oldest.zip(self.complete).is_some_and(|(oldest, since)| is_before(oldest, since));
        }
        let marks: HashSet<u64> = self.known.iter().copied().chain(self.anchor).collect();
        past.last.iter().any(|(print, _)| marks.contains(print))
    }

    /// Takes in that a connection was made at the moment `at`, to an engine that remembers `past`. What was missed.
    ///
    /// The `first` connection misses nothing: it begins.
    pub(super) fn connected(&mut self, past: &Past, at: Timestamp, first: bool) -> Option<Gap> {
        let since = self.complete.unwrap_or(at);
        // Of a time that is yet to come nothing is remembered, and of no event that was seen it is known what came after.
        let was_set_back = self.known.is_empty() && is_before(at, since);
        let gap = if first || (self.is_complete_with(past) && !was_set_back) {
            None
        } else {
            let reason = if past.count < REMEMBERED_BY_ALL { GapReason::Forgotten } else { GapReason::Overflow };
            let until = past.oldest.filter(|_| !was_set_back).unwrap_or(at);
            Some(Gap { since, until, reason })
        };
        let complete = gap.as_ref().map_or(since, |gap| gap.until);
        (self.complete, self.reviewed) = (Some(complete), Some(complete));
        self.replay = Some(self.replay(past, since, at));
        self.set_anchor(past);
        gap
    }

    /// What is repeated over a connection that was made at the moment `at`, if nothing was missed up to a moment.
    fn replay(&self, past: &Past, since: Timestamp, at: Timestamp) -> Replay {
        let mut counts = Counts::default();
        self.known.iter().for_each(|print| counts.put(*print));
        let mut left = counts.clone();
        // What was not seen, up to the last event that was, or to the anchor, is older.
        let (mut unseen, mut older) = (Vec::new(), Vec::new());
        for (print, time) in &past.last {
            let was_seen = left.take(*print);
            if !was_seen && is_before(*time, since) {
                unseen.push(*print);
            }
            if was_seen || self.anchor == Some(*print) {
                older.append(&mut unseen);
            }
        }
        older.into_iter().for_each(|print| counts.put(print));
        let oldest = past.last.iter().map(|(_, time)| *time).chain([since]).min().unwrap_or(since);
        Replay { counts, oldest: oldest.unix_seconds(), end: at.unix_seconds() }
    }

    /// Of what the engine remembers, whatever comes after the anchor is told or will be replayed.
    fn set_anchor(&mut self, past: &Past) {
        let over = |(_, time): &&(u64, Timestamp)| self.complete.is_some_and(|complete| is_before(*time, complete));
        let anchor = past.last.iter().rev().find(over).or(past.last.front());
        self.anchor = anchor.map(|(print, _)| *print);
    }

    /// Takes in an event, unless it is a repetition or older than this monitor. Whether it is to be told.
    pub(super) fn take(&mut self, event: &Event) -> bool {
        let print = fingerprint(event);
        if self.replay.as_mut().is_some_and(|replay| replay.explains(print, event.time)) {
            return false;
        }
        // Engines tell an event twice that comes while they answer. To the nanosecond, nothing happens twice.
        if event.time.unix_nanoseconds() % 1_000_000_000 != 0 && self.known.contains(&print) {
            return false;
        }
        // Later than the connection: repetition has come to its end.
        if self.replay.as_ref().is_some_and(|replay| event.time.unix_seconds() > replay.end) {
            self.replay = None;
        }
        push(&mut self.known, print);
        self.complete = Some(event.time);
        true
    }

    /// Compares what was seen with the events, of those to be told, that the engine remembers since the last review.
    pub(super) fn review(&mut self, past: &Past) -> Review {
        let is_known = |(print, _): &(u64, Timestamp)| self.known.contains(print);
        let seen = past.last.iter().rposition(is_known).map_or(0, |last| last + 1);
        let stalled = seen < past.last.len();
        let between = past.last.iter().take(seen).skip_while(|event| !is_known(event));
        let dropped: Vec<(u64, Timestamp)> = between.filter(|event| !is_known(event)).copied().collect();
        let gap = dropped.first().zip(dropped.last()).map(|((_, first), (_, last))| Gap {
            since: *first,
            until: *last,
            reason: GapReason::Dropped,
        });
        // They are accounted for.
        dropped.into_iter().for_each(|(print, _)| push(&mut self.known, print));
        self.reviewed = self.complete;
        Review { gap, stalled }
    }

    /// Nothing that is to be told happened up to `now`, of which the engine remembers `past`, of all kinds.
    pub(super) fn nothing_new(&mut self, past: &Past, now: Timestamp) {
        if self.complete.is_some_and(|complete| is_before(complete, now)) {
            (self.complete, self.reviewed) = (Some(now), Some(now));
            self.set_anchor(past);
        }
    }
}

impl Replay {
    /// Whether an event is a repetition, or older than the monitor.
    fn explains(&mut self, print: u64, time: Timestamp) -> bool {
        self.counts.take(print) || time.unix_seconds() < self.oldest
    }
}

/// A moment before all engines, which take 0 for nothing said.
pub(super) fn beginning() -> Timestamp {
    Timestamp::from_unix_nanoseconds(1_000_000_000)
}

/// Whether the second of `a` was over before that of `b`.
fn is_before(a: Timestamp, b: Timestamp) -> bool {
    a.unix_seconds() < b.unix_seconds()
}

fn push<T>(last: &mut VecDeque<T>, item: T) {
    if last.len() == KNOWN {
        last.pop_front();
    }
    last.push_back(item);
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
    fn event(second: i64, id: &str) -> Event {
        let text = format!(r#"{{"status":"die","id":"{id}","from":"busybox","time":{second}}}"#);
        Event::decode(text.as_bytes()).unwrap()
    }

    /// An event of an engine that knows nanoseconds.
    fn precise(nanoseconds: i64, id: &str) -> Event {
        let text = format!(r#"{{"status":"die","id":"{id}","time":1,"timeNano":{nanoseconds}}}"#);
        Event::decode(text.as_bytes()).unwrap()
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_unix_seconds(second).unwrap()
    }

    fn past<'a>(events: impl IntoIterator<Item = &'a Event>) -> Past {
        let mut past = Past::default();
        events.into_iter().for_each(|event| past.add(event));
        past
    }

    /// A memory that began at second 0, connected to an engine that remembered `before`, and saw `events`.
    fn having_seen(before: &[Event], events: &[Event]) -> Memory {
        let mut memory = Memory::default();
        memory.begin(at(0));
        assert_eq!(memory.connected(&past(before), at(0), true), None);
        assert!(events.iter().all(|event| memory.take(event)));
        memory
    }

    #[test]
    fn what_is_repeated_is_dropped_as_often_as_it_was_seen() {
        let seen = [event(1, "a"), event(5, "b"), event(5, "a"), event(5, "b")];
        let mut memory = having_seen(&[], &seen);
        assert_eq!(memory.connected(&past(&seen), at(6), false), None);
        assert!(seen.iter().all(|event| !memory.take(event)));
        assert!(memory.take(&event(5, "b")), "once more than it was seen");
        assert!(memory.take(&event(6, "a")));
    }

    #[test]
    fn to_the_nanosecond_nothing_happens_twice() {
        let mut memory = having_seen(&[], &[precise(1_000_000_007, "a"), event(1, "a")]);
        assert!(!memory.take(&precise(1_000_000_007, "a")), "an engine tells it twice that answers while it happens");
        assert!(memory.take(&precise(1_000_000_007, "b")) && memory.take(&precise(1_000_000_008, "a")));
        assert!(memory.take(&event(1, "a")), "in a second, much may happen twice");
    }

    #[test]
    fn what_comes_before_something_seen_and_was_not_seen_is_older() {
        let seen = [event(4, "a"), event(5, "b")];
        let mut memory = having_seen(&[], &seen);
        let all =
            [event(2, "old"), event(4, "a"), event(3, "older"), event(5, "c"), event(5, "b"), event(2, "set back")];
        assert_eq!(memory.connected(&past(&all), at(6), false), None);
        let told: Vec<&Event> = all.iter().filter(|event| memory.take(event)).collect();
        assert_eq!(told, [&event(5, "c"), &event(2, "set back")], "c is told late, the clock was set back at last");
    }

    #[test]
    fn repetition_ends_with_what_happened_after_the_connection() {
        let seen = [event(5, "a")];
        let mut memory = having_seen(&[], &seen);
        memory.connected(&past(&seen), at(6), false);
        assert!(memory.take(&event(7, "b")));
        assert!(memory.replay.is_none());
        assert!(memory.take(&event(5, "a")), "not expected any more");
    }

    #[test]
    fn an_engine_that_remembers_something_seen_has_no_gap_whatever_the_clock_says() {
        let seen = [event(400, "a"), event(500, "b")];
        for (all, now) in [
            (vec![event(500, "b"), event(600, "c")], 700),
            (vec![event(400, "a")], 700),
            (vec![event(500, "b"), event(7, "c")], 8),
        ] {
            let mut memory = having_seen(&[], &seen);
            assert_eq!(memory.connected(&past(&all), at(now), false), None, "{all:?}");
            assert_eq!(memory.since(), beginning(), "all that is remembered is asked for");
        }
    }

    #[test]
    fn an_engine_that_forgot_has_one() {
        let gap = |all: &[Event]| having_seen(&[], &[event(5, "a")]).connected(&past(all), at(7), false).unwrap();
        let forgotten = gap(&[event(5, "b")]);
        assert_eq!((forgotten.since, forgotten.until, forgotten.reason), (at(5), at(5), GapReason::Forgotten));
        assert_eq!((gap(&[]).until, gap(&[]).reason), (at(7), GapReason::Forgotten));
        let restarted = gap(&[event(3, "b")]);
        assert_eq!((restarted.since, restarted.until), (at(5), at(3)), "with a clock that was set back meanwhile");
        let many: Vec<Event> = (6..100).map(|second| event(second, "b")).collect();
        assert_eq!((gap(&many).until, gap(&many).reason), (at(6), GapReason::Overflow));
    }

    #[test]
    fn after_a_gap_what_is_remembered_is_told() {
        let mut memory = having_seen(&[], &[event(50, "a")]);
        let all = [event(3, "b"), event(4, "c")];
        assert!(memory.connected(&past(&all), at(7), false).is_some());
        assert!(all.iter().all(|event| memory.take(event)));
        assert_eq!(memory.connected(&past(&all), at(8), false), None, "and known from then on");
        assert!(!all.iter().any(|event| memory.take(event)));
    }

    #[test]
    fn where_nothing_was_seen_what_was_there_before_is_the_proof() {
        let before = [event(-2, "x"), event(-1, "y")];
        let memory = || having_seen(&before, &[]);
        assert_eq!(memory().since(), at(0));
        assert_eq!(memory().connected(&past(&before[1..]), at(5), false), None);
        assert!(memory().connected(&past(&before[..1]), at(5), false).is_some(), "y is what came last");
        assert!(memory().connected(&past(&[event(-7, "of another engine")]), at(5), false).is_some());
        let mut set_back = memory();
        let gap = set_back.connected(&past(&before), at(-1), false).unwrap();
        assert_eq!((gap.since, gap.until), (at(0), at(-1)), "nothing is remembered of a time that is yet to come");
        assert_eq!(set_back.since(), at(-1));
    }

    #[test]
    fn a_time_in_the_past_from_which_to_begin_has_to_be_remembered() {
        let connected = |all: &[Event]| {
            let mut memory = Memory::default();
            memory.begin(at(5));
            memory.connected(&past(all), at(9), false)
        };
        assert_eq!(connected(&[event(4, "a"), event(6, "b")]), None);
        assert_eq!(connected(&[event(6, "b")]).unwrap().until, at(6));
        assert_eq!(connected(&[]).unwrap().until, at(9));
    }

    #[test]
    fn a_review_finds_what_was_dropped_on_the_way_once() {
        let mut memory = having_seen(&[], &[event(1, "a"), event(9, "d")]);
        let all = [event(0, "older"), event(1, "a"), event(2, "b"), event(3, "c"), event(9, "d")];
        let gap = Gap { since: at(2), until: at(3), reason: GapReason::Dropped };
        assert_eq!(memory.review(&past(&all)), Review { gap: Some(gap), stalled: false });
        assert_eq!(memory.unreviewed_since(at(10)), at(9));
        assert_eq!(memory.review(&past(&all)), Review::default(), "it is accounted for");
        let stalled = Review { gap: None, stalled: true };
        assert_eq!(memory.review(&past(&[event(9, "d"), event(9, "e")])), stalled);
        assert_eq!(memory.unreviewed_since(at(8)), beginning(), "the clock was set back");
    }

    #[test]
    fn a_quiet_time_moves_the_proof_along() {
        let mut memory = having_seen(&[], &[event(1, "a")]);
        memory.nothing_new(&past(&[event(1, "a"), event(50, "filtered out")]), at(60));
        let all = past(&[event(50, "filtered out"), event(70, "b")]);
        assert_eq!(memory.connected(&all, at(80), false), None);
        let gap = memory.connected(&past(&[event(70, "b")]), at(80), false).unwrap();
        assert_eq!((gap.since, gap.until), (at(60), at(70)));
    }

    #[test]
    fn only_so_much_is_kept() {
        let events: Vec<Event> = (0..5000).map(|second| event(second, "a")).collect();
        let mut memory = Memory::default();
        events.iter().for_each(|event| assert!(memory.take(event)));
        let past = past(&events);
        assert_eq!((memory.known.len(), past.last.len(), past.count), (KNOWN, KNOWN, 5000));
    }
}
