//! Go's syntax to that of the `regex` crate.

/// The same pattern in the syntax of the `regex` crate. A pattern with a mistake keeps it.
#[must_use]
pub fn translate(pattern: &str) -> String {
    let mut translator = Translator {
        rest: pattern,
        out: String::with_capacity(pattern.len() + 16),
    };
    while let Some(next) = translator.next() {
        match next {
            '\\' => translator.escape(),
            '[' => translator.class(),
            '{' if !translator.begins_repetition() => translator.out.push_str("\\{"),
            other => translator.out.push(other),
        }
    }
    translator.out
}

struct Translator<'a> {
    rest: &'a str,
    out: String,
}

impl Translator<'_> {
    fn next(&mut self) -> Option<char> {
        let mut characters = self.rest.chars();
        let next = characters.next();
        self.rest = characters.as_str();
        next
    }

    fn take(&mut self, prefix: &str) -> bool {
        let rest = self.rest.strip_prefix(prefix);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    /// Whether what follows a `{` makes it a repetition: `2}`, `2,}` or `2,3}`.
    fn begins_repetition(&self) -> bool {
        let Some((inside, _)) = self.rest.split_once('}') else {
            return false;
        };
        let (least, most) = inside.split_once(',').unwrap_or((inside, ""));
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        !least.is_empty() && digits(least) && digits(most)
    }

    /// What follows a `\` outside of a class.
    fn escape(&mut self) {
        let Some(next) = self.next() else {
            self.out.push('\\');
            return;
        };
        match next {
            'b' => self.out.push_str("(?-u:\\b)"),
            // The second half keeps it from matching inside a character of several bytes.
            'B' => self.out.push_str(r"(?:(?-u:\B)(?:\b|\B))"),
            'd' => self.out.push_str("[0-9]"),
            'D' => self.out.push_str("[^0-9]"),
            's' => self.out.push_str(r"[\t\n\x0C\r ]"),
            'S' => self.out.push_str(r"[^\t\n\x0C\r ]"),
            'w' => self.out.push_str("[0-9A-Za-z_]"),
            'W' => self.out.push_str("[^0-9A-Za-z_]"),
            'Q' => {
                let (quoted, rest) = self.rest.split_once("\\E").unwrap_or((self.rest, ""));
                self.rest = rest;
                for character in quoted.chars() {
                    self.literal(character);
                }
            }
            '<' | '>' => self.out.push(next),
            // The braces of `\x{1F600}` and `\p{L}` are no repetition.
            'x' | 'p' | 'P' => {
                self.out.push('\\');
                self.out.push(next);
                self.braces();
            }
            other => {
                self.out.push('\\');
                self.out.push(other);
            }
        }
    }

    fn braces(&mut self) {
        if self.rest.starts_with('{')
            && let Some(end) = self.rest.find('}')
        {
            let (braces, rest) = self.rest.split_at(end + 1);
            self.out.push_str(braces);
            self.rest = rest;
        }
    }

    fn literal(&mut self, character: char) {
        if character.is_ascii_punctuation() && !matches!(character, '<' | '>') {
            self.out.push('\\');
        }
        self.out.push(character);
    }

    /// What follows a `[`: a class up to its `]`.
    fn class(&mut self) {
        self.out.push('[');
        if self.take("^") {
            self.out.push('^');
        }
        // A bracket at the very beginning is a member.
        let mut first = true;
        while first || !self.take("]") {
            first = false;
            if self.rest.is_empty() {
                return;
            }
            if self.posix_class() || !self.member() {
                continue;
            }
            // Only one character begins a range; elsewhere a sign is a member.
            let mut ahead = self.rest.chars();
            if ahead.next() == Some('-') && ahead.next().is_some_and(|next| next != ']') {
                self.take("-");
                self.out.push('-');
                self.range_end();
            }
        }
        self.out.push(']');
    }

    /// `[:alpha:]`
    fn posix_class(&mut self) -> bool {
        if self.rest.starts_with("[:")
            && let Some(end) = self.rest.find(":]")
        {
            let (posix, rest) = self.rest.split_at(end + 2);
            self.out.push_str(posix);
            self.rest = rest;
            return true;
        }
        false
    }

    /// A member of a class; true if it is a single character.
    fn member(&mut self) -> bool {
        match self.next() {
            Some('\\') => {}
            Some(other) => {
                self.literal(other);
                return true;
            }
            None => return false,
        }
        let class = match self.next() {
            Some('d') => "0-9",
            Some('D') => "[^0-9]",
            Some('s') => r"\t\n\x0C\r ",
            Some('S') => r"[^\t\n\x0C\r ]",
            Some('w') => "0-9A-Za-z_",
            Some('W') => "[^0-9A-Za-z_]",
            Some(other @ ('p' | 'P')) => {
                self.out.push('\\');
                self.out.push(other);
                self.braces();
                return false;
            }
            Some(other) => {
                self.class_escape(other);
                return true;
            }
            None => "\\",
        };
        self.out.push_str(class);
        false
    }

    /// The last character of a range. A class in its place is a mistake in both syntaxes.
    fn range_end(&mut self) {
        match self.next() {
            Some('\\') => match self.next() {
                Some(other) => self.class_escape(other),
                None => self.out.push('\\'),
            },
            Some(other) => self.literal(other),
            None => {}
        }
    }

    fn class_escape(&mut self, character: char) {
        if character.is_ascii_alphanumeric() {
            self.out.push('\\');
            self.out.push(character);
            if character == 'x' {
                self.braces();
            }
        } else {
            self.literal(character);
        }
    }
}
