//! Dockerfiles, as far as the double understands them.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::{
    image::words,
    refusal::{Refusal, Result},
};

/// One instruction of a Dockerfile.
#[derive(Clone, Debug)]
pub(super) struct Instruction {
    /// In upper case.
    pub(super) word: String,
    /// As `from=one`.
    pub(super) flags: Vec<String>,
    pub(super) rest: String,
    /// The whole of it, on one line.
    pub(super) text: String,
}

const WORDS: [&str; 18] = [
    "FROM",
    "RUN",
    "CMD",
    "LABEL",
    "MAINTAINER",
    "EXPOSE",
    "ENV",
    "ADD",
    "COPY",
    "ENTRYPOINT",
    "VOLUME",
    "USER",
    "WORKDIR",
    "ARG",
    "ONBUILD",
    "STOPSIGNAL",
    "HEALTHCHECK",
    "SHELL",
];

/// What may stand in `changes` of a commit or an import.
const CHANGES: [&str; 9] = ["CMD", "ENTRYPOINT", "ENV", "EXPOSE", "LABEL", "ONBUILD", "USER", "VOLUME", "WORKDIR"];

/// The instructions of a Dockerfile.
pub(super) fn parse(text: &str) -> Result<Vec<Instruction>> {
    let mut found = Vec::new();
    let mut joined = String::new();
    for (number, line) in text.lines().enumerate() {
        if line.trim_start().starts_with('#') || (line.trim().is_empty() && joined.is_empty()) {
            continue;
        }
        if let Some(begun) = line.trim_end().strip_suffix('\\') {
            joined.push_str(begun);
            continue;
        }
        joined.push_str(line);
        let text = std::mem::take(&mut joined).trim().to_owned();
        found.push(instruction(&text, number + 1)?);
    }
    if !joined.trim().is_empty() {
        found.push(instruction(joined.trim(), text.lines().count())?);
    }
    Ok(found)
}

fn instruction(text: &str, line: usize) -> Result<Instruction> {
    let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let word = word.to_uppercase();
    if !WORDS.contains(&&*word) {
        return Err(Refusal::new(400, format!("dockerfile parse error line {line}: unknown instruction: {word}")));
    }
    let (mut flags, mut rest) = (Vec::new(), rest.trim());
    while let Some(flag) = rest.strip_prefix("--") {
        let (flag, behind) = flag.split_once(char::is_whitespace).unwrap_or((flag, ""));
        flags.push(flag.to_owned());
        rest = behind.trim_start();
    }
    let instruction = Instruction { word, flags, rest: rest.to_owned(), text: text.to_owned() };
    instruction.checked()
}

impl Instruction {
    /// A label, as builds are given some from outside.
    pub(super) fn label(name: &str, value: &str) -> Self {
        let (text, rest) = (format!("LABEL {name}={value}"), format!("{name:?}={value:?}"));
        Self { word: "LABEL".to_owned(), flags: vec![], rest, text }
    }

    fn checked(self) -> Result<Self> {
        let name = |pair: &String| pair.split_once('=').is_none();
        let broken = match &*self.word {
            word if self.rest.is_empty() && word != "HEALTHCHECK" => match word {
                "FROM" | "MAINTAINER" | "USER" | "WORKDIR" | "STOPSIGNAL" => "requires exactly one argument",
                "CMD" | "ENTRYPOINT" | "RUN" => return Ok(self),
                _ => "requires at least one argument",
            },
            "LABEL" if quoted(&self.rest).iter().any(name) && quoted(&self.rest).len() < 2 => "must have two arguments",
            "ENV" if quoted(&self.rest).iter().any(name) && quoted(&self.rest).len() < 2 => "must have two arguments",
            _ => return Ok(self),
        };
        Err(Refusal::new(400, format!("failed to parse Dockerfile: {} {broken}", self.word)))
    }

    /// What the double does not do, if this is some of it.
    pub(super) fn not_simulated(&self) -> Option<&'static str> {
        let url = ["http://", "https://", "git@"].iter().any(|scheme| self.rest.starts_with(scheme));
        match &*self.word {
            "ADD" if url => Some("ADD of what lies in a network"),
            "RUN" if !self.flags.is_empty() => Some("RUN with flags"),
            "RUN" | "COPY" | "ADD" if self.rest.contains("<<") => Some("documents inside of a Dockerfile"),
            _ => None,
        }
    }

    /// The words of a command: a list as it stands, or a line for the shell.
    pub(super) fn command(&self, config: &Value) -> Vec<String> {
        match serde_json::from_str::<Vec<String>>(&self.rest) {
            Ok(list) => list,
            Err(_) => {
                let mut shell = words(&config["Shell"]);
                if shell.is_empty() {
                    shell = vec!["/bin/sh".to_owned(), "-c".to_owned()];
                }
                [shell, vec![self.rest.clone()]].concat()
            }
        }
    }

    /// Puts the values of variables into what takes them.
    pub(super) fn with_variables(&self, variables: &BTreeMap<String, String>) -> Self {
        let takes =
            !matches!(&*self.word, "RUN" | "CMD" | "ENTRYPOINT" | "SHELL" | "HEALTHCHECK" | "ONBUILD" | "MAINTAINER");
        let rest = if takes { substituted(&self.rest, variables) } else { self.rest.clone() };
        Self { rest, ..self.clone() }
    }

    /// Changes a configuration, and tells how: in the words that history keeps.
    pub(super) fn apply(&self, config: &mut Value) -> String {
        let list = |items: &[String]| {
            format!("[{}]", items.iter().map(|item| format!("{item:?}")).collect::<Vec<_>>().join(" "))
        };
        let told = match &*self.word {
            "LABEL" | "ENV" => {
                let pairs = pairs(&self.rest);
                for (name, value) in &pairs {
                    if self.word == "LABEL" {
                        config["Labels"][name] = json!(value);
                    } else {
                        set_env(config, name, value);
                    }
                }
                pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ")
            }
            "CMD" | "ENTRYPOINT" => {
                let command = self.command(config);
                config[if self.word == "CMD" { "Cmd" } else { "Entrypoint" }] = json!(command);
                list(&command)
            }
            "EXPOSE" => {
                for port in self.rest.split_whitespace() {
                    let port = if port.contains('/') { port.to_owned() } else { format!("{port}/tcp") };
                    config["ExposedPorts"][port] = json!({});
                }
                self.rest.clone()
            }
            "VOLUME" => {
                let paths = serde_json::from_str(&self.rest).unwrap_or_else(|_| quoted(&self.rest));
                paths.iter().for_each(|path| config["Volumes"][path] = json!({}));
                format!("[{}]", paths.join(" "))
            }
            "WORKDIR" => {
                let before = config["WorkingDir"].as_str().unwrap_or_default();
                let path =
                    if self.rest.starts_with('/') { self.rest.clone() } else { format!("{before}/{}", self.rest) };
                let path = crate::state::files::clean(&path);
                config["WorkingDir"] = json!(path);
                path
            }
            "USER" | "STOPSIGNAL" => {
                config[if self.word == "USER" { "User" } else { "StopSignal" }] = json!(self.rest);
                self.rest.clone()
            }
            "SHELL" => {
                let shell = serde_json::from_str::<Vec<String>>(&self.rest).unwrap_or_default();
                config["Shell"] = json!(shell);
                format!("[{}]", shell.join(" "))
            }
            "ONBUILD" => {
                let mut all = words(&config["OnBuild"]);
                all.push(self.rest.clone());
                config["OnBuild"] = json!(all);
                self.rest.clone()
            }
            "HEALTHCHECK" => {
                let test = match self.rest.split_once(char::is_whitespace) {
                    Some(("CMD", command)) => json!(["CMD-SHELL", command]),
                    _ => json!(["NONE"]),
                };
                config["Healthcheck"] = json!({ "Test": test });
                self.rest.clone()
            }
            _ => self.rest.clone(),
        };
        // Engines write some of them with one space more.
        let space = if self.word == "WORKDIR" { "" } else { " " };
        format!("{space}{} {told}", self.word)
    }
}

/// A configuration, changed by instructions.
pub(super) fn changed(mut config: Value, text: &str) -> Result<Value> {
    for instruction in parse(text)? {
        if !CHANGES.contains(&&*instruction.word) {
            let message = format!("{} is not a valid change command", instruction.word.to_lowercase());
            return Err(Refusal::new(400, message));
        }
        instruction.apply(&mut config);
    }
    Ok(config)
}

fn set_env(config: &mut Value, name: &str, value: &str) {
    let mut all = words(&config["Env"]);
    let (begins, variable) = (format!("{name}="), format!("{name}={value}"));
    match all.iter_mut().find(|known| known.starts_with(&begins)) {
        Some(known) => *known = variable,
        None => all.push(variable),
    }
    config["Env"] = json!(all);
}

/// Names and values: `a=b c="d e"`, or `a b c` for one of them.
fn pairs(text: &str) -> Vec<(String, String)> {
    let words = quoted(text);
    if words.first().is_some_and(|first| !first.contains('=')) {
        let (name, value) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        return vec![(name.to_owned(), value.trim().to_owned())];
    }
    let pair = |word: &String| word.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
    words.iter().filter_map(pair).collect()
}

/// The words of a line, without the quotes around them.
pub(super) fn quoted(text: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match (letter, quote) {
            (letter, Some(open)) if letter == open => quote = None,
            ('\'' | '"', None) => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            ('\\', None | Some('"')) => word.get_or_insert_default().extend(letters.next()),
            (letter, None) if letter.is_whitespace() => words.extend(word.take()),
            (letter, _) => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    words
}

/// The text with `$name`, `${name}` and `${name:-otherwise}` replaced.
fn substituted(text: &str, variables: &BTreeMap<String, String>) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let (name, otherwise, behind) = match rest.strip_prefix('{').and_then(|inner| inner.split_once('}')) {
            Some((inner, behind)) => {
                let (name, otherwise) = inner.split_once(":-").unwrap_or((inner, ""));
                (name, otherwise, behind)
            }
            None => {
                let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
                (&rest[..end], "", &rest[end..])
            }
        };
        if name.is_empty() {
            out.push('$');
        }
        out.push_str(variables.get(name).map_or(otherwise, String::as_str));
        rest = behind;
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dockerfile_is_taken_apart() {
        let text = "# first\nFROM a AS b\nRUN one && \\\n  # between\n  two\n\ncopy --from=b x y\n";
        let found = parse(text).unwrap();
        let told: Vec<_> = found.iter().map(|step| (&*step.word, &*step.rest, step.flags.join(","))).collect();
        let none = String::new;
        assert_eq!(
            told,
            [("FROM", "a AS b", none()), ("RUN", "one &&   two", none()), ("COPY", "x y", "from=b".to_owned())]
        );
        let refused = |text: &str| parse(text).unwrap_err().message;
        assert_eq!(refused("FROM a\nBOGUS"), "dockerfile parse error line 2: unknown instruction: BOGUS");
        assert_eq!(refused("LABEL a"), "failed to parse Dockerfile: LABEL must have two arguments");
    }

    #[test]
    fn instructions_change_a_configuration() {
        let text = "ENV A=b C=\"d e\"\nENV F g h\nENV A=z\nEXPOSE 80 53/udp\nCMD [\"x\", \"y\"]\nENTRYPOINT x y\nVOLUME /v\n\
                    WORKDIR /w\nWORKDIR x\nLABEL l='m n'\nUSER me";
        assert_eq!(
            changed(json!({}), text).unwrap(),
            json!({
                "Env": ["A=z", "C=d e", "F=g h"], "ExposedPorts": { "80/tcp": {}, "53/udp": {} }, "Cmd": ["x", "y"],
                "Entrypoint": ["/bin/sh", "-c", "x y"], "Volumes": { "/v": {} }, "WorkingDir": "/w/x",
                "Labels": { "l": "m n" }, "User": "me",
            })
        );
        assert_eq!(changed(json!({}), "RUN x").unwrap_err().message, "run is not a valid change command");
    }

    #[test]
    fn variables_are_put_in() {
        let variables = BTreeMap::from([("A".to_owned(), "b".to_owned())]);
        assert_eq!(substituted("$A ${A}x ${N:-c} $N. $", &variables), "b bx c . $");
    }
}
