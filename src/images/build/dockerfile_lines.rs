//! The lines of the Dockerfile that a step of a build belongs to.
//!
//! BuildKit of engines before 23.0 does not report them with an error, so that they are found by the name of the step, which
//! contains the instruction: `[2/3] RUN make` or `[build 2/3] RUN make`.

use std::ops::RangeInclusive;

/// An instruction of a Dockerfile.
struct Instruction {
    /// Numbers of its lines, from 1.
    lines: RangeInclusive<usize>,
    keyword: String,
    /// The rest, with single spaces.
    arguments: String,
    /// The name of its stage.
    stage: String,
    /// The number of its step in the stage.
    number: usize,
}

/// Returns the lines of the instruction that the step with this name executes, if there is exactly one.
pub(super) fn find(dockerfile: &str, step: &str) -> Option<RangeInclusive<usize>> {
    let (position, command) = match step.strip_prefix('[').and_then(|rest| rest.split_once("] ")) {
        Some((position, command)) => (Some(position), command),
        None => (None, step),
    };
    let (keyword, arguments) = words(command)?;
    let mut found = instructions(dockerfile);
    found.retain(|instruction| instruction.keyword == keyword);
    if found.iter().any(|instruction| instruction.arguments == arguments) {
        found.retain(|instruction| instruction.arguments == arguments);
        if found.len() == 1 {
            return found.pop().map(|instruction| instruction.lines);
        }
    }
    // There are several, or variables are replaced in the name.
    let (stage, number) = stage_and_number(position?)?;
    found.retain(|found| found.number == number && stage.is_none_or(|stage| found.stage.eq_ignore_ascii_case(stage)));
    if found.len() == 1 { found.pop().map(|instruction| instruction.lines) } else { None }
}

/// Parses `2/3`, `build 2/3` or `linux/amd64 build 2/3`.
fn stage_and_number(position: &str) -> Option<(Option<&str>, usize)> {
    let mut words = position.split_whitespace().rev();
    let (number, _) = words.next()?.split_once('/')?;
    Some((words.next().filter(|stage| !stage.contains('/')), number.parse().ok()?))
}

/// Splits a command into its keyword, in upper case, and the rest, with single spaces.
fn words(command: &str) -> Option<(String, String)> {
    let mut words = command.split_whitespace();
    let keyword = words.next()?.to_ascii_uppercase();
    Some((keyword, words.collect::<Vec<_>>().join(" ")))
}

fn instructions(dockerfile: &str) -> Vec<Instruction> {
    let dockerfile = dockerfile.trim_start_matches('\u{feff}');
    let escape = escape(dockerfile);
    let mut found = Vec::new();
    let mut stages = Stages::default();
    let mut lines = dockerfile.lines().enumerate();
    while let Some((first, line)) = lines.next() {
        if is_skipped(line) {
            continue;
        }
        let (mut last, mut joined) = (first, String::new());
        let mut is_continued = add_line(&mut joined, line, escape);
        while is_continued && let Some((next, line)) = lines.next() {
            last = next;
            if !is_skipped(line) {
                is_continued = add_line(&mut joined, line, escape);
            }
        }
        let Some((keyword, arguments)) = words(&joined) else { continue };
        stages.add(&keyword, &arguments);
        found.push(Instruction {
            lines: first + 1..=last + 1,
            keyword,
            arguments,
            stage: stages.name.clone(),
            number: stages.number,
        });
    }
    found
}

/// Returns the character that continues a line.
fn escape(dockerfile: &str) -> char {
    let comments = dockerfile.lines().map_while(|line| line.trim_start().strip_prefix('#'));
    let directives = comments.map_while(|comment| comment.split_once('='));
    let mut escapes = directives.filter(|(name, _)| name.trim().eq_ignore_ascii_case("escape"));
    escapes.next().and_then(|(_, escape)| escape.trim().chars().next()).unwrap_or('\\')
}

/// Whether the line is empty or a comment.
fn is_skipped(line: &str) -> bool {
    let line = line.trim_start();
    line.is_empty() || line.starts_with('#')
}

/// Adds a line, and returns whether the instruction continues in the next one.
fn add_line(joined: &mut String, line: &str, escape: char) -> bool {
    let line = line.trim_end();
    match line.strip_suffix(escape).filter(|line| !line.ends_with(escape)) {
        Some(line) => {
            joined.push_str(line);
            true
        }
        None => {
            joined.push_str(line);
            false
        }
    }
}

/// Numbers the steps as BuildKit does.
#[derive(Default)]
struct Stages {
    names: Vec<String>,
    name: String,
    number: usize,
}

impl Stages {
    fn add(&mut self, keyword: &str, arguments: &str) {
        match keyword {
            "FROM" => self.begin(arguments),
            "RUN" | "COPY" | "ADD" | "WORKDIR" => self.number += 1,
            _ => {}
        }
    }

    fn begin(&mut self, arguments: &str) {
        let mut words = arguments.split(' ').filter(|word| !word.starts_with("--"));
        let base = words.next().unwrap_or_default();
        // The base image is a step, unless it is empty or another stage.
        let is_stage = self.names.iter().any(|name| name.eq_ignore_ascii_case(base));
        self.number = usize::from(base != "scratch" && !is_stage);
        let is_named = words.next().is_some_and(|word| word.eq_ignore_ascii_case("as"));
        self.name = match words.next().filter(|_| is_named) {
            Some(name) => name.to_owned(),
            None => format!("stage-{}", self.names.len()),
        };
        self.names.push(self.name.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCKERFILE: &str = "\
# syntax=docker/dockerfile:1
FROM --platform=linux/amd64 golang AS build

COPY . .
RUN go build \\
    # a comment
    -o /app   \\

    ./cmd
ENV A=b
RUN echo $A

FROM build
RUN make test
FROM scratch
COPY . .
copy --from=build /app /
";

    #[test]
    fn dockerfile_lines_are_found_by_the_instruction() {
        for (step, lines) in [
            ("[build 3/4] RUN go build     -o /app       ./cmd", Some(5..=9)),
            ("[stage-1 1/1] RUN make test", Some(14..=14)),
            ("RUN make test", Some(14..=14)),
            ("[stage-2 2/2] COPY --from=build /app /", Some(17..=17)),
            ("[internal] load build definition from Dockerfile", None),
            ("exporting to image", None),
            ("", None),
        ] {
            assert_eq!(find(DOCKERFILE, step), lines, "{step}");
        }
    }

    #[test]
    fn dockerfile_lines_are_found_by_the_position() {
        for (step, lines) in [
            ("[build 2/4] COPY . .", Some(4..=4)),
            ("[stage-2 1/2] COPY . .", Some(16..=16)),
            ("[linux/arm64 build  4/4] RUN echo b", Some(11..=11)),
            ("[build 1/4] FROM docker.io/library/golang@sha256:00", Some(2..=2)),
            ("[build 9/9] RUN echo b", None),
            ("[3/4] COPY . .", None),
        ] {
            assert_eq!(find(DOCKERFILE, step), lines, "{step}");
        }
    }

    #[test]
    fn dockerfile_lines_follow_the_escape_directive() {
        let dockerfile = "\u{feff}# escape=`\r\nFROM a\r\nRUN x `\r\n  y\r\nRUN c:\\\r\nRUN z";
        assert_eq!(find(dockerfile, "[2/4] RUN x   y"), Some(3..=4));
        assert_eq!(find(dockerfile, "[3/4] RUN c:\\"), Some(5..=5));
    }
}
