//! The terminal that progress is drawn on.

use std::io::{self, Write};

#[cfg(feature = "buildkit")]
use console::{Style, Term};
use indicatif::ProgressDrawTarget;

#[cfg(feature = "buildkit")]
use super::frame::{Mark, Row};
#[cfg(feature = "buildkit")]
use crate::TerminalSize;

pub(super) struct Terminal<'a> {
    /// Returns a target for bars.
    pub(super) target: Box<dyn Fn() -> ProgressDrawTarget + Send + 'a>,
    /// The output for text between the bars.
    pub(super) output: Box<dyn Write + Send + 'a>,
    #[cfg(feature = "buildkit")]
    pub(super) size: Box<dyn Fn() -> TerminalSize + Send + 'a>,
    #[cfg(feature = "buildkit")]
    pub(super) style: Style,
}

impl Terminal<'static> {
    pub(super) fn stderr() -> Self {
        Self {
            target: Box::new(ProgressDrawTarget::stderr),
            output: Box::new(io::stderr()),
            #[cfg(feature = "buildkit")]
            size: Box::new(|| TerminalSize::from(Term::stderr().size())),
            #[cfg(feature = "buildkit")]
            style: Style::new().for_stderr(),
        }
    }

    pub(super) fn stdout() -> Self {
        Self {
            target: Box::new(ProgressDrawTarget::stdout),
            output: Box::new(io::stdout()),
            #[cfg(feature = "buildkit")]
            size: Box::new(|| TerminalSize::from(Term::stdout().size())),
            #[cfg(feature = "buildkit")]
            style: Style::new().for_stdout(),
        }
    }
}

impl Terminal<'_> {
    /// Whether this is not a terminal, or one without cursor control.
    pub(super) fn is_hidden(&self) -> bool {
        (self.target)().is_hidden()
    }

    /// Writes text at the cursor.
    pub(super) fn write(&mut self, text: &str) -> io::Result<()> {
        self.output.write_all(text.as_bytes())?;
        self.output.flush()
    }

    /// Joins rows as lines of text, in color if the terminal and the environment (`NO_COLOR`, `CLICOLOR`) allow it.
    #[cfg(feature = "buildkit")]
    pub(super) fn paint(&self, rows: &[Row]) -> String {
        let paint = |row: &Row| {
            let style = self.style.clone();
            let style = match row.mark {
                Mark::Header | Mark::Running => style,
                Mark::Ended => style.blue(),
                Mark::Canceled | Mark::Warning => style.yellow(),
                Mark::Failed => style.red(),
                Mark::Output => style.dim(),
            };
            style.apply_to(&row.text).to_string()
        };
        rows.iter().map(paint).collect::<Vec<_>>().join("\n")
    }
}

#[cfg(test)]
mod tests {
    use indicatif::{InMemoryTerm, TermLike as _};

    use super::*;

    impl Terminal<'static> {
        /// A terminal in memory, without colors.
        pub(in crate::images::screen) fn in_memory(terminal: &InMemoryTerm) -> Self {
            let drawn = terminal.clone();
            #[cfg(feature = "buildkit")]
            let sized = terminal.clone();
            Self {
                target: Box::new(move || ProgressDrawTarget::term_like(Box::new(drawn.clone()))),
                output: Box::new(Output(terminal.clone())),
                #[cfg(feature = "buildkit")]
                size: Box::new(move || TerminalSize::from((sized.height(), sized.width()))),
                #[cfg(feature = "buildkit")]
                style: Style::new().force_styling(false),
            }
        }
    }

    /// Writes LF as CR LF, as terminals do.
    struct Output(InMemoryTerm);

    impl Write for Output {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let text = std::str::from_utf8(bytes).unwrap().replace('\n', "\r\n");
            self.0.write_str(&text).map(|()| bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
}
