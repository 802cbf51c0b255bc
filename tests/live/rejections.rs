//! Statuses of rejected requests, where engines differ.

use dockerclient::Error;

use crate::engine::Engine;

/// A request that every engine rejects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rejected {
    /// Changed files of a container that does not exist.
    ChangesOfMissingContainer,
    /// A command in a container that does not run, or processes of one.
    ContainerNotRunning,
    /// A container name with a space.
    InvalidName,
    /// A command without arguments.
    EmptyCommand,
    /// A signal that does not exist.
    InvalidSignal,
    /// An image ID with two names, to remove it.
    IdWithTwoNames,
    /// A start of a container whose program does not exist.
    MissingProgram,
    /// Pausing a container that does not run or is paused.
    PauseNotRunning,
    /// Removing a container that runs, without force.
    RemoveRunning,
    /// Resizing the TTY of a container that does not run.
    ResizeNotRunning,
    /// A name that another container has.
    TakenName,
    /// A name that another network has.
    TakenNetworkName,
    /// A filter that does not exist.
    UnknownFilter,
}

use Rejected::*;

/// The engines that differ. The old releases were built from source for these statuses; `cargo xtask test` runs the others.
const ENGINES: [&str; 6] = ["Docker 1.3", "Docker 1.4", "Docker 1.5", "Docker 1.6", "Docker", "Podman"];

/// The status of each engine; 200 if it accepts the request.
const STATUSES: [(Rejected, [u16; ENGINES.len()]); 13] = [
    (ChangesOfMissingContainer, [404, 404, 404, 404, 404, 500]),
    (ContainerNotRunning, [500, 500, 500, 500, 409, 500]),
    (EmptyCommand, [500, 500, 500, 500, 400, 500]),
    (IdWithTwoNames, [200, 200, 200, 200, 409, 500]),
    (InvalidName, [500, 500, 500, 500, 400, 500]),
    (InvalidSignal, [500, 500, 500, 500, 400, 500]),
    (MissingProgram, [500, 404, 404, 404, 400, 500]),
    (PauseNotRunning, [500, 500, 500, 500, 409, 500]),
    (RemoveRunning, [500, 500, 409, 409, 409, 500]),
    (ResizeNotRunning, [500, 500, 500, 500, 409, 409]),
    (TakenName, [409, 409, 409, 409, 409, 500]),
    (TakenNetworkName, [404, 404, 404, 404, 409, 500]),
    (UnknownFilter, [200, 200, 500, 500, 400, 500]),
];

impl Engine {
    /// Checks the status of a rejected request.
    #[track_caller]
    pub(crate) fn assert_rejected<T: std::fmt::Debug>(
        &self,
        what: Rejected,
        outcome: Result<T, Error>,
    ) -> impl Future<Output = ()> {
        let caller = std::panic::Location::caller();
        async move {
            let family = self.family().await;
            let column = ENGINES.iter().position(|engine| *engine == family).unwrap();
            let row = STATUSES.iter().find(|(row, _)| *row == what).unwrap();
            let status = outcome.as_ref().map_or_else(Error::status, |_| Some(200));
            assert_eq!(status, Some(row.1[column]), "{what:?} on {family}, at {caller}: {outcome:?}");
            if let Err(error) = outcome {
                let kinds = (error.is_bad_request(), error.is_not_found(), error.is_conflict());
                assert_eq!(kinds, (status == Some(400), status == Some(404), status == Some(409)), "{error}");
            }
        }
    }

    /// The name in [`ENGINES`].
    async fn family(&self) -> &'static str {
        let version = self.version().await.unwrap();
        if version.components.iter().any(|component| component.name == "Podman Engine") {
            return "Podman";
        }
        let is_release = |name: &&&str| {
            let release = name.strip_prefix("Docker ").unwrap_or_default();
            !release.is_empty() && version.version.starts_with(&format!("{release}."))
        };
        ENGINES.iter().find(is_release).copied().unwrap_or("Docker")
    }
}
