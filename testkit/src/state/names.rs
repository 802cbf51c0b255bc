//! Names: what may be one, and whom one means.

use super::{World, container::Container};
use crate::refusal::{Refusal, Result};

const QUALITIES: [&str; 8] = ["brave", "calm", "eager", "gentle", "jolly", "keen", "quiet", "witty"];
const PEOPLE: [&str; 8] = ["curie", "euler", "hopper", "knuth", "lovelace", "noether", "turing", "wozniak"];

impl World {
    /// A name that no container has.
    pub(super) fn made_up_name(&self) -> String {
        let taken = |name: &String| self.containers.iter().any(|container| container.name == *name);
        let numbered = (0_usize..).map(|number| match number {
            0..64 => format!("{}_{}", QUALITIES[number / 8], PEOPLE[number % 8]),
            _ => format!("{}_{}{number}", QUALITIES[number / 8 % 8], PEOPLE[number % 8]),
        });
        let mut free = numbered.filter(|name| !taken(name));
        free.next().expect("there is always another number")
    }

    /// Fails unless `name` may be that of a container, and none has it yet.
    pub(crate) fn check_name(&self, name: &str) -> Result<()> {
        let letters = name.strip_prefix('/').unwrap_or(name);
        let fine = letters.starts_with(|c: char| c.is_ascii_alphanumeric())
            && letters.len() > 1
            && letters.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c));
        if !fine {
            let message = format!("Invalid container name ({name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed");
            return Err(self.age.refusal(400, 500, message));
        }
        match self.containers.iter().find(|container| container.name == letters) {
            Some(other) => Err(Refusal::conflict(format!(
                "Conflict. The container name \"/{letters}\" is already in use by container \"{}\". You have to remove \
                 (or rename) that container to be able to reuse that name.",
                other.id
            ))),
            None => Ok(()),
        }
    }

    /// The container that is called so, or whose id begins so.
    pub(crate) fn container(&self, name: &str) -> Result<&Container> {
        self.place_of(name).map(|place| &self.containers[place])
    }

    pub(crate) fn container_mut(&mut self, name: &str) -> Result<&mut Container> {
        self.place_of(name).map(|place| &mut self.containers[place])
    }

    fn place_of(&self, name: &str) -> Result<usize> {
        let wanted = name.strip_prefix('/').unwrap_or(name);
        let by = |fits: &dyn Fn(&Container) -> bool| self.containers.iter().position(fits);
        if let Some(place) =
            by(&|container| container.id == wanted).or_else(|| by(&|container| container.name == wanted))
        {
            return Ok(place);
        }
        let begins = |container: &Container| !wanted.is_empty() && container.id.starts_with(wanted);
        if self.containers.iter().filter(|container| begins(container)).count() > 1 {
            let message = format!("Multiple IDs found with provided prefix: {wanted}");
            return Err(self.age.refusal(400, 404, message));
        }
        by(&begins).ok_or_else(|| Refusal::not_found(self.age.no_such_container(name)))
    }
}
