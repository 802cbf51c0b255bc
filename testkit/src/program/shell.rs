//! A subset of the shell of busybox.
//!
//! Supports lists of simple commands, quotes, variables, `>&2`, `>` and `>>`, `trap` and `while true`, but no pipes or
//! substitutions. An unknown command writes an error to stderr and returns 127.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures_util::{FutureExt as _, future::BoxFuture};

use super::{Process, signal_name};

mod files;

const COMMANDS: [&str; 18] = [
    "sh", "/bin/sh", "ash", "echo", "cat", "sleep", "true", "false", "exit", "env", "printf", "hostname", "test", ":",
    "ls", "mkdir", "touch", "rm",
];

/// Whether `word` is a command of the shell.
pub(super) fn supports(word: &str) -> bool {
    COMMANDS.contains(&word.strip_prefix("/bin/").unwrap_or(word))
}

/// Runs the command line of the process.
pub(super) async fn run(process: Process) -> i64 {
    let argv = process.args().to_vec();
    let shell = Shell { process: process.clone(), traps: Arc::default(), variables: Arc::default() };
    let script = async {
        match shell.command(argv).await {
            Flow::Next(code) | Flow::Exit(code) => code,
        }
    };
    let traps = async {
        loop {
            let signal = process.signal().await;
            let Some(handler) = locked(&shell.traps, |traps| traps.get(signal).cloned()) else { continue };
            if let Some(Flow::Exit(code)) = shell.clone().script(handler).now_or_never() {
                return code;
            }
        }
    };
    tokio::select! {
        biased;
        code = script => code,
        code = traps => code,
    }
}

#[derive(Clone)]
struct Shell {
    process: Process,
    traps: Arc<Mutex<BTreeMap<&'static str, String>>>,
    variables: Arc<Mutex<BTreeMap<String, String>>>,
}

enum Flow {
    Next(i64),
    Exit(i64),
}

impl Shell {
    /// Runs a list of commands.
    fn script(self, text: String) -> BoxFuture<'static, Flow> {
        async move {
            let mut code = 0;
            let mut rest = &*text;
            while let Some((command, operator, after)) = next_command(rest) {
                rest = after;
                let command = command.trim();
                let flow = match command.strip_prefix("while true; do").and_then(|body| body.strip_suffix("done")) {
                    Some(body) => self.clone().forever(body.trim().trim_end_matches(';').to_owned()).await,
                    None => self.line(command).await,
                };
                code = match flow {
                    Flow::Next(code) => code,
                    exit @ Flow::Exit(_) => return exit,
                };
                if (operator == "&&" && code != 0) || (operator == "||" && code == 0) {
                    rest = next_command(rest).map_or("", |(_, _, after)| after);
                }
            }
            Flow::Next(code)
        }
        .boxed()
    }

    async fn forever(self, body: String) -> Flow {
        loop {
            if let exit @ Flow::Exit(_) = self.clone().script(body.clone()).await {
                return exit;
            }
            tokio::task::yield_now().await;
        }
    }

    async fn line(&self, line: &str) -> Flow {
        if line.is_empty() || line.starts_with('#') {
            return Flow::Next(0);
        }
        let mut words = self.words(line);
        if words.first().is_some_and(|word| word == "exec") {
            words.remove(0);
        }
        if let [word] = &words[..]
            && let Some((name, value)) = word.split_once('=')
        {
            locked(&self.variables, |variables| variables.insert(name.to_owned(), value.to_owned()));
            return Flow::Next(0);
        }
        self.command(words).boxed().await
    }

    async fn command(&self, mut words: Vec<String>) -> Flow {
        let before = words.len();
        words.retain(|word| !matches!(word.as_str(), ">&2" | "1>&2"));
        let to_stderr = words.len() < before;
        let to_file = redirected(&mut words);
        if let Some((path, false)) = &to_file {
            self.process.write_file(path, "");
        }
        let write = |text: &[u8]| match &to_file {
            Some((path, _)) => {
                self.process.write_file(path, [&self.process.file(path).unwrap_or_default(), text].concat());
            }
            None if to_stderr => self.process.err(text),
            None => self.process.out(text),
        };
        let Some((name, arguments)) = words.split_first() else { return Flow::Next(0) };
        match files::command(&self.process, name.strip_prefix("/bin/").unwrap_or(name), arguments) {
            Some(Ok(text)) => {
                write(text.as_bytes());
                return Flow::Next(0);
            }
            Some(Err(text)) => {
                self.process.err(if text.is_empty() { text } else { text + "\n" });
                return Flow::Next(1);
            }
            None => {}
        }
        let first = arguments.first().map(String::as_str);
        match (name.strip_prefix("/bin/").unwrap_or(name), first) {
            ("sh" | "ash", Some("-c")) => {
                let script = arguments.get(1).cloned().unwrap_or_default();
                return self.clone().script(script).await;
            }
            ("sh" | "ash", None) => return self.interactive().await,
            ("echo", Some("-n")) => write(arguments[1..].join(" ").as_bytes()),
            ("echo", _) => write((arguments.join(" ") + "\n").as_bytes()),
            ("printf", Some(text)) => write(text.replace("\\n", "\n").replace("\\t", "\t").as_bytes()),
            ("cat", None | Some("-")) => {
                while let Some(bytes) = self.process.read().await {
                    write(&bytes);
                }
            }
            ("sleep", Some(seconds)) => {
                let seconds = seconds.parse().unwrap_or(0.0);
                tokio::time::sleep(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)).await;
            }
            ("exit", code) => return Flow::Exit(code.and_then(|code| code.parse().ok()).unwrap_or(0)),
            ("trap", Some(handler)) => {
                for signal in arguments[1..].iter().filter_map(|signal| signal_name(signal)) {
                    locked(&self.traps, |traps| traps.insert(signal, handler.to_owned()));
                    self.process.trap(signal);
                }
            }
            ("read", Some(variable)) => {
                let Some(line) = self.process.read_line().await else { return Flow::Next(1) };
                let line = String::from_utf8_lossy(&line).trim_end().to_owned();
                locked(&self.variables, |variables| variables.insert(variable.to_owned(), line));
            }
            ("env", _) => {
                let all: String = self.process.env.iter().map(|variable| format!("{variable}\n")).collect();
                write(all.as_bytes());
            }
            ("hostname", _) => write(format!("{}\n", self.process.env("HOSTNAME").unwrap_or_default()).as_bytes()),
            ("true" | ":" | "wait" | "set" | "stty", _) => {}
            ("false", _) => return Flow::Next(1),
            (name, _) => {
                if let Some((program, process)) = self.process.program_for(&words) {
                    return Flow::Next(program.run(process).await);
                }
                let shell = self.process.args().first().map_or("sh", String::as_str);
                self.process.err(format!("{shell}: {name}: not found\n"));
                return Flow::Next(127);
            }
        }
        Flow::Next(0)
    }

    /// Runs each line of the input.
    async fn interactive(&self) -> Flow {
        let mut code = 0;
        while let Some(line) = self.process.read_line().await {
            let line = String::from_utf8_lossy(&line).trim_end().to_owned();
            match self.clone().script(line).await {
                Flow::Next(next) => code = next,
                exit @ Flow::Exit(_) => return exit,
            }
        }
        Flow::Exit(code)
    }

    /// Splits a line into words, substitutes variables and removes quotes.
    fn words(&self, line: &str) -> Vec<String> {
        let mut words = Vec::new();
        let mut word: Option<String> = None;
        let mut quote = None;
        let mut letters = line.chars().peekable();
        while let Some(letter) = letters.next() {
            match (letter, quote) {
                (letter, Some(open)) if letter == open => quote = None,
                ('\'' | '"', None) => {
                    quote = Some(letter);
                    word.get_or_insert_default();
                }
                ('$', None | Some('"')) => {
                    let mut name = String::new();
                    while let Some(letter) = letters.next_if(|c| c.is_alphanumeric() || matches!(c, '_' | '{' | '}')) {
                        name.push(letter);
                    }
                    word.get_or_insert_default().push_str(&self.variable(name.trim_matches(['{', '}'])));
                }
                (letter, None) if letter.is_whitespace() => words.extend(word.take()),
                (letter, _) => word.get_or_insert_default().push(letter),
            }
        }
        words.extend(word);
        words
    }

    fn variable(&self, name: &str) -> String {
        let set = locked(&self.variables, |variables| variables.get(name).cloned());
        set.or_else(|| self.process.env(name).map(str::to_owned)).unwrap_or_default()
    }
}

/// Removes a redirection, and returns its path and whether it appends.
fn redirected(words: &mut Vec<String>) -> Option<(String, bool)> {
    // A word with a space was quoted.
    let at = words.iter().position(|word| word.starts_with('>') && !word.contains(' '))?;
    let word = words.remove(at);
    let path = word.trim_start_matches('>');
    let path = if path.is_empty() && at < words.len() { words.remove(at) } else { path.to_owned() };
    Some((crate::state::files::clean(&path), word.starts_with(">>")))
}

/// Splits off the first command of a list, and returns it, the operator after it and the rest.
fn next_command(text: &str) -> Option<(&str, &str, &str)> {
    let text = text.trim_start();
    if text.is_empty() {
        return None;
    }
    if text.starts_with("while true; do") {
        let end = text.find("done").map_or(text.len(), |at| at + 4);
        return Some((&text[..end], ";", text[end..].trim_start().trim_start_matches(';')));
    }
    let mut quote = None;
    for (at, letter) in text.char_indices() {
        match (letter, quote) {
            (letter, Some(open)) if letter == open => quote = None,
            ('\'' | '"', None) => quote = Some(letter),
            (';' | '\n', None) => return Some((&text[..at], ";", &text[at + 1..])),
            ('&' | '|', None) if text[at + 1..].starts_with(letter) => {
                return Some((&text[..at], &text[at..at + 2], &text[at + 2..]));
            }
            _ => {}
        }
    }
    Some((text, ";", ""))
}

fn locked<T, R>(mutex: &Mutex<T>, f: impl FnOnce(&mut T) -> R) -> R {
    f(&mut mutex.lock().unwrap_or_else(PoisonError::into_inner))
}
