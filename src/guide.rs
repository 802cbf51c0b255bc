//! How to use this crate, a page a subject. Read the first two, and the others when you need them.
//!
//! 1. [Connecting](connecting): which engine, and how to reach it.
//! 2. [Containers](containers): make them, run them, look into them, remove them.
//! 3. [Commands and sessions](sessions): run something in a container, and talk to it.
//! 4. [Files](files): copy them in and out.
//! 5. [Images](images): pull, build, name, push, save and remove them.
//! 6. [Networks and volumes](networks).
//! 7. [Streams](streams): output, events, statistics and progress as they come.
//! 8. [Monitors](monitors): the same, for as long as your program lives.
//! 9. [Errors](errors): which one it is, and what to do about it.
//! 10. [Time](time): what takes how long at most, and how to stop it.
//! 11. [Versions](versions): engines of every age.
//! 12. [Testing](testing): your own code, without Docker.
//!
//! Most examples here run as part of this crate's tests, on the double of an engine that [testing] is about. What is called
//! `docker` in them is a [`DockerClient`](crate::DockerClient).

pub mod connecting;
pub mod containers;
pub mod errors;
pub mod files;
pub mod images;
pub mod monitors;
pub mod networks;
pub mod sessions;
pub mod streams;
pub mod testing;
pub mod time;
pub mod versions;
