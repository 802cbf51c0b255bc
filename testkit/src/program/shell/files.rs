//! File commands of the shell.

use super::Process;
use crate::state::files::{File, Files, clean};

/// The output of a command, or its error message.
type Output = Result<String, String>;

/// Runs a file command; `None` if `name` is not one.
pub(super) fn command(process: &Process, name: &str, arguments: &[String]) -> Option<Output> {
    let (flags, paths): (Vec<&String>, Vec<&String>) =
        arguments.iter().partition(|argument| argument.len() > 1 && argument.starts_with('-'));
    let paths: Vec<String> = paths.into_iter().map(|path| clean(path)).collect();
    let flag = |letter: char| flags.iter().any(|flag| flag.contains(letter));
    let output = match name {
        "cat" if !paths.is_empty() => each(&paths, |path| cat(process, path)),
        "ls" if paths.is_empty() => list(process, "/"),
        "ls" => each(&paths, |path| list(process, path)),
        "mkdir" => each(&paths, |path| make(process, path, flag('p'))),
        "touch" => each(&paths, |path| touch(process, path)),
        "rm" => each(&paths, |path| remove(process, path, flag('r'), flag('f'))),
        "test" if !flags.is_empty() => test(process, paths.first()?, flag('d'), flag('f')),
        _ => return None,
    };
    Some(output)
}

fn each(paths: &[String], mut one: impl FnMut(&str) -> Output) -> Output {
    paths.iter().map(|path| one(path)).collect()
}

fn find(process: &Process, path: &str) -> Option<File> {
    process.with_files(|files| files.get(&files.resolved(path, true)))?
}

fn cat(process: &Process, path: &str) -> Output {
    let content = process.file(path).ok_or_else(|| format!("cat: can't open '{path}': No such file or directory"));
    content.map(|content| String::from_utf8_lossy(&content).into_owned())
}

fn list(process: &Process, path: &str) -> Output {
    let named = |files: &Files| {
        let path = files.resolved(path, true);
        match files.get(&path)? {
            file if file.is_directory() => Some(files.names(&path).iter().map(|name| format!("{name}\n")).collect()),
            _ => Some(format!("{path}\n")),
        }
    };
    let listed = process.with_files(named).flatten();
    listed.ok_or_else(|| format!("ls: {path}: No such file or directory"))
}

fn make(process: &Process, path: &str, parents: bool) -> Output {
    if !parents && find(process, path).is_some() {
        return Err(format!("mkdir: can't create directory '{path}': File exists"));
    }
    process.change_files(|files| files.create_directory(path));
    Ok(String::new())
}

fn touch(process: &Process, path: &str) -> Output {
    process.write_file(path, process.file(path).unwrap_or_default());
    Ok(String::new())
}

fn remove(process: &Process, path: &str, recursive: bool, force: bool) -> Output {
    match find(process, path) {
        None if force => {}
        None => return Err(format!("rm: can't remove '{path}': No such file or directory")),
        Some(file) if file.is_directory() && !recursive => return Err(format!("rm: '{path}' is a directory")),
        Some(_) => process.remove_file(path),
    }
    Ok(String::new())
}

fn test(process: &Process, path: &str, directory: bool, file: bool) -> Output {
    let fits = find(process, path)
        .is_some_and(|found| (!directory || found.is_directory()) && (!file || !found.is_directory()));
    if fits { Ok(String::new()) } else { Err(String::new()) }
}
