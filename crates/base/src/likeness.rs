//! Names that people could take for one another (threats 111, 130).

/// What remains of a name when letters that look alike are made one. For names in a–z, 0–9 and a few signs only.
pub fn likeness(name: &str) -> String {
    name.replace('0', "o").replace('1', "l").replace("rn", "m").replace("vv", "w")
}

/// A character that cannot be seen, or turns those beside it around.
pub fn is_deceptive(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}
