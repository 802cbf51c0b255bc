//! Progress display: bars on a terminal, lines elsewhere.

#[cfg(feature = "buildkit")]
use std::time::Duration;
use std::{
    collections::HashMap,
    fmt,
    io::{self, Write},
};

use self::{bars::Bars, terminal::Terminal};
#[cfg(feature = "buildkit")]
use super::{BuildTrace, PlainTrace};
use super::{Progress, ProgressItem, ProgressStatus};
use crate::{Error, Result, error::Kind};

mod bars;
#[cfg(feature = "buildkit")]
mod frame;
#[cfg(feature = "buildkit")]
mod live;
mod terminal;

/// Time after which times that are displayed are updated, if nothing else changes.
#[cfg(feature = "buildkit")]
const REFRESH_INTERVAL: Duration = Duration::from_millis(100);

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
    /// A build with BuildKit, whose steps are updated in place on a terminal:
    ///
    /// ```no_run
    /// # #[cfg(feature = "tar")]
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// use dockerclient::images::{Context, Screen};
    ///
    /// let build = docker.images().build(Context::directory("site")).build_kit(true).tag("web:2");
    /// let web = build.progress().await?.show(Screen::stderr()).await?;
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
    /// Dropping this drops the [`Progress`]; the last state remains on the screen.
    pub async fn show(mut self, screen: Screen<'_>) -> Result<T> {
        let mut view = screen.0;
        while let Some(item) = self.next_shown(&mut view).await? {
            view.show(&item).map_err(not_written)?;
        }
        view.finish().map_err(not_written)?;
        drop(view);
        self.finish().await
    }

    /// Waits for the next item, and updates times that are displayed until then.
    #[cfg(feature = "buildkit")]
    async fn next_shown(&mut self, view: &mut View<'_>) -> Result<Option<ProgressItem>> {
        while view.is_live() {
            // Waiting for an item is cancel safe.
            match tokio::time::timeout(REFRESH_INTERVAL, self.try_next()).await {
                Ok(item) => return item,
                Err(_) => view.refresh().map_err(not_written)?,
            }
        }
        self.try_next().await
    }

    #[cfg(not(feature = "buildkit"))]
    async fn next_shown(&mut self, _: &mut View<'_>) -> Result<Option<ProgressItem>> {
        self.try_next().await
    }
}

fn not_written(error: io::Error) -> Error {
    Error::with_source(Kind::LocalIo("failed to write the progress".into()), error)
}

/// The output of [`Progress::show`]: bars on a terminal, or lines. Requires the feature `progress`.
///
/// The steps of a build with BuildKit are displayed on a terminal as `docker build` does: a line for each step with its
/// duration, the layers that are transferred, and the end of the output of running steps. What the engine sends cannot
/// control the terminal. Colors are not used if `NO_COLOR` is set.
#[derive(Debug)]
#[must_use]
pub struct Screen<'a>(View<'a>);

enum View<'a> {
    Lines(Lines<'a>),
    Bars(Bars<'a>),
}

impl Screen<'static> {
    /// Writes to this program's stderr: bars if it is a terminal, lines otherwise.
    pub fn stderr() -> Self {
        Self::standard(Terminal::stderr(), io::stderr())
    }

    /// Writes to this program's stdout: bars if it is a terminal, lines otherwise.
    pub fn stdout() -> Self {
        Self::standard(Terminal::stdout(), io::stdout())
    }

    fn standard(terminal: Terminal<'static>, output: impl Write + Send + 'static) -> Self {
        if terminal.is_hidden() { Self::lines(output) } else { Self(View::Bars(Bars::new(terminal))) }
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
            #[cfg(feature = "buildkit")]
            has_trace: false,
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

    /// Whether the display changes while no item arrives.
    #[cfg(feature = "buildkit")]
    fn is_live(&self) -> bool {
        match self {
            Self::Lines(lines) => lines.has_trace,
            Self::Bars(bars) => bars.is_live(),
        }
    }

    /// Updates the display while no item arrives.
    #[cfg(feature = "buildkit")]
    fn refresh(&mut self) -> io::Result<()> {
        match self {
            // Lines of steps are held back for a limited time.
            Self::Lines(lines) => {
                let text = lines.trace.format(&BuildTrace::default());
                lines.write(&text)
            }
            Self::Bars(bars) => {
                bars.refresh();
                Ok(())
            }
        }
    }

    /// Writes the last state, which remains.
    fn finish(&mut self) -> io::Result<()> {
        match self {
            Self::Lines(lines) => lines.finish(),
            Self::Bars(bars) => bars.finish(),
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
    #[cfg(feature = "buildkit")]
    has_trace: bool,
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
            ProgressItem::Trace(trace) => {
                self.has_trace = true;
                self.output.write_all(self.trace.format(trace).as_bytes())?;
            }
            ProgressItem::Outcome(_) => {}
        }
        self.output.flush()
    }

    /// Writes the lines of a build that are held back.
    fn finish(&mut self) -> io::Result<()> {
        #[cfg(feature = "buildkit")]
        {
            let text = self.trace.finish();
            self.write(&text)?;
        }
        Ok(())
    }

    #[cfg(feature = "buildkit")]
    fn write(&mut self, text: &str) -> io::Result<()> {
        if text.is_empty() {
            return Ok(());
        }
        self.output.write_all(text.as_bytes())?;
        self.output.flush()
    }
}

impl Drop for Lines<'_> {
    fn drop(&mut self) {
        // An error has no receiver in `drop`.
        let _ = self.finish();
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

    #[cfg(feature = "buildkit")]
    #[test]
    fn lines_that_are_held_back_are_written_at_the_end() {
        use crate::{
            Timestamp,
            images::{Vertex, VertexLog},
        };

        let started = Some(Timestamp::UNIX_EPOCH);
        let vertex = |name: &str| Vertex { digest: name.into(), name: name.into(), started, ..Vertex::default() };
        let log =
            |name: &str| VertexLog { vertex: name.into(), text: format!("{name} writes\n"), ..VertexLog::default() };
        let vertices = vec![vertex("RUN a"), vertex("RUN b")];
        let trace = BuildTrace { vertices, logs: vec![log("RUN a"), log("RUN b")], ..BuildTrace::default() };
        let mut written = Vec::new();
        let mut screen = Screen::lines(&mut written);
        assert!(!screen.0.is_live());
        screen.0.show(&ProgressItem::Trace(trace)).unwrap();
        assert!(screen.0.is_live());
        screen.0.refresh().unwrap();
        drop(screen);
        insta::assert_snapshot!(String::from_utf8(written).unwrap(), @"
        #1 RUN a
        #1 RUN a writes
        #1 ...

        #2 RUN b
        #2 RUN b writes
        ");
    }
}
