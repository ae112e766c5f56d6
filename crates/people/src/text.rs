//! Words that people typed: cleaned before they are kept (threat 182).

/// One line of visible text: no control, invisible or direction-changing characters, spaces collapsed. Nothing when none is left
/// or it is longer than `longest` characters.
pub(crate) fn line(typed: &str, longest: usize) -> Option<String> {
    let visible: String = typed.chars().filter(|letter| !is_invisible(*letter)).collect();
    let line = visible.split_whitespace().collect::<Vec<_>>().join(" ");
    let count = line.chars().count();
    (count > 0 && count <= longest).then_some(line)
}

/// As [`line`], cut instead of refused.
pub(crate) fn cut(typed: &str, longest: usize) -> Option<String> {
    let visible: String = typed.chars().filter(|letter| !is_invisible(*letter)).collect();
    let line = visible.split_whitespace().collect::<Vec<_>>().join(" ");
    let short: String = line.chars().take(longest).collect();
    (!short.is_empty()).then_some(short)
}

fn is_invisible(letter: char) -> bool {
    (letter.is_control() && !letter.is_whitespace())
        || matches!(letter, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_seen_is_not_kept() {
        assert_eq!(line("  Ada\u{202e}\u{0}  Moreau\n", 64).as_deref(), Some("Ada Moreau"));
        assert_eq!(line("\u{200b}\u{2066}", 64), None);
        assert_eq!(line(&"a".repeat(65), 64), None);
        assert_eq!(line(&"é".repeat(64), 64).map(|line| line.chars().count()), Some(64));
        assert_eq!(cut(&"a".repeat(99), 64).map(|line| line.len()), Some(64));
    }
}
