//! Text as it is compared: without case, marks, apostrophes and repeated blanks.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Folds text for comparison: NFD, marks dropped (so `ñ` is `n`), apostrophes and glottal signs
/// dropped, lower case, white space runs as one blank. `fold(fold(x)) == fold(x)`.
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    if text.is_ascii() {
        text.chars().for_each(|letter| push(&mut folded, letter.to_ascii_lowercase()));
    } else {
        let lower = text.nfkd().filter(|letter| !is_combining_mark(*letter)).flat_map(char::to_lowercase);
        // Lower case may bring marks of its own (İ gives i and a dot above).
        lower.nfkd().filter(|letter| !is_combining_mark(*letter)).for_each(|letter| push(&mut folded, letter));
    }
    if folded.ends_with(' ') {
        folded.pop();
    }
    folded
}

fn push(folded: &mut String, letter: char) {
    match letter {
        // ' ` ´ ʔ ʕ ʹ ʻ ʼ ʽ ʾ ʿ ˀ ‘ ’ ‛ ′ Ꞌ ꞌ ＇: Mayan glottal stops are typed with any of them.
        '\''
        | '`'
        | '\u{b4}'
        | '\u{294}'
        | '\u{295}'
        | '\u{2b9}'
        | '\u{2bb}'..='\u{2c0}'
        | '\u{2018}'
        | '\u{2019}'
        | '\u{201b}'
        | '\u{2032}'
        | '\u{a78b}'
        | '\u{a78c}'
        | '\u{ff07}' => {}
        blank if blank.is_whitespace() => {
            if !folded.is_empty() && !folded.ends_with(' ') {
                folded.push(' ');
            }
        }
        _ => folded.push(letter),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accents_apostrophes_and_blanks_do_not_matter() {
        assert_eq!(fold("José"), "jose");
        assert_eq!(fold("  MUÑOZ \t Ajú "), "munoz aju");
        for written in ["Tz'unun", "Tz’unun", "Tzʼunun", "tzʔunun", "TZ´UNUN", "tz' unun"] {
            assert_eq!(fold(written).replace(' ', ""), "tzunun", "{written}");
        }
        assert_eq!(fold("İstanbul"), "istanbul");
        assert_eq!(fold("%_\\"), "%_\\");
    }
}
