//! Names of containers.

use super::{
    State,
    container::Container,
    swarm::{Object as _, Swarm},
};
use crate::api_error::{ApiError, Result};

const ADJECTIVES: [&str; 8] = ["brave", "calm", "eager", "gentle", "jolly", "keen", "quiet", "witty"];
const SURNAMES: [&str; 8] = ["curie", "euler", "hopper", "knuth", "lovelace", "noether", "turing", "wozniak"];

impl State {
    /// A generated name that no container or service has.
    pub(crate) fn generated_name(&self) -> String {
        let of_service = |swarm: &Swarm, name: &str| swarm.services.iter().any(|service| service.name() == name);
        let taken = |name: &String| {
            self.containers.iter().any(|container| container.name == *name)
                || self.swarm.as_ref().is_some_and(|swarm| of_service(swarm, name))
        };
        let numbered = (0_usize..).map(|number| match number {
            0..64 => format!("{}_{}", ADJECTIVES[number / 8], SURNAMES[number % 8]),
            _ => format!("{}_{}{number}", ADJECTIVES[number / 8 % 8], SURNAMES[number % 8]),
        });
        let mut free = numbered.filter(|name| !taken(name));
        free.next().expect("the numbers are unlimited")
    }

    /// Returns an error if `name` is not a valid container name or already in use.
    pub(crate) fn check_name(&self, name: &str) -> Result<()> {
        let letters = name.strip_prefix('/').unwrap_or(name);
        let fine = letters.starts_with(|c: char| c.is_ascii_alphanumeric())
            && letters.len() > 1
            && letters.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c));
        if !fine {
            let message = format!("Invalid container name ({name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed");
            return Err(self.release.error(400, 500, message));
        }
        match self.containers.iter().find(|container| container.name == letters) {
            Some(other) => Err(ApiError::conflict(format!(
                "Conflict. The container name \"/{letters}\" is already in use by container \"{}\". You have to remove \
                 (or rename) that container to be able to reuse that name.",
                other.id
            ))),
            None => Ok(()),
        }
    }

    /// The container with this name, id or unique id prefix.
    pub(crate) fn container(&self, name: &str) -> Result<&Container> {
        self.container_index(name).map(|index| &self.containers[index])
    }

    pub(crate) fn container_mut(&mut self, name: &str) -> Result<&mut Container> {
        self.container_index(name).map(|index| &mut self.containers[index])
    }

    fn container_index(&self, name: &str) -> Result<usize> {
        let bare = name.strip_prefix('/').unwrap_or(name);
        let by = |fits: &dyn Fn(&Container) -> bool| self.containers.iter().position(fits);
        if let Some(index) = by(&|container| container.id == bare).or_else(|| by(&|container| container.name == bare)) {
            return Ok(index);
        }
        let begins = |container: &Container| !bare.is_empty() && container.id.starts_with(bare);
        if self.containers.iter().filter(|container| begins(container)).count() > 1 {
            let message = format!("Multiple IDs found with provided prefix: {bare}");
            return Err(self.release.error(400, 404, message));
        }
        by(&begins).ok_or_else(|| ApiError::not_found(self.release.no_such_container(name)))
    }
}
