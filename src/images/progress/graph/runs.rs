//! The times in which a step ran.

use std::time::Duration;

use crate::Timestamp;

/// Maximum number of runs that are kept.
const MAX_RUNS: usize = 128;

/// The runs of a step. BuildKit reports a step again, with a new start, if it runs again; the runs of a group of steps may
/// overlap.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Runs {
    reported: Vec<Run>,
    /// The runs, sorted and without overlaps.
    merged: Vec<Run>,
    /// Duration of the runs that are no longer kept.
    earlier: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) started: Timestamp,
    /// `None` while it runs. Not earlier than the start.
    pub(super) completed: Option<Timestamp>,
}

impl Runs {
    /// Adds a run, or updates the one with the same start. Returns whether this is new.
    pub(super) fn report(&mut self, started: Option<Timestamp>, completed: Option<Timestamp>) -> bool {
        let running = self.latest().filter(|run| run.completed.is_none()).map(|run| run.started);
        let Some(started) = started.or(completed.and(running)).or(completed) else { return false };
        let run = Run { started, completed: completed.map(|completed| completed.max(started)) };
        match self.reported.iter_mut().find(|known| known.started == started) {
            Some(known) if *known == run => return false,
            Some(known) => *known = run,
            None => {
                if self.reported.len() >= MAX_RUNS {
                    self.shorten();
                }
                self.reported.push(run);
            }
        }
        self.merged = merge(self.reported.clone());
        true
    }

    /// Ends the runs that had not ended when the next one of the same vertex started. BuildKit omits the end of a run if the
    /// next one starts before the end is sent.
    pub(super) fn end_before(&mut self, next: Timestamp) {
        let ended = |run: &&mut Run| run.completed.is_none() && run.started < next;
        self.reported.iter_mut().filter(ended).for_each(|run| run.completed = Some(next));
        self.merged = merge(self.reported.clone());
    }

    /// Joins overlapping runs, and removes the first one if that is not sufficient.
    fn shorten(&mut self) {
        self.reported.clone_from(&self.merged);
        if self.reported.len() >= MAX_RUNS {
            self.earlier = self.earlier.saturating_add(self.reported.remove(0).duration(None));
        }
    }

    /// Returns the last run.
    pub(super) fn latest(&self) -> Option<Run> {
        self.merged.last().copied()
    }

    /// Returns the duration of all runs; of one that has not ended, until `now`.
    pub(super) fn duration(&self, now: Option<Timestamp>) -> Duration {
        self.merged.iter().map(|run| run.duration(now)).fold(self.earlier, Duration::saturating_add)
    }

    /// Returns the size in memory.
    pub(super) fn size(&self) -> usize {
        (self.reported.len() + self.merged.len()) * size_of::<Run>()
    }
}

impl Run {
    fn duration(self, now: Option<Timestamp>) -> Duration {
        self.completed.or(now).map_or(Duration::ZERO, |end| end.duration_since(self.started))
    }
}

/// Sorts the runs, and joins those that overlap. One that has not ended includes all that start later.
fn merge(mut runs: Vec<Run>) -> Vec<Run> {
    runs.sort_by_key(|run| run.started);
    let mut merged: Vec<Run> = Vec::new();
    for run in runs {
        match merged.last_mut() {
            Some(last) if last.completed.is_none_or(|end| end >= run.started) => {
                last.completed = last.completed.zip(run.completed).map(|(one, other)| one.max(other));
            }
            _ => merged.push(run),
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Option<Timestamp> {
        Some(Timestamp::UNIX_EPOCH + Duration::from_secs(seconds))
    }

    fn runs(reports: &[(Option<Timestamp>, Option<Timestamp>)]) -> Runs {
        let mut runs = Runs::default();
        for (started, completed) in reports {
            runs.report(*started, *completed);
        }
        runs
    }

    #[test]
    fn runs_of_a_restarted_step_are_added() {
        let restarted = runs(&[(at(1), None), (at(1), at(3)), (at(10), None)]);
        assert_eq!(restarted.duration(None), Duration::from_secs(2));
        assert_eq!(restarted.duration(at(15)), Duration::from_secs(7));
        assert_eq!(restarted.latest().unwrap(), Run { started: at(10).unwrap(), completed: None });
        let ended = runs(&[(at(10), at(14)), (at(1), at(3))]);
        assert_eq!((ended.duration(at(99)), ended.latest().unwrap().completed), (Duration::from_secs(6), at(14)));
    }

    #[test]
    fn run_whose_end_was_not_reported_ends_when_the_next_starts() {
        let mut runs = runs(&[(at(1), None)]);
        runs.end_before(Timestamp::UNIX_EPOCH + Duration::from_secs(4));
        runs.report(at(4), at(6));
        assert_eq!((runs.duration(at(50)), runs.latest().unwrap().completed), (Duration::from_secs(5), at(6)));
        runs.report(at(8), None);
        runs.end_before(Timestamp::UNIX_EPOCH + Duration::from_secs(8));
        assert_eq!((runs.duration(at(9)), runs.latest().unwrap().completed), (Duration::from_secs(6), None));
    }

    #[test]
    fn runs_that_overlap_are_counted_once() {
        for (reports, seconds) in [
            (vec![(at(1), at(5)), (at(3), at(8))], 7),
            (vec![(at(1), at(9)), (at(3), at(4))], 8),
            (vec![(at(1), at(3)), (at(3), at(4))], 3),
            (vec![(at(1), None), (at(3), at(4)), (at(30), at(40))], 49),
        ] {
            assert_eq!(runs(&reports).duration(at(50)), Duration::from_secs(seconds), "{reports:?}");
        }
    }

    #[test]
    fn runs_with_inconsistent_times_have_no_negative_duration() {
        let reversed = runs(&[(at(5), at(2))]);
        assert_eq!((reversed.duration(at(9)), reversed.latest().unwrap().completed), (Duration::ZERO, at(5)));
        assert_eq!(runs(&[(None, None)]).latest(), None);
        let without_start = runs(&[(None, at(4))]);
        assert_eq!(without_start.latest(), Some(Run { started: at(4).unwrap(), completed: at(4) }));
        assert_eq!(runs(&[(at(1), None), (None, at(4))]).duration(None), Duration::from_secs(3));
        assert_eq!(runs(&[(at(5), None)]).duration(at(2)), Duration::ZERO);
    }

    #[test]
    fn runs_are_bounded_in_number() {
        let mut many = Runs::default();
        for run in 0..1000 {
            assert!(many.report(at(2 * run), at(2 * run + 1)));
        }
        assert!(many.reported.len() <= MAX_RUNS);
        assert_eq!(many.duration(None), Duration::from_secs(1000));
    }
}
