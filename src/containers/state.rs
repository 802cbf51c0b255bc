//! The state of a container, in words.

use std::time::Duration;

use crate::{Timestamp, models::ContainerState};

/// How far Go's durations reach; a container said to run since the year 1 is up that long.
const LONGEST: Duration = Duration::from_nanos(i64::MAX as u64);

impl ContainerState {
    /// The state in one word: `running`, `paused`, `restarting`, `dead` or `exited`.
    ///
    /// A container that was never started counts as exited.
    #[doc(alias = "StateString")]
    #[must_use]
    pub fn word(&self) -> &'static str {
        match () {
            () if self.running && self.paused => "paused",
            () if self.running && self.restarting => "restarting",
            () if self.running => "running",
            () if self.dead => "dead",
            () => "exited",
        }
    }

    /// The state at the moment `now` as `docker ps` words it: `Up 5 minutes`, `Exited (0) 2 days ago`.
    ///
    /// Empty for a container that was never started.
    #[doc(alias = "String")]
    #[must_use]
    pub fn describe(&self, now: Timestamp) -> String {
        let since = |time: Option<Timestamp>| duration_in_words(time.map_or(LONGEST, |time| now.duration_since(time)));
        let ended = || format!("({}) {} ago", self.exit_code, since(self.finished()));
        match () {
            () if self.running && self.paused => format!("Up {} (Paused)", since(self.started())),
            () if self.running && self.restarting => format!("Restarting {}", ended()),
            () if self.running => format!("Up {}", since(self.started())),
            () if self.dead => "Dead".to_owned(),
            () if self.finished().is_none() => String::new(),
            () => format!("Exited {}", ended()),
        }
    }

    /// When it was last started, if ever.
    #[must_use]
    pub fn started(&self) -> Option<Timestamp> {
        moment(&self.started_at)
    }

    /// When it last ended, if ever.
    #[must_use]
    pub fn finished(&self) -> Option<Timestamp> {
        moment(&self.finished_at)
    }
}

/// Engines write the year 1 for never.
fn moment(text: &str) -> Option<Timestamp> {
    text.parse().ok().filter(|_| !text.starts_with("0001-01-01T00:00:00"))
}

/// A duration for people, cut off and not rounded.
fn duration_in_words(duration: Duration) -> String {
    let seconds = duration.min(LONGEST).as_secs();
    let (minutes, hours) = (seconds / 60, seconds / 3600);
    match () {
        () if seconds < 1 => "Less than a second".to_owned(),
        () if seconds < 60 => format!("{seconds} seconds"),
        () if minutes == 1 => "About a minute".to_owned(),
        () if minutes < 60 => format!("{minutes} minutes"),
        () if hours == 1 => "About an hour".to_owned(),
        () if hours < 48 => format!("{hours} hours"),
        () if hours < 24 * 7 * 2 => format!("{} days", hours / 24),
        () if hours < 24 * 30 * 3 => format!("{} weeks", hours / 24 / 7),
        () if hours < 24 * 365 * 2 => format!("{} months", hours / 24 / 30),
        () => format!("{} years", hours / 24 / 365),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: u64 = 60;
    const HOUR: u64 = 60 * MINUTE;
    const DAY: u64 = 24 * HOUR;
    const MONTH: u64 = 30 * DAY;

    /// A container that was started and has ended the given number of seconds ago.
    fn state(running: bool, seconds: u64) -> (ContainerState, Timestamp) {
        let now = Timestamp::from_unix_seconds(1_795_470_173).unwrap();
        let then = Timestamp::from_unix_seconds(1_795_470_173 - i64::try_from(seconds).unwrap()).unwrap();
        let times =
            ContainerState { started_at: then.to_string(), finished_at: then.to_string(), ..Default::default() };
        (ContainerState { running, ..times }, now)
    }

    #[track_caller]
    fn check(state: &ContainerState, now: Timestamp, description: &str, word: &str) {
        assert_eq!((&*state.describe(now), state.word()), (description, word));
    }

    #[test]
    fn a_container_that_was_never_started_has_exited_without_a_word() {
        let (_, now) = state(false, 0);
        check(&ContainerState::default(), now, "", "exited");
        let never = "0001-01-01T00:00:00Z".to_owned();
        check(&ContainerState { finished_at: never, ..Default::default() }, now, "", "exited");
    }

    #[test]
    fn a_running_container_is_up() {
        let (running, now) = state(true, 5 * MINUTE);
        check(&running, now, "Up 5 minutes", "running");
        check(&ContainerState { dead: true, ..running }, now, "Up 5 minutes", "running");
    }

    #[test]
    fn paused_beats_restarting() {
        let (running, now) = state(true, 90);
        let both = ContainerState { paused: true, restarting: true, ..running };
        check(&both, now, "Up About a minute (Paused)", "paused");
    }

    #[test]
    fn a_restarting_container_tells_how_it_ended() {
        let (running, now) = state(true, 2);
        let restarting = ContainerState { restarting: true, exit_code: 3, ..running };
        check(&restarting, now, "Restarting (3) 2 seconds ago", "restarting");
    }

    #[test]
    fn what_does_not_run_is_neither_paused_nor_restarting() {
        let (exited, now) = state(false, 3 * HOUR);
        let exited = ContainerState { exit_code: 137, paused: true, restarting: true, ..exited };
        check(&exited, now, "Exited (137) 3 hours ago", "exited");
    }

    #[test]
    fn a_killed_container_of_an_old_engine_exits_with_minus_one() {
        let (exited, now) = state(false, 49 * HOUR);
        check(&ContainerState { exit_code: -1, ..exited }, now, "Exited (-1) 2 days ago", "exited");
    }

    #[test]
    fn dead_beats_exited() {
        let (exited, now) = state(false, 60);
        check(&ContainerState { dead: true, ..exited }, now, "Dead", "dead");
    }

    #[test]
    fn clocks_that_disagree_do_not_run_backwards() {
        let (running, now) = state(true, 0);
        let later = ContainerState { started_at: "2026-11-24T00:00:00Z".into(), ..running };
        check(&later, now, "Up Less than a second", "running");
    }

    #[test]
    fn running_since_never_is_as_long_as_go_can_count() {
        let (_, now) = state(true, 0);
        check(&ContainerState { running: true, ..Default::default() }, now, "Up 292 years", "running");
    }

    #[test]
    fn durations_are_worded_as_the_engine_words_them() {
        for (seconds, words) in [
            (0, "Less than a second"),
            (1, "1 seconds"),
            (47, "47 seconds"),
            (MINUTE, "About a minute"),
            (3 * MINUTE, "3 minutes"),
            (35 * MINUTE, "35 minutes"),
            (35 * MINUTE + 40, "35 minutes"),
            (HOUR, "About an hour"),
            (HOUR + 45 * MINUTE, "About an hour"),
            (3 * HOUR, "3 hours"),
            (3 * HOUR + 59 * MINUTE, "3 hours"),
            (DAY, "24 hours"),
            (DAY + 12 * HOUR, "36 hours"),
            (2 * DAY, "2 days"),
            (7 * DAY, "7 days"),
            (13 * DAY + 5 * HOUR, "13 days"),
            (14 * DAY, "2 weeks"),
            (18 * DAY, "2 weeks"),
            (MONTH, "4 weeks"),
            (MONTH + 14 * DAY, "6 weeks"),
            (2 * MONTH, "8 weeks"),
            (3 * MONTH + 7 * DAY, "3 months"),
            (13 * MONTH, "13 months"),
            (23 * MONTH, "23 months"),
            (24 * MONTH, "24 months"),
            (24 * MONTH + 14 * DAY, "2 years"),
            (3 * 365 * DAY + 2 * MONTH, "3 years"),
        ] {
            assert_eq!(duration_in_words(Duration::from_secs(seconds)), words);
        }
        assert_eq!(duration_in_words(Duration::from_millis(450)), "Less than a second");
    }
}
