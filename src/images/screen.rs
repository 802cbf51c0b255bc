//! Progress display: bars on a terminal, lines elsewhere.

use std::{
    collections::HashMap,
    fmt,
    io::{self, Write},
};

use indicatif::ProgressDrawTarget;

use self::bars::Bars;
#[cfg(feature = "buildkit")]
use super::PlainTrace;
use super::{Progress, ProgressItem, ProgressStatus};
use crate::{Error, Result, error::Kind};

mod bars;

/// Maximum number of layers and tags that are tracked at once.
const MAX_TRACKED: usize = 500;

/// Maximum number of characters of an id or a status that are shown.
const MAX_SHOWN: usize = 200;

impl<T> Progress<T> {
    /// Shows the progress on `screen` until the operation is complete, and returns its result. Requires the feature
    /// `progress`.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// use dockerclient::images::Screen;
    ///
    /// let progress = docker.image("busybox").pull().progress().await?;
    /// let busybox = progress.show(Screen::stderr()).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Fails if the operation does, or if the screen cannot be written to.
    ///
    /// # Cancellation
    ///
    /// Dropping this drops the [`Progress`]; the screen is left as it is.
    pub async fn show(mut self, screen: Screen<'_>) -> Result<T> {
        let mut view = screen.0;
        while let Some(item) = self.try_next().await? {
            view.show(&item)
                .map_err(|error| Error::with_source(Kind::LocalIo("failed to write the progress".into()), error))?;
        }
        drop(view);
        self.finish().await
    }
}

/// The output of [`Progress::show`]: bars on a terminal, or lines. Requires the feature `progress`.
#[derive(Debug)]
#[must_use]
pub struct Screen<'a>(View<'a>);

enum View<'a> {
    Lines(Lines<'a>),
    Bars(Bars<'a>),
}

impl Screen<'static> {
    /// Writes to the standard error of this program: bars if it is a terminal, lines otherwise.
    pub fn stderr() -> Self {
        Self::standard(ProgressDrawTarget::stderr, io::stderr())
    }

    /// Writes to the standard output of this program: bars if it is a terminal, lines otherwise.
    pub fn stdout() -> Self {
        Self::standard(ProgressDrawTarget::stdout, io::stdout())
    }

    fn standard(target: fn() -> ProgressDrawTarget, output: impl Write + Send + 'static) -> Self {
        // The target is hidden if it is not a terminal, or a terminal without cursor control.
        if target().is_hidden() { Self::lines(output) } else { Self(View::Bars(Bars::new(target, output))) }
    }
}

impl<'a> Screen<'a> {
    /// Writes a line for each change of a status, but not of its counts, and the output of a build unchanged. The progress of
    /// a build with BuildKit is written as `docker build --progress plain` does.
    pub fn lines(output: impl Write + Send + 'a) -> Self {
        Self(View::Lines(Lines {
            output: Box::new(output),
            shown: HashMap::new(),
            #[cfg(feature = "buildkit")]
            trace: PlainTrace::new(),
        }))
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

/// Output in lines.
struct Lines<'a> {
    output: Box<dyn Write + Send + 'a>,
    /// The status that was shown last, by id.
    shown: HashMap<Option<String>, String>,
    #[cfg(feature = "buildkit")]
    trace: PlainTrace,
}

impl Lines<'_> {
    fn show(&mut self, item: &ProgressItem) -> io::Result<()> {
        match item {
            ProgressItem::Output(text) => self.output.write_all(text.as_bytes())?,
            ProgressItem::Status(status) => {
                let (id, text) = (status.id.as_deref().map(plain), plain(&status.status));
                if self.shown.get(&id) != Some(&text) {
                    writeln!(self.output, "{}", line(status))?;
                    if self.shown.len() == MAX_TRACKED {
                        self.shown.clear();
                    }
                    self.shown.insert(id, text);
                }
            }
            #[cfg(feature = "buildkit")]
            ProgressItem::Trace(trace) => self.output.write_all(self.trace.format(trace).as_bytes())?,
            ProgressItem::Outcome(_) => {}
        }
        self.output.flush()
    }
}

/// Formats a status as one line, without counts.
fn line(status: &ProgressStatus) -> String {
    match &status.id {
        Some(id) => format!("{}: {}", plain(id), plain(&status.status)),
        None => plain(&status.status),
    }
}

/// Returns the beginning of the text on one line, without control characters, which a terminal would interpret.
fn plain(text: &str) -> String {
    text.trim().chars().take(MAX_SHOWN).map(|symbol| if symbol.is_control() { ' ' } else { symbol }).collect()
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
    fn lines_keep_a_bounded_part_of_long_ids_and_statuses() {
        let mut screen = Screen::lines(io::sink());
        for digit in ["1", "2"] {
            let status =
                ProgressStatus { id: Some(digit.repeat(1 << 20)), status: "a".repeat(1 << 20), ..Default::default() };
            screen.0.show(&ProgressItem::Status(status)).unwrap();
        }
        let View::Lines(lines) = &screen.0 else { panic!("not lines") };
        assert_eq!(lines.shown.len(), 2);
        assert!(lines.shown.iter().all(|(id, status)| id.as_ref().unwrap().len() + status.len() <= 2 * MAX_SHOWN));
    }

    #[test]
    fn lines_are_written_when_the_status_text_changes() {
        let status = |id: Option<&str>, status: &str, current| {
            let id = id.map(Into::into);
            let status = status.into();
            ProgressItem::Status(ProgressStatus { id, status, current, total: Some(9), ..Default::default() })
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
