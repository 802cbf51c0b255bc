//! Reads the output of test programs.

use std::collections::HashSet;

/// The names of the tests that `--list` prints.
pub(crate) fn listed(output: &str) -> HashSet<&str> {
    output.lines().filter_map(|line| line.strip_suffix(": test")).collect()
}

/// The number of tests that passed, if none failed.
pub(crate) fn passed(output: &str) -> Option<usize> {
    output.lines().find_map(|line| line.strip_prefix("test result: ok. ")?.split(' ').next()?.parse().ok())
}

/// The messages of tests that failed, and their names; the complete output if the program did not run all tests.
pub(crate) fn failures(output: &str) -> &str {
    output.find("\nfailures:\n").map_or(output, |start| &output[start..])
}

/// The names of the tests in the list of failures at the end.
pub(crate) fn failed(output: &str) -> HashSet<&str> {
    output.lines().filter_map(|line| line.strip_prefix("    ")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listed_tests_without_benchmarks() {
        assert_eq!(listed("a::b: test\nc: bench\n\n1 test, 1 benchmark\n"), HashSet::from(["a::b"]));
    }

    #[test]
    fn passed_tests_of_successful_programs_only() {
        assert_eq!(passed("\nrunning 3 tests\n...\ntest result: ok. 3 passed; 0 failed; 1 ignored\n"), Some(3));
        assert_eq!(passed("test result: FAILED. 2 passed; 1 failed\n"), None);
    }

    #[test]
    fn failed_tests_of_the_final_list() {
        let output =
            "failures:\n\n---- a::b stdout ----\nmessage\n\nfailures:\n    a::b\n    c\n\ntest result: FAILED.";
        assert_eq!(failed(output), HashSet::from(["a::b", "c"]));
        assert_eq!(failures(&format!("test a::b ... FAILED\n\n{output}")), format!("\n{output}"));
        assert_eq!(failures("test a::b ... "), "test a::b ... ");
    }
}
