//! Upper and lower case as Go has it: character by character, each to one character.

/// Lower case.
pub(super) fn lower(text: &str) -> String {
    text.chars().map(lower_char).collect()
}

/// Upper case.
pub(super) fn upper(text: &str) -> String {
    text.chars().map(upper_char).collect()
}

fn lower_char(character: char) -> char {
    // The only one whose full mapping has two characters although there is one of a single one.
    if character == '\u{130}' {
        return 'i';
    }
    single(character.to_lowercase(), character)
}

fn upper_char(character: char) -> char {
    match character {
        // Greek with iota subscript: the single character is the title case.
        '\u{1f80}'..='\u{1f87}' | '\u{1f90}'..='\u{1f97}' | '\u{1fa0}'..='\u{1fa7}' => {
            char::from_u32(u32::from(character) + 8).unwrap_or(character)
        }
        '\u{1fb3}' | '\u{1fc3}' | '\u{1ff3}' => {
            char::from_u32(u32::from(character) + 9).unwrap_or(character)
        }
        _ => single(character.to_uppercase(), character),
    }
}

fn single(mut mapped: impl ExactSizeIterator<Item = char>, character: char) -> char {
    if mapped.len() == 1 {
        mapped.next().unwrap_or(character)
    } else {
        character
    }
}
