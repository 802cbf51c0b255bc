//! Rendering of the state.

use dockerclient::containers::Traffic;
use ratatui::{
    Frame,
    layout::{Constraint, Layout},
    style::{Color, Style, Stylize as _},
    text::Line,
    widgets::{Cell, Paragraph, Row as TableRow, Table},
};

use crate::state::{Column, Row, State};

/// Bars of increasing height.
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

pub(crate) fn draw(frame: &mut Frame<'_>, state: &State) {
    let [head, body, foot] =
        Layout::vertical([Constraint::Length(2), Constraint::Min(0), Constraint::Length(1)]).areas(frame.area());
    let rows = state.rows();
    let summary = format!("{} running, {}", rows.len(), state.connection);
    frame.render_widget(Paragraph::new(vec![Line::from(&*state.engine).bold(), Line::from(summary)]), head);
    frame.render_widget(table(state.sorted_by, &rows), body);
    frame.render_widget(Line::from("q quit   sort by: c CPU  m memory  n network  b block IO").dim(), foot);
}

fn table(sorted_by: Column, rows: &[&Row]) -> Table<'static> {
    let title = |text: &'static str, column: Option<Column>| {
        let is_chosen = column == Some(sorted_by);
        Cell::from(text).style(if is_chosen { Style::new().bold().underlined() } else { Style::new().bold() })
    };
    let titles = TableRow::new([
        title("NAME", None),
        title("CPU %", Some(Column::Cpu)),
        title("", None),
        title("MEMORY", Some(Column::Memory)),
        title("NET IN/OUT", Some(Column::Network)),
        title("BLOCK IN/OUT", Some(Column::BlockIo)),
    ]);
    let widths = [
        Constraint::Min(12),
        Constraint::Length(6),
        Constraint::Length(12),
        Constraint::Length(12),
        Constraint::Length(13),
        Constraint::Length(13),
    ];
    Table::new(rows.iter().map(|row| line(row)), widths).header(titles)
}

fn line(row: &Row) -> TableRow<'static> {
    let heat = match row.cpu {
        cpu if cpu >= 80.0 => Color::Red,
        cpu if cpu >= 20.0 => Color::Yellow,
        _ => Color::Green,
    };
    TableRow::new([
        Cell::from(row.name.clone()),
        Cell::from(format!("{:>6.1}", row.cpu)).style(heat),
        Cell::from(graph(row)).style(heat),
        Cell::from(memory(row)),
        Cell::from(row.network.map_or_else(absent, traffic)),
        Cell::from(row.block_io.map_or_else(absent, traffic)),
    ])
}

/// Placeholder for a value that the engine does not report.
fn absent() -> String {
    "-".to_owned()
}

fn memory(row: &Row) -> String {
    let used = row.memory.map_or_else(absent, bytes);
    match row.memory_percent {
        Some(percent) => format!("{used} {percent:.0} %"),
        None => used,
    }
}

/// Returns the last samples as bars, scaled to the highest one.
fn graph(row: &Row) -> String {
    let highest = row.history.iter().copied().max().unwrap_or_default().max(10);
    let last = row.history.len().saturating_sub(12);
    row.history.iter().skip(last).map(|cpu| BARS[usize::try_from(cpu * 7 / highest).unwrap_or(7)]).collect()
}

fn traffic(traffic: Traffic) -> String {
    format!("{}/{}", bytes(traffic.input), bytes(traffic.output))
}

/// Formats a number of bytes with a unit.
fn bytes(count: u64) -> String {
    let mut value = count as f64;
    for unit in ["B", "K", "M", "G"] {
        if value < 1000.0 {
            return if value < 10.0 && unit != "B" { format!("{value:.1}{unit}") } else { format!("{value:.0}{unit}") };
        }
        value /= 1024.0;
    }
    format!("{value:.1}T")
}

#[cfg(test)]
mod tests {
    use ratatui::{Terminal, backend::TestBackend};

    use super::*;

    #[test]
    fn view_sorts_by_cpu_usage() {
        let row = |name: &str, cpu: f64, memory| Row {
            name: name.into(),
            cpu,
            memory: Some(memory),
            memory_percent: Some(3.0),
            network: Some(Traffic { input: 1200, output: 3_400_000 }),
            block_io: Some(Traffic { input: 0, output: 70_000 }),
            history: [1, 20, 400, (cpu * 10.0) as u64].into(),
        };
        let mut state = State::new("engine 20.10.24 (linux), API 1.41".into());
        state.connection = "connected".into();
        let state = state.with("1", row("idle", 0.3, 900)).with("2", row("busy", 99.6, 5_600_000));
        let mut terminal = Terminal::new(TestBackend::new(80, 6)).unwrap();
        terminal.draw(|frame| draw(frame, &state)).unwrap();
        insta::assert_snapshot!(terminal.backend(), @r#"
        "engine 20.10.24 (linux), API 1.41                                               "
        "2 running, connected                                                            "
        "NAME                CPU %               MEMORY       NET IN/OUT    BLOCK IN/OUT "
        "busy                  99.6 ▁▁▃█         5.3M 3 %     1.2K/3.2M     0B/68K       "
        "idle                   0.3 ▁▁█▁         900B 3 %     1.2K/3.2M     0B/68K       "
        "q quit   sort by: c CPU  m memory  n network  b block IO                        "
        "#);
    }
}
