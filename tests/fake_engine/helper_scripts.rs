//! Credential helpers that are shell scripts.

use std::{
    io::Write as _,
    process::{Command, Stdio},
};

use crate::home::Home;

impl Home {
    /// Adds a credential helper that is a shell script.
    pub(crate) fn with_helper(self, name: &str, script: &str) -> Self {
        // Written by another process: a file that is open for writing cannot be executed, and processes that other tests
        // start inherit the open files of this one for a moment.
        let mut shell = Command::new("sh")
            .args(["-c", r#"cat > "$0" && chmod +x "$0""#])
            .arg(self.path().join(format!("docker-credential-{name}")))
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        shell
            .stdin
            .take()
            .unwrap()
            .write_all(format!("#!/bin/sh\ncd {}\n{script}\n", self.path().display()).as_bytes())
            .unwrap();
        assert!(shell.wait().unwrap().success());
        self
    }
}
