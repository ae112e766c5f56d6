//! Just enough of Rust's grammar to find the texts in a source file: words, marks and string literals with their lines.

/// A piece of source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    pub line: usize,
    pub piece: Piece,
}

/// What a token is. Comments, characters and lifetimes are left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    Text(String),
    Word(String),
    Mark(char),
}

impl Token {
    /// True for this word.
    pub fn is_word(&self, word: &str) -> bool {
        matches!(&self.piece, Piece::Word(own) if own == word)
    }

    /// True for this mark.
    pub fn is_mark(&self, mark: char) -> bool {
        self.piece == Piece::Mark(mark)
    }
}

/// Reads a whole file.
pub fn tokens(source: &str) -> Vec<Token> {
    let mut reader = Reader { rest: source, line: 1 };
    let mut found = Vec::new();
    while let Some(next) = reader.rest.chars().next() {
        let line = reader.line;
        if let Some(piece) = reader.piece(next) {
            found.push(Token { line, piece });
        }
    }
    found
}

struct Reader<'a> {
    rest: &'a str,
    line: usize,
}

impl Reader<'_> {
    fn piece(&mut self, next: char) -> Option<Piece> {
        if self.rest.starts_with("//") {
            let end = self.rest.find('\n').unwrap_or(self.rest.len());
            self.skip(end);
            return None;
        }
        if self.rest.starts_with("/*") {
            self.skip_block();
            return None;
        }
        if let Some((prefix, hashes)) = self.raw_opening() {
            self.skip(prefix + hashes + 1);
            return Some(Piece::Text(self.raw_text(hashes)));
        }
        if next == '"' || self.rest.starts_with("b\"") || self.rest.starts_with("c\"") {
            self.skip(if next == '"' { 1 } else { 2 });
            return Some(Piece::Text(self.text()));
        }
        if next == '\'' {
            self.skip_quote();
            return None;
        }
        if next.is_alphanumeric() || next == '_' {
            let end = self.rest.find(|other: char| !other.is_alphanumeric() && other != '_').unwrap_or(self.rest.len());
            return Some(Piece::Word(self.skip(end).to_owned()));
        }
        self.skip(next.len_utf8());
        (!next.is_whitespace()).then_some(Piece::Mark(next))
    }

    fn skip(&mut self, bytes: usize) -> &str {
        let (skipped, rest) = self.rest.split_at_checked(bytes).unwrap_or((self.rest, ""));
        self.line += skipped.matches('\n').count();
        self.rest = rest;
        skipped
    }

    fn skip_block(&mut self) {
        let mut depth = 0;
        loop {
            match self.rest {
                rest if rest.starts_with("/*") => depth += 1,
                rest if rest.starts_with("*/") => depth -= 1,
                "" => return,
                rest => {
                    let next = rest.chars().next().map_or(1, char::len_utf8);
                    self.skip(next);
                    continue;
                }
            }
            self.skip(2);
            if depth == 0 {
                return;
            }
        }
    }

    /// The lengths of prefix and hashes of `r"`, `r#"`, `br"`, ….
    fn raw_opening(&self) -> Option<(usize, usize)> {
        let prefix = ["r", "br", "cr"].into_iter().find(|prefix| {
            let after = self.rest.strip_prefix(prefix).map(|rest| rest.trim_start_matches('#'));
            after.is_some_and(|after| after.starts_with('"'))
        })?;
        let after = self.rest.strip_prefix(prefix)?;
        Some((prefix.len(), after.len() - after.trim_start_matches('#').len()))
    }

    fn raw_text(&mut self, hashes: usize) -> String {
        let closing = format!("\"{}", "#".repeat(hashes));
        let end = self.rest.find(&closing).unwrap_or(self.rest.len());
        let text = self.skip(end).to_owned();
        self.skip(closing.len());
        text
    }

    fn text(&mut self) -> String {
        let mut text = String::new();
        while let Some(next) = self.rest.chars().next() {
            self.skip(next.len_utf8());
            match next {
                '"' => break,
                '\\' => self.escaped(&mut text),
                other => text.push(other),
            }
        }
        text
    }

    fn escaped(&mut self, text: &mut String) {
        let Some(next) = self.rest.chars().next() else { return };
        self.skip(next.len_utf8());
        match next {
            'n' => text.push('\n'),
            't' => text.push('\t'),
            'r' => text.push('\r'),
            '0' => text.push('\0'),
            '\n' => {
                let blank = self.rest.len() - self.rest.trim_start().len();
                self.skip(blank);
            }
            other => text.push(other),
        }
    }

    /// A character (`'x'`, `'\n'`) or a lifetime (`'a`).
    fn skip_quote(&mut self) {
        self.skip(1);
        let mut after = self.rest.chars();
        match (after.next(), after.next()) {
            (Some('\\'), _) => {
                self.skip(2);
                let end = self.rest.find('\'').map_or(0, |end| end + 1);
                self.skip(end);
            }
            (Some(only), Some('\'')) => {
                self.skip(only.len_utf8() + 1);
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(source: &str) -> Vec<(usize, String)> {
        let text = |token: Token| if let Piece::Text(text) = token.piece { Some((token.line, text)) } else { None };
        tokens(source).into_iter().filter_map(text).collect()
    }

    #[test]
    fn every_form_of_string_is_read_and_nothing_else() {
        let source = r##"
            // "no"
            /* "no" /* "no" */ "no" */
            let a = "one\n\"two\"";
            let b = r#"a "raw" one"#; let c = b"bytes"; let d = 'x'; let e = '"'; let f = '\''; fn g<'a>(x: &'a str) {}
            let h = "joined \
                     lines";
        "##;
        let expected = [(4, "one\n\"two\""), (5, "a \"raw\" one"), (5, "bytes"), (6, "joined lines")];
        assert_eq!(texts(source), expected.map(|(line, text)| (line, text.to_owned())));
    }

    #[test]
    fn an_unfinished_file_is_read_to_its_end() {
        for source in ["\"open", "r#\"open", "/* open", "'", "'\\", "\"a\\"] {
            let _ = tokens(source);
        }
    }
}
