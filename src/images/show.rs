//! Progress for people: bars on a terminal, lines elsewhere.

use std::{
    collections::HashMap,
    fmt,
    io::{self, Write},
};

use futures_util::TryStreamExt as _;
use indicatif::ProgressDrawTarget;

use self::bars::Bars;
use super::{Progress, ProgressItem, ProgressStatus};
use crate::{Error, Result, error::Kind};

mod bars;

/// How many things are kept track of at once.
const MOST: usize = 500;

impl<T> Progress<T> {
    /// Shows the progress on `screen` until the work is done, and returns what came of it.
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// use dockerclient::images::{PullOptions, Screen};
    ///
    /// let progress = docker.image("busybox").pull_progress(&PullOptions::default()).await?;
    /// let pulled = progress.show(Screen::stderr()).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Fails if the work does, or if the screen cannot be written to.
    ///
    /// # Cancellation
    ///
    /// Dropping this is dropping the [`Progress`]; what is on the screen stays.
    pub async fn show(mut self, screen: Screen<'_>) -> Result<T> {
        let mut view = screen.0;
        while let Some(item) = self.try_next().await? {
            view.show(&item)
                .map_err(|error| Error::with_source(Kind::Request("the progress cannot be written".into()), error))?;
        }
        drop(view);
        self.finish().await
    }
}

/// Where [`Progress::show`] writes to.
#[derive(Debug)]
#[must_use]
pub struct Screen<'a>(View<'a>);

enum View<'a> {
    Lines(Lines<'a>),
    Bars(Bars<'a>),
}

impl Screen<'static> {
    /// The standard error of this program: with bars, if it is a terminal, else in lines.
    pub fn stderr() -> Self {
        Self::standard(ProgressDrawTarget::stderr, io::stderr())
    }

    /// The standard output of this program: with bars, if it is a terminal, else in lines.
    pub fn stdout() -> Self {
        Self::standard(ProgressDrawTarget::stdout, io::stdout())
    }

    fn standard(target: fn() -> ProgressDrawTarget, output: impl Write + Send + 'static) -> Self {
        // Nothing can be drawn on what is no terminal, or one without a cursor.
        if target().is_hidden() { Self::lines(output) } else { Self(View::Bars(Bars::new(target, output))) }
    }
}

impl<'a> Screen<'a> {
    /// Whatever can be written to: a line whenever something changes but its count of bytes, and what a build prints as
    /// it is.
    pub fn lines(output: impl Write + Send + 'a) -> Self {
        Self(View::Lines(Lines { output: Box::new(output), told: HashMap::new() }))
    }
}

impl View<'_> {
    fn show(&mut self, item: &ProgressItem) -> io::Result<()> {
        match self {
            Self::Lines(lines) => lines.show(item),
            Self::Bars(bars) => bars.show(item),
        }
    }
}

/// A screen without a cursor.
struct Lines<'a> {
    output: Box<dyn Write + Send + 'a>,
    /// What was told last, of each thing.
    told: HashMap<Option<String>, String>,
}

impl Lines<'_> {
    fn show(&mut self, item: &ProgressItem) -> io::Result<()> {
        match item {
            ProgressItem::Output(text) => self.output.write_all(text.as_bytes())?,
            ProgressItem::Status(status) if self.told.get(&status.id) != Some(&status.status) => {
                if self.told.len() == MOST {
                    self.told.clear();
                }
                self.told.insert(status.id.clone(), status.status.clone());
                writeln!(self.output, "{}", line(status))?;
            }
            ProgressItem::Status(_) | ProgressItem::Outcome(_) => {}
        }
        self.output.flush()
    }
}

/// A status in words.
fn line(status: &ProgressStatus) -> String {
    match &status.id {
        Some(id) => format!("{}: {}", plain(id), plain(&status.status)),
        None => plain(&status.status),
    }
}

/// The text on one line, without what a terminal would take for a command.
fn plain(text: &str) -> String {
    text.trim().chars().map(|symbol| if symbol.is_control() { ' ' } else { symbol }).collect()
}

impl fmt::Debug for View<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Lines(_) => "Lines",
            Self::Bars(_) => "Bars",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_written_whenever_the_words_change() {
        let status = |id: Option<&str>, status: &str, current| {
            let id = id.map(Into::into);
            ProgressItem::Status(ProgressStatus { id, status: status.into(), current, total: Some(9) })
        };
        let mut written = Vec::new();
        let mut screen = Screen::lines(&mut written);
        for item in [
            status(Some("1"), "Pulling", None),
            status(Some("a"), "Downloading", Some(1)),
            status(Some("b"), "Waiting", None),
            status(Some("a"), "Downloading", Some(5)),
            status(Some("b"), "Waiting", None),
            status(Some("a"), "Pull\ncomplete\x1b[1A", None),
            ProgressItem::Output("Step 1/1 : FROM a\n".into()),
            ProgressItem::Output(" ---> a".into()),
            ProgressItem::Output("\n".into()),
            status(None, "Digest: sha256:00", None),
        ] {
            screen.0.show(&item).unwrap();
        }
        drop(screen);
        insta::assert_snapshot!(String::from_utf8(written).unwrap(), @"
        1: Pulling
        a: Downloading
        b: Waiting
        a: Pull complete [1A
        Step 1/1 : FROM a
         ---> a
        Digest: sha256:00
        ");
    }
}
