//! Listing the records of builds.

use std::collections::BTreeMap;

use bollard_buildkit_proto::moby::buildkit::v1 as proto;

use super::{BuildHistory, BuildHistoryEvent, BuildRecord, LISTEN};
use crate::{
    Result,
    buildkit::control::{Control, within_response_timeout},
    request::{Settings, request},
};

const OPERATION: &str = "build_history_list";

impl BuildHistory {
    /// Returns the records of running and completed builds, as `docker buildx history ls` does. The last build is the first
    /// in the list.
    ///
    /// Calls `moby.buildkit.v1.Control/ListenBuildHistory` over `POST /grpc`, since API 1.43. Docker 24.0 does not list
    /// running builds.
    ///
    /// # Errors
    ///
    /// Fails if the API version is older than 1.43, or if the engine has no BuildKit (404).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// if let [last, ..] = &*docker.build_history().list().limit(1).await? {
    ///     println!("{} {:?}", last.reference, last.error);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "ls")]
    #[doc(alias = "ListenBuildHistory")]
    pub fn list(&self) -> ListBuildHistory {
        ListBuildHistory { history: self.clone(), running: false, limit: None, settings: Settings::default() }
    }
}

/// A request to list the records of builds. Returned by [`BuildHistory::list`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct ListBuildHistory {
    history: BuildHistory,
    running: bool,
    limit: Option<usize>,
    settings: Settings,
}

request!(ListBuildHistory => Vec<BuildRecord>, "build_history_list");

impl ListBuildHistory {
    /// Includes only builds that are running. Defaults to `false`.
    pub fn running(mut self, running: bool) -> Self {
        self.running = running;
        self
    }

    /// Includes only the last `limit` builds. Defaults to all.
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = Some(limit);
        self
    }

    async fn call(self) -> Result<Vec<BuildRecord>> {
        let listed = async {
            let docker = &self.history.docker;
            let mut control = self.history.open(&self.settings).await?;
            let records = list(&mut control, self.running, self.limit, docker.limits().max_response_size);
            within_response_timeout(docker, &self.settings, records).await
        };
        listed.await.map_err(|error| error.during(OPERATION))
    }
}

async fn list(control: &mut Control, running: bool, limit: Option<usize>, size: usize) -> Result<Vec<BuildRecord>> {
    let message = proto::BuildHistoryRequest {
        active_only: running,
        early_exit: true,
        // Older engines ignore it.
        limit: limit.map_or(0, |limit| limit.try_into().unwrap_or(i32::MAX)),
        ..Default::default()
    };
    let events: Vec<proto::BuildHistoryEvent> = control.list(LISTEN, message, size).await?;
    let mut records = records(events);
    records.truncate(limit.unwrap_or(usize::MAX));
    Ok(records)
}

/// Returns the records. A build that ends while it is listed is reported twice.
fn records(events: Vec<proto::BuildHistoryEvent>) -> Vec<BuildRecord> {
    let mut records = BTreeMap::new();
    for event in events.into_iter().filter_map(BuildHistoryEvent::new) {
        match event {
            BuildHistoryEvent::Started(record) | BuildHistoryEvent::Completed(record) => {
                _ = records.insert(record.reference.clone(), record);
            }
            BuildHistoryEvent::Removed(reference) => _ = records.remove(&reference),
        }
    }
    let mut records: Vec<BuildRecord> = records.into_values().collect();
    records.sort_by_key(|record| std::cmp::Reverse(record.created));
    records
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use prost::Message as _;
    use proto::BuildHistoryEventType as Type;

    use super::*;
    use crate::buildkit::{
        control::fake,
        history::watch::tests::{event, event_of},
    };

    #[tokio::test]
    async fn build_history_list_is_sorted_and_limited() {
        let respond = |path: &str, message: Bytes| {
            assert_eq!(path, LISTEN);
            let request = proto::BuildHistoryRequest::decode(message).unwrap();
            assert!(request.early_exit);
            let running = event(Type::Started, "running", 9);
            let ended = [event(Type::Complete, "first", 1), event(Type::Complete, "last", 3)];
            let ended = ended.into_iter().filter(|_| !request.active_only);
            let events = [running].into_iter().chain(ended).map(|event| fake::message(&event));
            fake::response(events.chain([fake::status("0", "")]))
        };
        let mut control = fake::connect(respond).await;
        for (running, limit, expected) in [
            (false, None, &["running", "last", "first"][..]),
            (false, Some(2), &["running", "last"]),
            (false, Some(0), &[]),
            (true, Some(usize::MAX), &["running"]),
        ] {
            let records = list(&mut control, running, limit, 1 << 20).await.unwrap();
            assert_eq!(records.iter().map(|record| &*record.reference).collect::<Vec<_>>(), expected);
        }
    }

    #[test]
    fn build_history_list_has_one_record_per_build() {
        let events = vec![
            event(Type::Started, "a", 1),
            event(Type::Started, "b", 2),
            event(Type::Complete, "a", 1),
            event(Type::Deleted, "b", 0),
            event_of(9, None),
            event_of(Type::Complete.into(), None),
        ];
        let records = records(events);
        assert_eq!(records.len(), 1);
        assert!(records[0].reference == "a" && records[0].completed.is_some(), "{records:?}");
    }
}
