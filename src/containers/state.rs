//! Formats the state of a container as text, as `docker ps` does.

use std::time::Duration;

use crate::{Timestamp, models::ContainerState};

/// Maximum of Go's durations; the engine's uptime of a container without a start time.
const MAX_DURATION: Duration = Duration::from_nanos(i64::MAX as u64);

impl ContainerState {
    /// Returns the state as one word: `running`, `paused`, `restarting`, `dead` or `exited`.
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

    /// Returns the state at the time `now` as text, as `docker ps` does: `Up 5 minutes`, `Exited (0) 2 days ago`.
    ///
    /// Empty for a container that was never started.
    #[doc(alias = "String")]
    #[must_use]
    pub fn describe(&self, now: Timestamp) -> String {
        let since = |time: Option<Timestamp>| humanize(time.map_or(MAX_DURATION, |time| now.duration_since(time)));
        let ended = || format!("({}) {} ago", self.exit_code, since(self.finished_at));
        match () {
            () if self.running && self.paused => format!("Up {} (Paused)", since(self.started_at)),
            () if self.running && self.restarting => format!("Restarting {}", ended()),
            () if self.running => format!("Up {}", since(self.started_at)),
            () if self.dead => "Dead".to_owned(),
            () if self.finished_at.is_none() => String::new(),
            () => format!("Exited {}", ended()),
        }
    }
}

/// Formats a duration as readable text, rounded down.
fn humanize(duration: Duration) -> String {
    let seconds = duration.min(MAX_DURATION).as_secs();
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
        let times = ContainerState { started_at: Some(then), finished_at: Some(then), ..Default::default() };
        (ContainerState { running, ..times }, now)
    }

    #[track_caller]
    fn check(state: &ContainerState, now: Timestamp, description: &str, word: &str) {
        assert_eq!((&*state.describe(now), state.word()), (description, word));
    }

    #[test]
    fn state_of_a_container_that_was_never_started() {
        let (_, now) = state(false, 0);
        check(&ContainerState::default(), now, "", "exited");
    }

    #[test]
    fn state_running() {
        let (running, now) = state(true, 5 * MINUTE);
        check(&running, now, "Up 5 minutes", "running");
        check(&ContainerState { dead: true, ..running }, now, "Up 5 minutes", "running");
    }

    #[test]
    fn state_paused_takes_precedence_over_restarting() {
        let (running, now) = state(true, 90);
        let both = ContainerState { paused: true, restarting: true, ..running };
        check(&both, now, "Up About a minute (Paused)", "paused");
    }

    #[test]
    fn state_restarting_includes_the_exit_code() {
        let (running, now) = state(true, 2);
        let restarting = ContainerState { restarting: true, exit_code: 3, ..running };
        check(&restarting, now, "Restarting (3) 2 seconds ago", "restarting");
    }

    #[test]
    fn state_exited_takes_precedence_over_paused_and_restarting() {
        let (exited, now) = state(false, 3 * HOUR);
        let exited = ContainerState { exit_code: 137, paused: true, restarting: true, ..exited };
        check(&exited, now, "Exited (137) 3 hours ago", "exited");
    }

    #[test]
    fn state_exited_with_exit_code_minus_one() {
        let (exited, now) = state(false, 49 * HOUR);
        check(&ContainerState { exit_code: -1, ..exited }, now, "Exited (-1) 2 days ago", "exited");
    }

    #[test]
    fn state_dead_takes_precedence_over_exited() {
        let (exited, now) = state(false, 60);
        check(&ContainerState { dead: true, ..exited }, now, "Dead", "dead");
    }

    #[test]
    fn state_with_a_start_time_in_the_future() {
        let (running, now) = state(true, 0);
        let later = ContainerState { started_at: "2026-11-24T00:00:00Z".parse().ok(), ..running };
        check(&later, now, "Up Less than a second", "running");
    }

    #[test]
    fn state_running_without_a_start_time() {
        let (_, now) = state(true, 0);
        check(&ContainerState { running: true, ..Default::default() }, now, "Up 292 years", "running");
    }

    #[test]
    fn state_durations_are_formatted_as_by_the_engine() {
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
            assert_eq!(humanize(Duration::from_secs(seconds)), words);
        }
        assert_eq!(humanize(Duration::from_millis(450)), "Less than a second");
    }
}
