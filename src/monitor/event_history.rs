//! The events that a monitor has received, to drop repetitions and detect gaps after a reconnect.
//!
//! An engine keeps its last events, in order and without holes: Docker in a ring buffer (64 before 1.13, 256 since) that
//! is lost on restart, Podman in a file. So if it still has one event that was received, it has all later ones; if it has
//! none, events may have been missed, and a gap is returned. Timestamps cannot prove this, because clocks may jump.
//!
//! Events are requested again from a second before the last one that was received. Events that were received are
//! dropped, and so are events older than the monitor. If the engine's clock was set back while disconnected, all events
//! are requested, and those up to the last one that was received are dropped. (Except for events of the same second: engines
//! may keep concurrent events in a different order than they send them.)

use std::{
    collections::{HashMap, HashSet, VecDeque},
    hash::{DefaultHasher, Hash as _, Hasher as _},
};

use crate::{Timestamp, system::Event};

/// Number of last events that are recognized. If there are more within a second or two, the evicted ones are recognized
/// by their time.
const MAX_KNOWN: usize = 1024;

/// Number of events that every engine keeps.
const MIN_KEPT: usize = 64;

/// A period in which events or lines may have been missed.
///
/// If the engine's clock was set back in between, `until` is before `since`.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[non_exhaustive]
pub struct Gap {
    /// Start of the period, by the engine's clock: until then, nothing was missed.
    pub since: Timestamp,
    /// End of the period, by the engine's clock: from then on, nothing was missed.
    pub until: Timestamp,
    /// Reason for the gap.
    pub reason: GapReason,
}

/// The reason for a [`Gap`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum GapReason {
    /// The engine no longer has the earlier events: it was restarted, or there were no events at all.
    Forgotten,
    /// There were more events than the engine keeps; for logs, the log was rotated or truncated.
    Overflow,
    /// The engine dropped events because the client did not read them fast enough.
    Dropped,
}

/// A summary of the events that an engine keeps.
#[derive(Debug, Default)]
pub(super) struct Past {
    oldest: Option<Timestamp>,
    count: usize,
    /// The last events, in order.
    last: VecDeque<Fingerprint>,
    /// The events that prove that nothing was missed.
    proof: Proof,
    /// Whether one of `proof` was found.
    is_proven: bool,
}

/// The events that prove that nothing was missed.
#[derive(Clone, Debug, Default)]
enum Proof {
    #[default]
    Nothing,
    /// Any event from before this second.
    Before(Timestamp),
    /// One of these events.
    AnyOf(HashSet<Fingerprint>),
}

impl Past {
    pub(super) fn add(&mut self, event: &Event) {
        let fingerprint = Fingerprint::of(event);
        self.oldest.get_or_insert(event.time);
        self.count += 1;
        self.is_proven |= match &self.proof {
            Proof::Nothing => false,
            Proof::Before(time) => is_in_earlier_second(fingerprint.time, *time),
            Proof::AnyOf(fingerprints) => fingerprints.contains(&fingerprint),
        };
        push(&mut self.last, fingerprint);
    }

    /// Whether these events prove that nothing was missed. Some may be absent, as in Podman's responses to requests whose
    /// `until` is in the past: an engine that keeps an event also keeps all later ones.
    pub(super) fn proves_continuity(&self) -> bool {
        self.is_proven
    }

    pub(super) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Drops the events after `time`.
    pub(super) fn until(mut self, time: Timestamp) -> Self {
        self.last.retain(|fingerprint| fingerprint.time <= time);
        self
    }
}

/// Hash and time of an event. Events with the same content have the same fingerprint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Fingerprint {
    hash: u64,
    time: Timestamp,
}

impl Fingerprint {
    fn of(event: &Event) -> Self {
        let mut hasher = DefaultHasher::new();
        (event.time, &event.kind, &event.id, &event.action, &event.detail).hash(&mut hasher);
        Self { hash: hasher.finish(), time: event.time }
    }
}

/// The last events that were received.
#[derive(Clone, Debug, Default)]
pub(super) struct EventHistory {
    /// The last events, in order.
    known: VecDeque<Fingerprint>,
    /// The latest time of the events that were evicted from `known`.
    evicted: Option<Timestamp>,
    /// An event of any kind that is earlier than all events yet to be returned, if one is known.
    anchor: Option<Fingerprint>,
    /// Time before which no events are returned: the start of the monitor, or the end of the last gap.
    start: Option<Timestamp>,
    /// Time until which nothing was missed: that of the last event or, before the first event, of the first connection.
    complete: Option<Timestamp>,
    /// Time until which it was checked that the engine dropped no events.
    checked: Option<Timestamp>,
    replay: Option<Replay>,
}

/// The events that a new connection repeats.
#[derive(Clone, Debug)]
struct Replay {
    /// How often each event that was received may be repeated.
    counts: Counts,
    /// The last event that was received, if it will be repeated.
    last: Option<Fingerprint>,
    /// Events before `last` that are earlier than this second are older than the monitor, or were received.
    second: i64,
    /// Events before `last` up to this time were also received.
    evicted: Option<Timestamp>,
    /// The second of the connection or of the last event: later events are new.
    end: i64,
}

/// A multiset of events.
#[derive(Clone, Debug, Default)]
struct Counts(HashMap<Fingerprint, u32>);

impl Counts {
    fn put(&mut self, fingerprint: Fingerprint) {
        *self.0.entry(fingerprint).or_default() += 1;
    }

    /// Removes one, if there is one. Returns the number left.
    fn take(&mut self, fingerprint: Fingerprint) -> Option<u32> {
        let count = self.0.get_mut(&fingerprint).filter(|count| **count > 0)?;
        *count -= 1;
        Some(*count)
    }
}

/// The result of comparing the events that were received with those that the engine keeps.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Comparison {
    /// The events that the engine dropped.
    pub(super) gap: Option<Gap>,
    /// The engine has later events than those that were received.
    pub(super) stalled: bool,
}

impl EventHistory {
    /// Begins at `time`: earlier events are not requested. Does nothing if it has begun.
    pub(super) fn begin(&mut self, time: Timestamp) {
        self.complete.get_or_insert(time);
        self.start.get_or_insert(time);
    }

    /// Whether the time from which events are returned is known.
    pub(super) fn has_begun(&self) -> bool {
        self.complete.is_some()
    }

    /// The time from which to request events. Once one was received, this is a second earlier, because engines stop
    /// searching at the first event that is older.
    pub(super) fn since(&self) -> Timestamp {
        let complete = self.complete.unwrap_or_else(earliest_time);
        if self.known.is_empty() { complete } else { previous_second(complete) }
    }

    /// The time from which to request events if the engine's clock was set back to `now`, which is before
    /// [`since`](Self::since). The times of events do not show then which of them were received.
    pub(super) fn since_set_back(&self, now: Timestamp) -> Timestamp {
        if self.known.is_empty() { now } else { earliest_time() }
    }

    /// The time from which events may prove that nothing was missed.
    pub(super) fn proof_since(&self) -> Timestamp {
        let newest = self.known.back().into_iter().chain(&self.anchor).map(|fingerprint| fingerprint.time).max();
        newest.map_or_else(earliest_time, |time| previous_second(time).min(self.since()))
    }

    /// The time from which to check for dropped events.
    pub(super) fn unchecked_since(&self, now: Timestamp) -> Timestamp {
        self.checked.filter(|checked| !is_in_earlier_second(now, *checked)).unwrap_or_else(earliest_time)
    }

    /// Returns an empty summary of the events that an engine keeps. Once they are added, they prove that nothing was missed
    /// if one of them was received, or is older than the monitor.
    pub(super) fn past(&self) -> Past {
        let proof: HashSet<Fingerprint> = self.known.iter().chain(&self.anchor).copied().collect();
        let proof =
            if proof.is_empty() { self.complete.map_or(Proof::Nothing, Proof::Before) } else { Proof::AnyOf(proof) };
        Past { proof, ..Past::default() }
    }

    /// Records a connection that was made at the time `at` and repeats the events since `since`, to an engine that
    /// keeps the events `past`. Returns the gap, if events may have been missed.
    ///
    /// The `first` connection has no gap.
    pub(super) fn connected(&mut self, past: &Past, since: Timestamp, at: Timestamp, first: bool) -> Option<Gap> {
        let complete = self.complete.unwrap_or(at);
        // The clock was set back to before the start, and no event was received: nothing can prove that none was missed.
        let was_set_back = self.known.is_empty() && is_in_earlier_second(at, complete);
        let is_whole = since <= earliest_time();
        let mut gap = None;
        if !first && (was_set_back || !past.proves_continuity()) {
            let reason = if past.count < MIN_KEPT { GapReason::Forgotten } else { GapReason::Overflow };
            // Earlier events were not requested.
            let floor = if is_whole { earliest_time() } else { since };
            let until = past.oldest.filter(|_| !was_set_back).map_or(at, |oldest| oldest.max(floor));
            gap = Some(Gap { since: complete, until, reason });
        }
        let last = self.known.back().copied().filter(|_| gap.is_none());
        let floor = if is_whole { complete } else { self.start.unwrap_or(complete) };
        let mut counts = Counts::default();
        self.known.iter().for_each(|fingerprint| counts.put(*fingerprint));
        let (second, evicted, end) = (floor.unix_seconds(), self.evicted, at.max(complete).unix_seconds());
        self.replay = Some(Replay { counts, last, second, evicted, end });
        let complete = gap.as_ref().map_or(complete, |gap| gap.until);
        (self.complete, self.checked) = (Some(complete), Some(complete));
        if gap.is_some() {
            self.start = Some(complete);
        }
        self.set_anchor(past);
        gap
    }

    /// Sets the anchor to the last event of `past` after which all events were returned or will be repeated.
    fn set_anchor(&mut self, past: &Past) {
        let is_over = |event: &&Fingerprint| self.complete.is_some_and(|end| is_in_earlier_second(event.time, end));
        let anchor = past.last.iter().rev().find(is_over).or(past.last.front());
        self.anchor = anchor.copied().or(self.anchor);
    }

    /// Records an event. Returns whether it is new: neither a repetition, nor older than the monitor.
    pub(super) fn take(&mut self, event: &Event) -> bool {
        let fingerprint = Fingerprint::of(event);
        if self.replay.as_mut().is_some_and(|replay| replay.is_repetition(fingerprint)) {
            return false;
        }
        // Engines may send an event twice that occurs while they begin to respond. Timestamps in nanoseconds are unique.
        if event.time.unix_nanoseconds() % 1_000_000_000 != 0 && self.known.contains(&fingerprint) {
            return false;
        }
        // Later than the connection: all repeated events were received.
        if self.replay.as_ref().is_some_and(|replay| event.time.unix_seconds() > replay.end) {
            self.replay = None;
        }
        self.remember(fingerprint);
        self.complete = Some(event.time);
        true
    }

    fn remember(&mut self, fingerprint: Fingerprint) {
        if let Some(evicted) = push(&mut self.known, fingerprint) {
            self.evicted = self.evicted.max(Some(evicted.time));
        }
    }

    /// Compares the events that were received with those that match the request and that the engine keeps since the last
    /// check.
    pub(super) fn compare(&mut self, past: &Past) -> Comparison {
        let is_known = |fingerprint: &Fingerprint| self.known.contains(fingerprint);
        let received = past.last.iter().rposition(is_known).map_or(0, |last| last + 1);
        let stalled = received < past.last.len();
        let between = past.last.iter().take(received).skip_while(|fingerprint| !is_known(fingerprint));
        let dropped: Vec<Fingerprint> = between.filter(|fingerprint| !is_known(fingerprint)).copied().collect();
        let gap = dropped.first().zip(dropped.last()).map(|(first, last)| Gap {
            since: first.time,
            until: last.time,
            reason: GapReason::Dropped,
        });
        // Reported once only.
        dropped.into_iter().for_each(|fingerprint| self.remember(fingerprint));
        self.checked = self.complete;
        Comparison { gap, stalled }
    }

    /// Records that no further event matched the request until `now`. The engine keeps the events `past`, of all kinds.
    pub(super) fn nothing_new(&mut self, past: &Past, now: Timestamp) {
        if self.complete.is_some_and(|complete| is_in_earlier_second(complete, now)) {
            (self.complete, self.checked) = (Some(now), Some(now));
            self.set_anchor(past);
        }
    }
}

impl Replay {
    /// Whether an event is a repetition, or older than the monitor. Counts it as repeated.
    fn is_repetition(&mut self, fingerprint: Fingerprint) -> bool {
        if let Some(left) = self.counts.take(fingerprint) {
            self.last = self.last.filter(|last| *last != fingerprint || left > 0);
            return true;
        }
        self.last.is_some()
            && (fingerprint.time.unix_seconds() < self.second
                || self.evicted.is_some_and(|evicted| fingerprint.time <= evicted))
    }
}

/// A time before all events. Engines ignore 0.
pub(super) fn earliest_time() -> Timestamp {
    Timestamp::from_unix_nanoseconds(1_000_000_000)
}

/// Whether `a` is in an earlier second than `b`.
fn is_in_earlier_second(a: Timestamp, b: Timestamp) -> bool {
    a.unix_seconds() < b.unix_seconds()
}

/// The start of the second before that of `time`.
fn previous_second(time: Timestamp) -> Timestamp {
    Timestamp::from_unix_seconds(time.unix_seconds() - 1).unwrap_or_else(|_| earliest_time())
}

/// Appends an item to the last [`MAX_KNOWN`] ones. Returns the evicted item.
fn push<T>(last: &mut VecDeque<T>, item: T) -> Option<T> {
    let oldest = if last.len() == MAX_KNOWN { last.pop_front() } else { None };
    last.push_back(item);
    oldest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::Document as _;

    /// An event with a time in whole seconds.
    fn event(second: i64, id: &str) -> Event {
        let text = format!(r#"{{"status":"die","id":"{id}","from":"busybox","time":{second}}}"#);
        Event::decode(text.as_bytes()).unwrap()
    }

    /// An event with a time in nanoseconds.
    fn precise(nanoseconds: i64, id: &str) -> Event {
        let text = format!(r#"{{"status":"die","id":"{id}","time":1,"timeNano":{nanoseconds}}}"#);
        Event::decode(text.as_bytes()).unwrap()
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_unix_seconds(second).unwrap()
    }

    fn past<'a>(events: impl IntoIterator<Item = &'a Event>) -> Past {
        of(&EventHistory::default(), events)
    }

    fn of<'a>(history: &EventHistory, events: impl IntoIterator<Item = &'a Event>) -> Past {
        let mut past = history.past();
        events.into_iter().for_each(|event| past.add(event));
        past
    }

    /// Connects to an engine that keeps `events`.
    fn connected(history: &mut EventHistory, events: &[Event], now: i64, first: bool) -> Option<Gap> {
        let past = &of(history, events);
        let since = if at(now) < history.since() { history.since_set_back(at(now)) } else { history.since() };
        history.connected(past, since, at(now), first)
    }

    /// A history that began at second 0, connected to an engine that kept `before`, and received `events`.
    fn having_received(before: &[Event], events: &[Event]) -> EventHistory {
        let mut history = EventHistory::default();
        history.begin(at(0));
        assert_eq!(connected(&mut history, before, 0, true), None);
        assert!(events.iter().all(|event| history.take(event)));
        history
    }

    /// The events of `all` that are new.
    fn new<'a>(history: &mut EventHistory, all: &'a [Event]) -> Vec<&'a Event> {
        all.iter().filter(|event| history.take(event)).collect()
    }

    #[test]
    fn event_history_drops_each_repetition_once() {
        let received = [event(1, "a"), event(5, "b"), event(5, "a"), event(5, "b")];
        let mut history = having_received(&[], &received);
        assert_eq!(connected(&mut history, &received, 6, false), None);
        assert!(new(&mut history, &received).is_empty());
        assert!(history.take(&event(5, "b")), "one more than was received");
        assert!(history.take(&event(6, "a")));
    }

    #[test]
    fn event_history_drops_duplicates_with_equal_nanoseconds() {
        let mut history = having_received(&[], &[precise(1_000_000_007, "a"), event(1, "a")]);
        assert!(!history.take(&precise(1_000_000_007, "a")), "sent twice while the engine began to respond");
        assert!(history.take(&precise(1_000_000_007, "b")) && history.take(&precise(1_000_000_008, "a")));
        assert!(history.take(&event(1, "a")), "whole seconds are not unique");
    }

    #[test]
    fn event_history_requests_from_a_second_before_the_last_event() {
        let mut history = EventHistory::default();
        history.begin(at(100));
        connected(&mut history, &[event(40, "old")], 100, true);
        assert_eq!((history.since(), history.proof_since()), (at(100), at(39)), "the old one is the proof");
        assert!(history.take(&event(200, "a")));
        assert_eq!((history.since(), history.proof_since()), (at(199), at(199)));
        history.nothing_new(&past(&[event(200, "a")]), at(300));
        assert_eq!((history.since(), history.proof_since()), (at(299), at(199)));
    }

    #[test]
    fn event_history_drops_events_older_than_the_monitor() {
        // Podman's response may lack all but its oldest events, or those too.
        let log = [event(40, "old"), event(99, "older"), event(100, "first"), event(200, "a"), event(300, "b")];
        for count in [0, 1, 2] {
            let mut history = EventHistory::default();
            history.begin(at(100));
            connected(&mut history, &log[..count], 100, true);
            assert_eq!(new(&mut history, &log[2..4]).len(), 2);
            for _ in 0..2 {
                assert_eq!(connected(&mut history, &log[3..], 400, false), None);
                assert!(new(&mut history, &log[3..4]).is_empty());
            }
            assert_eq!(new(&mut history, &log[4..]), [&event(300, "b")]);
        }
    }

    #[test]
    fn event_history_drops_many_repetitions_of_one_second() {
        let log: Vec<Event> = (0..3 * MAX_KNOWN).map(|number| precise(9_000_000_000 + number as i64, "a")).collect();
        let mut history = having_received(&[], &log);
        assert_eq!(connected(&mut history, &log, 10, false), None);
        assert!(new(&mut history, &log).is_empty());
        assert!(history.take(&precise(9_500_000_000, "b")));
    }

    #[test]
    fn event_history_keeps_late_events_of_the_last_seconds() {
        let mut history = having_received(&[], &[event(4, "a"), event(6, "b")]);
        let all = [event(5, "late"), event(6, "late"), event(6, "b"), event(5, "later"), event(7, "c")];
        assert_eq!(connected(&mut history, &all, 8, false), None);
        assert_eq!(new(&mut history, &all).len(), 4);
    }

    #[test]
    fn event_history_after_the_clock_was_set_back() {
        let received = [event(4, "a"), event(5, "b")];
        let mut history = having_received(&[], &received);
        let all =
            [event(2, "old"), event(4, "a"), event(3, "older"), event(5, "c"), event(5, "b"), event(2, "set back")];
        assert_eq!(connected(&mut history, &all, 3, false), None);
        assert_eq!(new(&mut history, &all), [&event(5, "c"), &event(2, "set back")], "c is late");
    }

    #[test]
    fn event_history_repetition_ends_with_a_later_event() {
        let received = [event(5, "a")];
        let mut history = having_received(&[], &received);
        connected(&mut history, &received, 6, false);
        assert!(history.take(&event(7, "b")));
        assert!(history.replay.is_none());
        assert!(history.take(&event(5, "a")), "no longer expected");
    }

    #[test]
    fn event_gap_is_ruled_out_by_a_known_event() {
        let received = [event(400, "a"), event(500, "b")];
        for (all, now) in [
            (vec![event(500, "b"), event(600, "c")], 700),
            (vec![event(400, "a")], 700),
            (vec![event(500, "b"), event(7, "c")], 8),
        ] {
            let mut history = having_received(&[], &received);
            assert_eq!(connected(&mut history, &all, now, false), None, "{all:?}");
        }
    }

    #[test]
    fn event_gap_if_no_known_event_is_kept() {
        let gap = |all: &[Event]| connected(&mut having_received(&[], &[event(5, "a")]), all, 7, false).unwrap();
        let forgotten = gap(&[event(5, "b")]);
        assert_eq!((forgotten.since, forgotten.until, forgotten.reason), (at(5), at(5), GapReason::Forgotten));
        assert_eq!((gap(&[]).until, gap(&[]).reason), (at(7), GapReason::Forgotten));
        let restarted = gap(&[event(3, "b")]);
        assert_eq!((restarted.since, restarted.until), (at(5), at(4)), "earlier events were not requested");
        let restarted = connected(&mut having_received(&[], &[event(50, "a")]), &[event(3, "b")], 7, false).unwrap();
        assert_eq!((restarted.since, restarted.until), (at(50), at(3)), "its clock was set back");
        let many: Vec<Event> = (6..100).map(|second| event(second, "b")).collect();
        assert_eq!((gap(&many).until, gap(&many).reason), (at(6), GapReason::Overflow));
    }

    #[test]
    fn event_gap_is_followed_by_the_events_that_are_kept() {
        let mut history = having_received(&[], &[event(50, "a")]);
        let all = [event(3, "b"), event(4, "c")];
        assert!(connected(&mut history, &all, 7, false).is_some());
        assert_eq!(new(&mut history, &all).len(), 2);
        assert_eq!(connected(&mut history, &all, 8, false), None, "and known from then on");
        assert!(new(&mut history, &all).is_empty());
    }

    #[test]
    fn event_gap_is_ruled_out_by_earlier_events() {
        let before = [event(-2, "x"), event(-1, "y")];
        let history = || having_received(&before, &[]);
        assert_eq!(history().since(), at(0));
        assert_eq!(connected(&mut history(), &before[1..], 5, false), None);
        assert!(connected(&mut history(), &before[..1], 5, false).is_some(), "y was the last event");
        assert!(connected(&mut history(), &[event(-7, "of another engine")], 5, false).is_some());
        let mut set_back = history();
        let gap = connected(&mut set_back, &before, -1, false).unwrap();
        assert_eq!((gap.since, gap.until), (at(0), at(-1)), "the clock was set back to before the start");
        assert_eq!(set_back.since(), at(-1));
    }

    #[test]
    fn event_gap_if_since_is_earlier_than_the_kept_events() {
        let connected = |all: &[Event]| {
            let mut history = EventHistory::default();
            history.begin(at(5));
            connected(&mut history, all, 9, false)
        };
        assert_eq!(connected(&[event(4, "a"), event(6, "b")]), None);
        assert_eq!(connected(&[event(6, "b")]).unwrap().until, at(6));
        assert_eq!(connected(&[]).unwrap().until, at(9));
    }

    #[test]
    fn event_gap_of_dropped_events_is_reported_once() {
        let mut history = having_received(&[], &[event(1, "a"), event(9, "d")]);
        let all = [event(-1, "older"), event(1, "a"), event(2, "b"), event(3, "c"), event(9, "d")];
        let gap = Gap { since: at(2), until: at(3), reason: GapReason::Dropped };
        assert_eq!(history.compare(&past(&all)), Comparison { gap: Some(gap), stalled: false });
        assert_eq!(history.unchecked_since(at(10)), at(9));
        assert_eq!(history.compare(&past(&all)), Comparison::default(), "reported before");
        let stalled = Comparison { gap: None, stalled: true };
        assert_eq!(history.compare(&past(&[event(9, "d"), event(9, "e")])), stalled);
        assert_eq!(history.compare(&past(&[event(9, "d"), event(10, "e")]).until(at(9))), Comparison::default());
        assert_eq!(history.unchecked_since(at(8)), earliest_time(), "the clock was set back");
    }

    #[test]
    fn event_anchor_moves_while_no_events_match() {
        let mut history = having_received(&[], &[event(1, "a")]);
        history.nothing_new(&past(&[event(1, "a"), event(50, "filtered out")]), at(60));
        let all = [event(50, "filtered out"), event(70, "b")];
        assert_eq!(connected(&mut history, &all, 80, false), None);
        let gap = connected(&mut history, &[event(70, "b")], 80, false).unwrap();
        assert_eq!((gap.since, gap.until), (at(60), at(70)));
    }

    #[test]
    fn event_history_is_bounded() {
        let events: Vec<Event> = (1..=5000).map(|second| event(second, "a")).collect();
        let mut history = EventHistory::default();
        events.iter().for_each(|event| assert!(history.take(event)));
        let past = past(&events);
        assert_eq!((history.known.len(), past.last.len(), past.count), (MAX_KNOWN, MAX_KNOWN, 5000));
    }
}
