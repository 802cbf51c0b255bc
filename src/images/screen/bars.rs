//! Progress bars on a terminal, one per layer or tag.

use std::{collections::HashMap, io};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

#[cfg(feature = "buildkit")]
use super::live::LiveGraph;
use super::{MAX_TRACKED, line, plain, terminal::Terminal};
use crate::images::{ProgressItem, ProgressStatus, ProgressUnits};

pub(super) struct Bars<'a> {
    terminal: Terminal<'a>,
    group: Option<Group>,
    /// The steps of a build with BuildKit, which are displayed below everything else.
    #[cfg(feature = "buildkit")]
    graph: LiveGraph,
    /// Whether the cursor is after text that has not ended its line.
    #[cfg(feature = "buildkit")]
    has_partial_line: bool,
}

/// The bars that are still updated. Text that is written after them finishes them.
struct Group {
    bars: MultiProgress,
    by_id: HashMap<String, (ProgressBar, Layout)>,
}

/// The parts of a bar.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Layout {
    /// The status.
    Message,
    /// The status and the bytes done.
    Bytes,
    /// The status, a bar, the bytes done and the total.
    BytesOfTotal,
    /// The status and a bar.
    Bar,
}

impl<'a> Bars<'a> {
    pub(super) fn new(terminal: Terminal<'a>) -> Self {
        Self {
            terminal,
            group: None,
            #[cfg(feature = "buildkit")]
            graph: LiveGraph::default(),
            #[cfg(feature = "buildkit")]
            has_partial_line: false,
        }
    }

    pub(super) fn show(&mut self, item: &ProgressItem) -> io::Result<()> {
        match item {
            ProgressItem::Output(text) => self.write(text),
            ProgressItem::Status(status) => match &status.id {
                Some(id) => self.update(id, status),
                None => self.write(&(line(status) + "\n")),
            },
            #[cfg(feature = "buildkit")]
            ProgressItem::Trace(trace) => {
                self.finish_bars()?;
                self.end_line()?;
                self.graph.add(trace, &self.terminal);
                Ok(())
            }
            ProgressItem::Outcome(_) => Ok(()),
        }
    }

    /// Whether times are displayed that change while no item arrives.
    #[cfg(feature = "buildkit")]
    pub(super) fn is_live(&self) -> bool {
        self.graph.has_steps()
    }

    /// Updates the times that are displayed.
    #[cfg(feature = "buildkit")]
    pub(super) fn refresh(&mut self) {
        if self.group.is_none() && !self.has_partial_line {
            self.graph.draw(&self.terminal);
        }
    }

    /// Writes the last state, which remains on the terminal.
    pub(super) fn finish(&mut self) -> io::Result<()> {
        self.finish_bars()?;
        #[cfg(feature = "buildkit")]
        if self.graph.has_steps() {
            self.end_line()?;
            self.graph.finish(&mut self.terminal)?;
        }
        Ok(())
    }

    fn write(&mut self, text: &str) -> io::Result<()> {
        self.clear_graph();
        self.finish_bars()?;
        #[cfg(feature = "buildkit")]
        {
            self.has_partial_line = !text.ends_with('\n');
        }
        self.terminal.write(text)
    }

    /// Ends a line of text, before the steps of a build are displayed.
    #[cfg(feature = "buildkit")]
    fn end_line(&mut self) -> io::Result<()> {
        if std::mem::take(&mut self.has_partial_line) { self.terminal.write("\n") } else { Ok(()) }
    }

    fn update(&mut self, id: &str, status: &ProgressStatus) -> io::Result<()> {
        self.clear_graph();
        if self.group.as_ref().is_some_and(|group| group.by_id.len() == MAX_TRACKED) {
            self.finish_bars()?;
        }
        let target = &self.terminal.target;
        let group = self.group.get_or_insert_with(|| Group::new(target()));
        group.update(id, status);
        Ok(())
    }

    /// Makes room for other items, which remain above the steps.
    fn clear_graph(&mut self) {
        #[cfg(feature = "buildkit")]
        self.graph.clear();
    }

    /// Stops updating the bars, and moves the cursor to the line after them.
    fn finish_bars(&mut self) -> io::Result<()> {
        let Some(group) = self.group.take() else { return Ok(()) };
        for (bar, _) in group.by_id.values() {
            bar.abandon();
        }
        self.terminal.write("\n")
    }
}

impl Drop for Bars<'_> {
    fn drop(&mut self) {
        // An error has no receiver in `drop`.
        let _ = self.finish();
    }
}

impl Group {
    fn new(target: ProgressDrawTarget) -> Self {
        Self { bars: MultiProgress::with_draw_target(target), by_id: HashMap::new() }
    }

    fn update(&mut self, id: &str, status: &ProgressStatus) {
        let layout = Layout::of(status);
        let id = plain(id);
        let (bar, shown) = self.by_id.entry(id.clone()).or_insert_with(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
            (self.bars.add(bar.with_prefix(id).with_style(layout.style())), layout)
        });
        if *shown != layout {
            bar.set_style(layout.style());
            *shown = layout;
        }
        let (current, total) = (status.current.unwrap_or_default(), status.total.unwrap_or_default());
        bar.set_length(total);
        bar.set_position(if total > 0 { current.min(total) } else { current });
        bar.set_message(message(status));
    }
}

impl Layout {
    fn of(status: &ProgressStatus) -> Self {
        match (status.current, status.total) {
            (_, Some(_)) if are_bytes(status) => Self::BytesOfTotal,
            (Some(_), None) if are_bytes(status) => Self::Bytes,
            (_, Some(_)) => Self::Bar,
            (_, None) => Self::Message,
        }
    }

    fn style(self) -> ProgressStyle {
        let template = match self {
            Self::Message => "{prefix}: {msg}",
            Self::Bytes => "{prefix}: {msg} {decimal_bytes}",
            Self::BytesOfTotal => "{prefix}: {msg} [{bar:30}] {decimal_bytes}/{decimal_total_bytes}",
            Self::Bar => "{prefix}: {msg} [{bar:30}]",
        };
        let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        style.progress_chars("=> ")
    }
}

/// Whether the counts are bytes to be displayed.
fn are_bytes(status: &ProgressStatus) -> bool {
    status.units == ProgressUnits::Bytes && !status.hides_counts
}

/// The status, with the counts unless they are bytes, which the bar displays.
fn message(status: &ProgressStatus) -> String {
    let message = plain(&status.status);
    let units = plain(&status.units.to_string());
    match (status.current, status.total) {
        _ if status.hides_counts || status.units == ProgressUnits::Bytes => message,
        (current, Some(total)) => format!("{message} {}/{total} {units}", current.unwrap_or_default()),
        (Some(current), None) => format!("{message} {current} {units}"),
        (None, None) => message,
    }
}

#[cfg(test)]
mod tests {
    use indicatif::{InMemoryTerm, TermLike as _};
    use insta::assert_snapshot;

    use super::*;

    fn status(id: &str, status: &str, bytes: Option<(u64, u64)>) -> ProgressItem {
        let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let (current, total) = (bytes.map(|bytes| bytes.0), bytes.map(|bytes| bytes.1).filter(|total| *total > 0));
        let status = status.into();
        ProgressItem::Status(ProgressStatus { id: some(id), status, current, total, ..Default::default() })
    }

    /// The content of a terminal after `items` and a shell prompt.
    fn shown(items: &[ProgressItem]) -> String {
        let terminal = InMemoryTerm::new(20, 80);
        let mut bars = Bars::new(Terminal::in_memory(&terminal));
        for item in items {
            bars.show(item).unwrap();
        }
        drop(bars);
        terminal.write_str("$ ").unwrap();
        terminal.contents()
    }

    fn hidden() -> Terminal<'static> {
        let terminal = Terminal::in_memory(&InMemoryTerm::new(5, 80));
        Terminal { target: Box::new(ProgressDrawTarget::hidden), ..terminal }
    }

    #[test]
    fn bars_of_a_pull_are_one_line_per_layer() {
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
    fn bars_do_not_show_seconds_as_bytes() {
        let extracting = |id: &str, counts, units, hides_counts| {
            let ProgressItem::Status(status) = status(id, "Extracting", Some(counts)) else { unreachable!() };
            ProgressItem::Status(ProgressStatus { units, hides_counts, ..status })
        };
        let items = [
            extracting("f43c", (3, 0), ProgressUnits::Seconds, false),
            extracting("3ed4", (3, 6), ProgressUnits::Seconds, false),
            extracting("9945", (3, 6), ProgressUnits::Other("{pos}".into()), false),
            extracting("63a8", (3, 6), ProgressUnits::Bytes, true),
        ];
        assert_snapshot!(shown(&items), @"
        f43c: Extracting 3 s
        3ed4: Extracting 3/6 s [===============>              ]
        9945: Extracting 3/6 {pos} [===============>              ]
        63a8: Extracting [===============>              ]
        $
        ");
    }

    #[test]
    fn bars_are_finished_before_output_of_a_build() {
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
    fn bars_are_bounded_in_number() {
        let mut bars = Bars::new(hidden());
        for index in 0..2 * MAX_TRACKED + 1 {
            bars.show(&status(&index.to_string(), "Waiting", None)).unwrap();
        }
        assert_eq!(bars.group.as_ref().unwrap().by_id.len(), 1);
    }

    #[test]
    fn bars_keep_a_bounded_part_of_long_ids() {
        let mut bars = Bars::new(hidden());
        bars.show(&status(&"1".repeat(1 << 20), &"a".repeat(1 << 20), None)).unwrap();
        let group = bars.group.as_ref().unwrap();
        assert!(group.by_id.iter().all(|(id, (bar, _))| id.len() + bar.message().len() <= 1000));
    }

    #[test]
    fn bars_remove_control_characters() {
        let items = [status("a\x1b[2J", "b\r\nc\x1b]0;title\x07", None), status("", "d\x1b[1A", None)];
        assert_snapshot!(shown(&items), @"
        a [2J: b  c ]0;title
        d [1A
        $
        ");
    }

    #[cfg(feature = "buildkit")]
    #[test]
    fn bars_and_output_remain_above_the_steps_of_a_build() {
        use std::time::Duration;

        use crate::{
            Timestamp,
            images::{BuildTrace, Vertex},
        };

        let step = |name: &str, seconds: u64| {
            let at = |seconds| Some(Timestamp::UNIX_EPOCH + Duration::from_secs(seconds));
            let (started, completed) = (at(0), at(seconds));
            let vertex = Vertex { digest: name.into(), name: name.into(), started, completed, ..Vertex::default() };
            ProgressItem::Trace(BuildTrace { vertices: vec![vertex], ..BuildTrace::default() })
        };
        let items = [
            step("[1/2] FROM busybox", 1),
            ProgressItem::Output("a warning".into()),
            step("[2/2] RUN make", 2),
            status("f43c", "Pushing", Some((1, 2))),
            status("f43c", "Pushed", None),
            step("exporting", 3),
        ];
        assert_snapshot!(shown(&items), @"
        a warning
        f43c: Pushed
        [+] Building 3.0s (3/3) FINISHED
         => [1/2] FROM busybox                                                     1.0s
         => [2/2] RUN make                                                         2.0s
         => exporting                                                              3.0s
        $
        ");
    }
}
