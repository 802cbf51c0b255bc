//! A terminal: a bar for each thing that has something done to it.

use std::{
    collections::HashMap,
    io::{self, Write},
};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::{MOST, line, plain};
use crate::images::{ProgressItem, ProgressStatus};

pub(super) struct Bars<'a> {
    target: Box<dyn Fn() -> ProgressDrawTarget + Send + 'a>,
    /// For what is no bar.
    output: Box<dyn Write + Send + 'a>,
    group: Option<Group>,
}

/// The bars that still move. What is written behind them sets them down for good.
struct Group {
    bars: MultiProgress,
    of: HashMap<String, (ProgressBar, Shape)>,
}

/// What there is to show of something.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// What happens to it.
    Words,
    /// And how many bytes it is about.
    Count,
    /// And of how many.
    Share,
}

impl<'a> Bars<'a> {
    pub(super) fn new(target: impl Fn() -> ProgressDrawTarget + Send + 'a, output: impl Write + Send + 'a) -> Self {
        Self { target: Box::new(target), output: Box::new(output), group: None }
    }

    pub(super) fn show(&mut self, item: &ProgressItem) -> io::Result<()> {
        match item {
            ProgressItem::Output(text) => self.write(text),
            ProgressItem::Status(status) => match &status.id {
                Some(id) => self.update(id, status),
                None => self.write(&(line(status) + "\n")),
            },
            ProgressItem::Outcome(_) => Ok(()),
        }
    }

    fn write(&mut self, text: &str) -> io::Result<()> {
        self.set_down()?;
        self.output.write_all(text.as_bytes())?;
        self.output.flush()
    }

    fn update(&mut self, id: &str, status: &ProgressStatus) -> io::Result<()> {
        if self.group.as_ref().is_some_and(|group| group.of.len() == MOST) {
            self.set_down()?;
        }
        let target = &self.target;
        let group = self.group.get_or_insert_with(|| Group::new(target()));
        group.update(id, status);
        Ok(())
    }

    /// Leaves the bars as they are, and goes to the line behind them.
    fn set_down(&mut self) -> io::Result<()> {
        let Some(group) = self.group.take() else { return Ok(()) };
        for (bar, _) in group.of.values() {
            bar.abandon();
        }
        self.output.write_all(b"\n")?;
        self.output.flush()
    }
}

impl Drop for Bars<'_> {
    fn drop(&mut self) {
        // Whether the line behind the bars could be written matters to nobody any more.
        let _ = self.set_down();
    }
}

impl Group {
    fn new(target: ProgressDrawTarget) -> Self {
        Self { bars: MultiProgress::with_draw_target(target), of: HashMap::new() }
    }

    fn update(&mut self, id: &str, status: &ProgressStatus) {
        let shape = Shape::of(status);
        let (bar, shown) = self.of.entry(id.to_owned()).or_insert_with(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
            (self.bars.add(bar.with_prefix(plain(id)).with_style(shape.style())), shape)
        });
        if *shown != shape {
            bar.set_style(shape.style());
            *shown = shape;
        }
        let (current, total) = (status.current.unwrap_or_default(), status.total.unwrap_or_default());
        bar.set_length(total);
        bar.set_position(if total > 0 { current.min(total) } else { current });
        bar.set_message(plain(&status.status));
    }
}

impl Shape {
    fn of(status: &ProgressStatus) -> Self {
        match (status.current, status.total) {
            (_, Some(_)) => Self::Share,
            (Some(_), None) => Self::Count,
            (None, None) => Self::Words,
        }
    }

    fn style(self) -> ProgressStyle {
        let template = match self {
            Self::Words => "{prefix}: {msg}",
            Self::Count => "{prefix}: {msg} {decimal_bytes}",
            Self::Share => "{prefix}: {msg} [{bar:30}] {decimal_bytes}/{decimal_total_bytes}",
        };
        let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        style.progress_chars("=> ")
    }
}

#[cfg(test)]
mod tests {
    use indicatif::{InMemoryTerm, TermLike as _};
    use insta::assert_snapshot;

    use super::*;

    /// Writes as a terminal does, to which a line end is that and the beginning of the next line.
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

    fn status(id: &str, status: &str, bytes: Option<(u64, u64)>) -> ProgressItem {
        let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let (current, total) = (bytes.map(|bytes| bytes.0), bytes.map(|bytes| bytes.1).filter(|total| *total > 0));
        ProgressItem::Status(ProgressStatus { id: some(id), status: status.into(), current, total })
    }

    /// What is on a terminal once `items` came, and somebody else writes to it.
    fn shown(items: &[ProgressItem]) -> String {
        let terminal = InMemoryTerm::new(20, 80);
        let drawn = terminal.clone();
        let target = move || ProgressDrawTarget::term_like(Box::new(drawn.clone()));
        let mut bars = Bars::new(target, Output(terminal.clone()));
        for item in items {
            bars.show(item).unwrap();
        }
        drop(bars);
        terminal.write_str("$ ").unwrap();
        terminal.contents()
    }

    #[test]
    fn a_pull_has_a_line_for_each_layer() {
        let items = [
            status("1", "Pulling from acme/web", None),
            status("f43c", "Pulling fs layer", None),
            status("3ed4", "Pulling fs layer", None),
            status("f43c", "Downloading", Some((1_000, 5_000_000))),
            status("3ed4", "Downloading", Some((700, 0))),
            status("f43c", "Downloading", Some((2_500_000, 5_000_000))),
            status("f43c", "Download complete", None),
            status("f43c", "Extracting", Some((5_000_001, 5_000_000))),
            status("3ed4", "Pull complete", None),
            status("3ed4", "Waiting", Some((700, 0))),
            status("", "Digest: sha256:00", None),
            status("", "Status: Downloaded newer image for acme/web:1", None),
        ];
        assert_snapshot!(shown(&items), @"
        1: Pulling from acme/web
        f43c: Extracting [==============================] 5.00 MB/5.00 MB
        3ed4: Waiting 700 B
        Digest: sha256:00
        Status: Downloaded newer image for acme/web:1
        $
        ");
        assert_snapshot!(shown(&items[..6]), @"
        1: Pulling from acme/web
        f43c: Downloading [===============>              ] 2.50 MB/5.00 MB
        3ed4: Downloading 700 B
        $
        ");
    }

    #[test]
    fn what_a_build_prints_stands_between_the_bars_of_its_pulls() {
        let output = |text: &str| ProgressItem::Output(text.into());
        let items = [
            output("Step 1/2 : FROM web\n"),
            status("f43c", "Downloading", Some((1, 2))),
            status("f43c", "Pull complete", None),
            output(" ---> f43c\n"),
            output("Step 2/2 : RUN make"),
            output("\n"),
            status("f43c", "Pull complete", None),
            status("3ed4", "Already exists", None),
            ProgressItem::Outcome(serde_json::json!({ "ID": "sha256:00" })),
            output("...done\n"),
        ];
        assert_snapshot!(shown(&items), @"
        Step 1/2 : FROM web
        f43c: Pull complete
         ---> f43c
        Step 2/2 : RUN make
        f43c: Pull complete
        3ed4: Already exists
        ...done
        $
        ");
    }

    #[test]
    fn the_bars_of_a_thousand_layers_are_not_all_kept() {
        let terminal = InMemoryTerm::new(5, 80);
        let mut bars = Bars::new(ProgressDrawTarget::hidden, Output(terminal));
        for index in 0..2 * MOST + 1 {
            bars.show(&status(&index.to_string(), "Waiting", None)).unwrap();
        }
        assert_eq!(bars.group.as_ref().unwrap().of.len(), 1);
    }

    #[test]
    fn no_status_can_command_the_terminal() {
        let items = [status("a\x1b[2J", "b\r\nc\x1b]0;title\x07", None), status("", "d\x1b[1A", None)];
        assert_snapshot!(shown(&items), @"
        a [2J: b  c ]0;title
        d [1A
        $
        ");
    }
}
