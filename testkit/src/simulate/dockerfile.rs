//! Parses and applies the instructions of a Dockerfile.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::{
    api_error::{ApiError, Result},
    argv::words,
};

/// One instruction of a Dockerfile.
#[derive(Clone, Debug)]
pub(super) struct Instruction {
    /// The keyword, in upper case.
    pub(super) keyword: String,
    /// Flags without the leading dashes, for example `from=one`.
    pub(super) flags: Vec<String>,
    pub(super) rest: String,
    /// The complete instruction, on one line.
    pub(super) text: String,
    /// The first and the last line, from 1; zero if it is not part of the Dockerfile.
    #[cfg_attr(not(feature = "buildkit"), expect(dead_code, reason = "only BuildKit errors contain lines"))]
    pub(super) lines: (usize, usize),
}

const KEYWORDS: [&str; 18] = [
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

/// The instructions that are allowed in the `changes` of a commit or import.
const CHANGES: [&str; 9] = ["CMD", "ENTRYPOINT", "ENV", "EXPOSE", "LABEL", "ONBUILD", "USER", "VOLUME", "WORKDIR"];

/// Parses the instructions of a Dockerfile.
pub(super) fn parse(text: &str) -> Result<Vec<Instruction>> {
    let mut found = Vec::new();
    let (mut joined, mut first) = (String::new(), 0);
    for (number, line) in text.lines().enumerate() {
        if line.trim_start().starts_with('#') || (line.trim().is_empty() && joined.is_empty()) {
            continue;
        }
        if joined.is_empty() {
            first = number + 1;
        }
        if let Some(begun) = line.trim_end().strip_suffix('\\') {
            joined.push_str(begun);
            continue;
        }
        joined.push_str(line);
        let text = std::mem::take(&mut joined).trim().to_owned();
        found.push(instruction(&text, (first, number + 1))?);
    }
    if !joined.trim().is_empty() {
        found.push(instruction(joined.trim(), (first, text.lines().count()))?);
    }
    Ok(found)
}

fn instruction(text: &str, lines: (usize, usize)) -> Result<Instruction> {
    let (keyword, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let keyword = keyword.to_uppercase();
    if !KEYWORDS.contains(&&*keyword) {
        let line = lines.1;
        return Err(ApiError::new(400, format!("dockerfile parse error line {line}: unknown instruction: {keyword}")));
    }
    let (mut flags, mut rest) = (Vec::new(), rest.trim());
    while let Some(flag) = rest.strip_prefix("--") {
        let (flag, after) = flag.split_once(char::is_whitespace).unwrap_or((flag, ""));
        flags.push(flag.to_owned());
        rest = after.trim_start();
    }
    let instruction = Instruction { keyword, flags, rest: rest.to_owned(), text: text.to_owned(), lines };
    instruction.checked()
}

impl Instruction {
    /// The instruction for a label of the build request.
    pub(super) fn label(name: &str, value: &str) -> Self {
        let (text, rest) = (format!("LABEL {name}={value}"), format!("{name:?}={value:?}"));
        Self { keyword: "LABEL".to_owned(), flags: vec![], rest, text, lines: (0, 0) }
    }

    fn checked(self) -> Result<Self> {
        let name = |pair: &String| pair.split_once('=').is_none();
        let problem = match &*self.keyword {
            word if self.rest.is_empty() && word != "HEALTHCHECK" => match word {
                "FROM" | "MAINTAINER" | "USER" | "WORKDIR" | "STOPSIGNAL" => "requires exactly one argument",
                "CMD" | "ENTRYPOINT" | "RUN" => return Ok(self),
                _ => "requires at least one argument",
            },
            "LABEL" if split_words(&self.rest).iter().any(name) && split_words(&self.rest).len() < 2 => {
                "must have two arguments"
            }
            "ENV" if split_words(&self.rest).iter().any(name) && split_words(&self.rest).len() < 2 => {
                "must have two arguments"
            }
            _ => return Ok(self),
        };
        Err(ApiError::new(400, format!("failed to parse Dockerfile: {} {problem}", self.keyword)))
    }

    /// Describes the feature that is not simulated, if the instruction uses one.
    pub(super) fn not_simulated(&self) -> Option<&'static str> {
        let url = ["http://", "https://", "git@"].iter().any(|scheme| self.rest.starts_with(scheme));
        match &*self.keyword {
            "ADD" if url => Some("ADD of a remote URL"),
            "RUN" if !self.flags.is_empty() => Some("RUN with flags"),
            "RUN" | "COPY" | "ADD" if self.rest.contains("<<") => Some("here-documents"),
            _ => None,
        }
    }

    /// The command line of a command in exec form or shell form.
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

    /// Substitutes variables, in the instructions that allow it.
    pub(super) fn with_variables(&self, variables: &BTreeMap<String, String>) -> Self {
        let substitutes = !matches!(
            &*self.keyword,
            "RUN" | "CMD" | "ENTRYPOINT" | "SHELL" | "HEALTHCHECK" | "ONBUILD" | "MAINTAINER"
        );
        let rest = if substitutes { substituted(&self.rest, variables) } else { self.rest.clone() };
        Self { rest, ..self.clone() }
    }

    /// Applies the instruction to a configuration, and returns its text for the image history.
    pub(super) fn apply(&self, config: &mut Value) -> String {
        let list = |items: &[String]| {
            format!("[{}]", items.iter().map(|item| format!("{item:?}")).collect::<Vec<_>>().join(" "))
        };
        let text = match &*self.keyword {
            "LABEL" | "ENV" => {
                let pairs = pairs(&self.rest);
                for (name, value) in &pairs {
                    if self.keyword == "LABEL" {
                        config["Labels"][name] = json!(value);
                    } else {
                        set_env(config, name, value);
                    }
                }
                pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ")
            }
            "CMD" | "ENTRYPOINT" => {
                let command = self.command(config);
                config[if self.keyword == "CMD" { "Cmd" } else { "Entrypoint" }] = json!(command);
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
                let paths = serde_json::from_str(&self.rest).unwrap_or_else(|_| split_words(&self.rest));
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
                config[if self.keyword == "USER" { "User" } else { "StopSignal" }] = json!(self.rest);
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
        // Engines write most of them with an additional space.
        let space = if self.keyword == "WORKDIR" { "" } else { " " };
        format!("{space}{} {text}", self.keyword)
    }
}

/// Applies the instructions in `text` to a configuration.
pub(super) fn changed(mut config: Value, text: &str) -> Result<Value> {
    for instruction in parse(text)? {
        if !CHANGES.contains(&&*instruction.keyword) {
            let message = format!("{} is not a valid change command", instruction.keyword.to_lowercase());
            return Err(ApiError::new(400, message));
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

/// Parses names and values: `a=b c="d e"`, or `a b c` for a single pair.
fn pairs(text: &str) -> Vec<(String, String)> {
    let words = split_words(text);
    if words.first().is_some_and(|first| !first.contains('=')) {
        let (name, value) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        return vec![(name.to_owned(), value.trim().to_owned())];
    }
    let pair = |word: &String| word.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
    words.iter().filter_map(pair).collect()
}

/// Splits a line into words, and removes quotes.
pub(super) fn split_words(text: &str) -> Vec<String> {
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

/// Replaces `$name`, `${name}` and `${name:-default}`.
fn substituted(text: &str, variables: &BTreeMap<String, String>) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let (name, default, after) = match rest.strip_prefix('{').and_then(|inner| inner.split_once('}')) {
            Some((inner, after)) => {
                let (name, default) = inner.split_once(":-").unwrap_or((inner, ""));
                (name, default, after)
            }
            None => {
                let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
                (&rest[..end], "", &rest[end..])
            }
        };
        if name.is_empty() {
            out.push('$');
        }
        out.push_str(variables.get(name).map_or(default, String::as_str));
        rest = after;
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parse_dockerfile() {
        let text = "# first\nFROM a AS b\nRUN one && \\\n  # between\n  two\n\ncopy --from=b x y\n";
        let found = parse(text).unwrap();
        let steps: Vec<_> = found.iter().map(|step| (&*step.keyword, &*step.rest, step.flags.join(","))).collect();
        let none = String::new;
        assert_eq!(
            steps,
            [("FROM", "a AS b", none()), ("RUN", "one &&   two", none()), ("COPY", "x y", "from=b".to_owned())]
        );
        let error = |text: &str| parse(text).unwrap_err().message;
        assert_eq!(error("FROM a\nBOGUS"), "dockerfile parse error line 2: unknown instruction: BOGUS");
        assert_eq!(error("LABEL a"), "failed to parse Dockerfile: LABEL must have two arguments");
    }

    #[test]
    fn changed_applies_instructions() {
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
    fn variables_are_substituted() {
        let variables = BTreeMap::from([("A".to_owned(), "b".to_owned())]);
        assert_eq!(substituted("$A ${A}x ${N:-c} $N. $", &variables), "b bx c . $");
    }
}
