//! Lists of tests that are expected to fail, with reasons.

use std::{collections::HashSet, fs};

use anyhow::{Context as _, Result, ensure};

use crate::{libtest, root};

/// Prefixes of the reasons of tests that are not run.
const NOT_RUN: [&str; 3] = ["waits forever: ", "by chance: ", "takes minutes: "];

/// Tests that are expected to fail.
#[derive(Debug)]
pub(crate) struct Exceptions {
    /// The list's path.
    file: String,
    /// The tests, each with its reason.
    tests: Vec<(String, String)>,
}

impl Exceptions {
    /// Reads a list with one test and its reason per line. Lines that begin with `#` are comments.
    pub(crate) fn read(file: &str) -> Result<Self> {
        let text = fs::read_to_string(root().join(file)).with_context(|| file.to_owned())?;
        Self::parse(file, &text)
    }

    fn parse(file: &str, text: &str) -> Result<Self> {
        let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        let tests = lines.map(|line| {
            let (test, reason) = line.split_once(": ").with_context(|| format!("{file}: no reason: {line}"))?;
            Ok((test.to_owned(), reason.to_owned()))
        });
        Ok(Self { file: file.to_owned(), tests: tests.collect::<Result<_>>()? })
    }

    /// Splits off the tests of a program, in a list whose lines begin with the name of a program.
    pub(crate) fn take(&mut self, program: &str) -> Self {
        let prefix = format!("{program} ");
        let (own, others) = self.tests.drain(..).partition(|(test, _)| test.starts_with(&prefix));
        self.tests = others;
        let own: Vec<(String, String)> = own;
        let own = own.into_iter().map(|(test, reason)| (test[prefix.len()..].to_owned(), reason)).collect();
        Self { file: self.file.clone(), tests: own }
    }

    pub(crate) fn len(&self) -> usize {
        self.tests.len()
    }

    /// Fails if the list has a test that is not one of `known`.
    pub(crate) fn check_names(&self, known: &HashSet<&str>) -> Result<()> {
        let unknown: Vec<_> = self.names().filter(|test| !known.contains(test)).collect();
        ensure!(unknown.is_empty(), "{}: unknown tests: {unknown:?}", self.file);
        Ok(())
    }

    /// The arguments that make a test program skip these tests.
    pub(crate) fn skip(&self) -> Vec<&str> {
        std::iter::once("--exact").chain(self.names().flat_map(|test| ["--skip", test])).collect()
    }

    /// The tests that are run, to check that they fail.
    pub(crate) fn run(&self) -> Vec<&str> {
        let is_run = |reason: &str| NOT_RUN.iter().all(|prefix| !reason.starts_with(prefix));
        self.tests.iter().filter(|(_, reason)| is_run(reason)).map(|(test, _)| &**test).collect()
    }

    /// Fails if one of the tests that are run passes, by the output of the test program.
    pub(crate) fn check_failures(&self, output: &str) -> Result<()> {
        let failed = libtest::failed(output);
        let passing: Vec<_> = self.run().into_iter().filter(|test| !failed.contains(test)).collect();
        ensure!(passing.is_empty(), "{}: remove these tests, which pass: {passing:?}", self.file);
        Ok(())
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        self.tests.iter().map(|(test, _)| &**test)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "# comment\n\none a::b: fails\none c: waits forever: on a lock\ntwo d: fails: often\n";

    #[test]
    fn exceptions_of_one_program() {
        let mut all = Exceptions::parse("list", LIST).unwrap();
        let one = all.take("one");
        assert_eq!((one.len(), all.len()), (2, 1));
        assert_eq!(one.skip(), ["--exact", "--skip", "a::b", "--skip", "c"]);
        assert_eq!(one.run(), ["a::b"]);
        one.check_names(&HashSet::from(["a::b", "c", "e"])).unwrap();
        let error = one.check_names(&HashSet::from(["c"])).unwrap_err();
        assert_eq!(error.to_string(), r#"list: unknown tests: ["a::b"]"#);
    }

    #[test]
    fn exceptions_that_pass_are_errors() {
        let one = Exceptions::parse("list", LIST).unwrap().take("one");
        one.check_failures("failures:\n    a::b\n").unwrap();
        let error = one.check_failures("test result: ok. 1 passed").unwrap_err();
        assert_eq!(error.to_string(), r#"list: remove these tests, which pass: ["a::b"]"#);
    }

    #[test]
    fn exception_without_a_reason_is_an_error() {
        assert_eq!(Exceptions::parse("list", "a").unwrap_err().to_string(), "list: no reason: a");
    }
}
