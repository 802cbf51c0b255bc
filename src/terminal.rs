//! [`TerminalSize`], the rows and columns of a TTY.

/// The size of a terminal, in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct TerminalSize {
    /// Height, in characters.
    pub rows: u16,
    /// Width, in characters.
    pub columns: u16,
}

impl From<(u16, u16)> for TerminalSize {
    /// Creates a size from rows and columns, in this order.
    fn from((rows, columns): (u16, u16)) -> Self {
        Self { rows, columns }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminal_size_from_rows_and_columns() {
        assert_eq!(TerminalSize::from((24, 80)), TerminalSize { rows: 24, columns: 80 });
    }
}
