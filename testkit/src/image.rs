//! Images and the programs of their containers.

use serde_json::{Value, json};

use crate::{
    argv::{Argv, words},
    program::Program,
    state::{
        files::{self, File, Files},
        reference,
    },
};

/// An image that the fake engine has or can pull, and the programs that its containers can run.
///
/// ```
/// use dockerclient_testkit::{FakeEngine, Image, Program};
///
/// let shop = Image::new("shop:1")
///     .cmd(["serve"])
///     .program(["serve"], Program::printing("listening\n").and_then_until_stopped())
///     .program(["migrate"], Program::printing("nothing to do\n"));
/// let engine = FakeEngine::builder().image(shop).build();
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Image {
    pub(crate) reference: String,
    pub(crate) config: Value,
    pub(crate) size: u64,
    pub(crate) files: Files,
    programs: Vec<(Argv, Program)>,
}

impl Image {
    /// Creates an image with this reference; the tag defaults to `latest`.
    pub fn new(reference: &str) -> Self {
        Self {
            reference: reference::full(reference),
            config: json!({}),
            size: 1_984_172,
            files: Files::default(),
            programs: Vec::new(),
        }
    }

    /// Returns `busybox:latest`, with a shell that supports `echo`, `cat`, `sleep`, `exit`, `trap` and some more commands.
    pub fn busybox() -> Self {
        let mut image = Self::new("busybox").cmd(["sh"]);
        for path in ["/dev", "/etc", "/proc", "/sys", "/tmp"] {
            image.files.put(path, File::directory());
        }
        image.files.put("/bin/sh", File::link("busybox"));
        image
            .file("/bin/busybox", "\u{7f}ELF")
            .file("/etc/group", "root:x:0:\n")
            .file("/etc/passwd", "root:x:0:0:root:/root:/bin/sh\n")
    }

    /// Sets the default command (`CMD`).
    pub fn cmd<S: Into<String>>(self, words: impl IntoIterator<Item = S>) -> Self {
        self.with("Cmd", json!(words.into_iter().map(Into::into).collect::<Vec<String>>()))
    }

    /// Sets the entrypoint (`ENTRYPOINT`).
    pub fn entrypoint<S: Into<String>>(self, words: impl IntoIterator<Item = S>) -> Self {
        self.with("Entrypoint", json!(words.into_iter().map(Into::into).collect::<Vec<String>>()))
    }

    /// Adds a label.
    pub fn label(mut self, name: &str, value: &str) -> Self {
        self.config["Labels"][name] = json!(value);
        self
    }

    /// Adds an environment variable.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        let mut all = self.config["Env"].as_array().cloned().unwrap_or_default();
        all.push(json!(format!("{name}={value}")));
        self.config["Env"] = all.into();
        self
    }

    /// Adds a file, which new containers of the image have too.
    pub fn file(mut self, path: &str, content: impl Into<Vec<u8>>) -> Self {
        self.files.put(&files::clean(path), File::regular(content.into()));
        self
    }

    /// Sets the size, in bytes.
    pub fn size(self, bytes: u64) -> Self {
        Self { size: bytes, ..self }
    }

    /// Adds the program for commands that begin with `words`. The longest match is used; an empty list matches any command.
    pub fn program<S: Into<String>>(mut self, words: impl IntoIterator<Item = S>, program: Program) -> Self {
        self.programs.push((words.into_iter().map(Into::into).collect(), program));
        self
    }

    fn with(mut self, field: &str, value: Value) -> Self {
        self.config[field] = value;
        self
    }

    /// The program for `argv` in a container of this image, including the commands of the shell.
    pub(crate) fn program_for(&self, argv: &[String]) -> Option<Program> {
        self.own_program_for(argv).or_else(|| Program::from_shell(argv))
    }

    /// The program for `argv`, without the commands of the shell.
    pub(crate) fn own_program_for(&self, argv: &[String]) -> Option<Program> {
        let fitting = self.programs.iter().filter(|(words, _)| argv.starts_with(words));
        let longest = fitting.max_by_key(|(words, _)| words.len());
        longest.map(|(_, program)| program.clone())
    }

    /// Adds the defaults of the image to the configuration of a container, and returns its command line.
    pub(crate) fn complete_config(&self, config: &mut Value) -> Argv {
        let entrypoint = words(&config["Entrypoint"]);
        let cmd = words(&config["Cmd"]);
        if cmd.is_empty() && entrypoint.is_empty() && !words(&self.config["Cmd"]).is_empty() {
            config["Cmd"] = self.config["Cmd"].clone();
        }
        if entrypoint.is_empty() && !words(&self.config["Entrypoint"]).is_empty() {
            config["Entrypoint"] = self.config["Entrypoint"].clone();
        }
        config["Labels"] = json!(config["Labels"].as_object().cloned().unwrap_or_default());
        complete(config, &self.config);
        [words(&config["Entrypoint"]), words(&config["Cmd"])].concat()
    }
}

/// Adds to `config` the settings that only `from` has.
pub(crate) fn complete(config: &mut Value, from: &Value) {
    for field in ["User", "WorkingDir", "StopSignal"] {
        if config[field].as_str().is_none_or(str::is_empty) && from[field].is_string() {
            config[field] = from[field].clone();
        }
    }
    for field in ["Labels", "ExposedPorts", "Volumes"] {
        for (name, value) in from[field].as_object().into_iter().flatten() {
            if config[field].get(name).is_none() {
                config[field][name] = value.clone();
            }
        }
    }
    let mut all = words(&config["Env"]);
    for variable in words(&from["Env"]) {
        let begins = format!("{}=", variable.split('=').next().unwrap_or_default());
        if !all.iter().any(|known| known.starts_with(&begins)) {
            all.push(variable);
        }
    }
    if !all.is_empty() {
        config["Env"] = json!(all);
    }
}
