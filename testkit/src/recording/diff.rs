//! Differences between two texts, line by line.

/// The number of pairs of lines up to which the smallest difference is computed.
const MAX_PAIRS: usize = 1 << 20;

/// The number of equal lines that are shown before and after a difference.
const CONTEXT: usize = 3;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    Both,
    Old,
    New,
}

/// Returns the lines of both texts: those of the old one only with `-`, those of the new one only with `+`.
pub(super) fn lines(old: &[String], new: &[String]) -> String {
    let marked = marked(old, new);
    let changed: Vec<usize> = (0..marked.len()).filter(|index| marked[*index].0 != Mark::Both).collect();
    let is_near = |index: usize| {
        let next = changed.partition_point(|change| *change < index);
        let near = |change: Option<&usize>| change.is_some_and(|change| change.abs_diff(index) <= CONTEXT);
        near(changed.get(next)) || near(next.checked_sub(1).and_then(|last| changed.get(last)))
    };
    let (mut text, mut is_omitted) = (String::new(), false);
    for (index, (mark, line)) in marked.iter().enumerate() {
        if is_near(index) {
            let mark = match mark {
                Mark::Both => ' ',
                Mark::Old => '-',
                Mark::New => '+',
            };
            text.push_str(format!("{mark} {line}").trim_end());
            text.push('\n');
            is_omitted = false;
        } else if !is_omitted {
            text.push_str("  …\n");
            is_omitted = true;
        }
    }
    text
}

fn marked<'a>(old: &'a [String], new: &'a [String]) -> Vec<(Mark, &'a str)> {
    let start = old.iter().zip(new).take_while(|(one, other)| one == other).count();
    let (rest_old, rest_new) = (&old[start..], &new[start..]);
    let end = rest_old.iter().rev().zip(rest_new.iter().rev()).take_while(|(one, other)| one == other).count();
    let (middle_old, middle_new) = (&rest_old[..rest_old.len() - end], &rest_new[..rest_new.len() - end]);
    let both = |lines: &'a [String]| lines.iter().map(|line| (Mark::Both, line.as_str()));
    let middle = match middle_old.len().saturating_mul(middle_new.len()) {
        0..=MAX_PAIRS => smallest(middle_old, middle_new),
        _ => {
            let old = middle_old.iter().map(|line| (Mark::Old, line.as_str()));
            old.chain(middle_new.iter().map(|line| (Mark::New, line.as_str()))).collect()
        }
    };
    both(&old[..start]).chain(middle).chain(both(&rest_old[rest_old.len() - end..])).collect()
}

/// The difference with the longest common subsequence.
fn smallest<'a>(old: &'a [String], new: &'a [String]) -> Vec<(Mark, &'a str)> {
    let width = new.len() + 1;
    // The length of the longest common subsequence of the ends of both, from each pair of lines.
    let mut lengths = vec![0_u32; (old.len() + 1) * width];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            lengths[i * width + j] = match old[i] == new[j] {
                true => lengths[(i + 1) * width + j + 1] + 1,
                false => lengths[(i + 1) * width + j].max(lengths[i * width + j + 1]),
            };
        }
    }
    let (mut i, mut j, mut marked) = (0, 0, Vec::new());
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            marked.push((Mark::Both, old[i].as_str()));
            (i, j) = (i + 1, j + 1);
        } else if j == new.len() || (i < old.len() && lengths[(i + 1) * width + j] >= lengths[i * width + j + 1]) {
            marked.push((Mark::Old, old[i].as_str()));
            i += 1;
        } else {
            marked.push((Mark::New, new[j].as_str()));
            j += 1;
        }
    }
    marked
}

#[cfg(test)]
mod tests {
    use super::*;

    fn diff(old: &str, new: &str) -> String {
        let split = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        lines(&split(old), &split(new))
    }

    #[test]
    fn difference_has_marks_and_context() {
        insta::assert_snapshot!(diff("a b c d e f g h i j", "a b c d e X g i j k"), @r"
          …
          c
          d
          e
        - f
        + X
          g
        - h
          i
          j
        + k
        ");
    }

    #[test]
    fn large_difference_is_complete() {
        let numbers = |range: std::ops::Range<u32>| range.map(|number| number.to_string()).collect::<Vec<_>>();
        let text = lines(&numbers(0..2000), &numbers(2000..4000));
        assert_eq!((text.lines().count(), text.lines().next()), (4000, Some("- 0")));
    }
}
