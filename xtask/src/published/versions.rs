//! Sets of API versions, written as ranges.

use std::{fmt, str::FromStr};

use anyhow::{Context, Result, ensure};

/// A set of versions 1.0 to 1.63, one bit per version.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Versions(u64);

impl Versions {
    pub(super) fn insert(&mut self, minor: u16) {
        self.0 |= 1 << minor;
    }

    pub(super) fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(super) fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub(super) fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(super) fn contains(self, minor: u16) -> bool {
        self.0 >> minor & 1 == 1
    }
}

/// Formats ranges, for example `1.25-1.30,1.32`, or `-` for the empty set.
impl fmt::Display for Versions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.write_str("-");
        }
        let begins = |minor: &u16| self.contains(*minor) && (*minor == 0 || !self.contains(minor - 1));
        for (index, first) in (0..64).filter(begins).enumerate() {
            let last = (first..64).take_while(|minor| self.contains(*minor)).last().unwrap_or(first);
            let separator = if index == 0 { "" } else { "," };
            match last == first {
                true => write!(f, "{separator}1.{first}")?,
                false => write!(f, "{separator}1.{first}-1.{last}")?,
            }
        }
        Ok(())
    }
}

impl FromStr for Versions {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let mut versions = Self::default();
        for range in text.split(',').filter(|range| *range != "-") {
            let (first, last) = range.split_once('-').unwrap_or((range, range));
            let [first, last] = [minor(first)?, minor(last)?];
            ensure!(first <= last, "{range:?} is not a range of versions");
            (first..=last).for_each(|minor| versions.insert(minor));
        }
        Ok(versions)
    }
}

/// The minor number of a version.
pub(super) fn minor(version: &str) -> Result<u16> {
    let minor = version.strip_prefix("1.").with_context(|| format!("{version:?} is not a version"))?;
    let minor = minor.parse().with_context(|| version.to_owned())?;
    ensure!(minor < 64, "{version} is too new for a set of versions");
    Ok(minor)
}
