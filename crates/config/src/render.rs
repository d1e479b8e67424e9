//! Diagnostics for people and for programs.

mod json;
mod mask;

use std::fmt::Write as _;
use std::sync::Arc;

use headwater_core::config::{
    Code, Diagnostic, Diagnostics, Label, Origin, Severity, Source, Span,
};

pub use json::render_json;

/// Lines longer than this are shown around the caret only.
const MAX_WIDTH: usize = 120;
/// Characters shown before the caret in a line that is cut.
const LEAD: usize = 40;

/// Renders errors and warnings with the lines they are about. Notes are left out: they are for
/// the log. They come in the order of their places. Values of secrets are masked.
///
/// ```text
/// error[C0104]: unknown field `endpont` in receivers::otlp::protocols::grpc
///  --> otelcol.yaml:7:9
/// 7 |         endpont: 0.0.0.0:4317
///   |         ^^^^^^^ did you mean `endpoint`?
/// ```
#[must_use]
pub fn render_human(diagnostics: &Diagnostics, color: bool) -> String {
    let mut out = Output {
        text: String::new(),
        color,
    };
    for diagnostic in in_order(diagnostics) {
        if !out.text.is_empty() {
            out.text.push('\n');
        }
        out.diagnostic(diagnostic, diagnostics.secrets());
    }
    out.text
}

/// Errors and warnings in the order of their places; sources come in the order in which they are
/// mentioned, and what has no place comes first.
fn in_order(diagnostics: &Diagnostics) -> Vec<&Diagnostic> {
    let mut sources: Vec<*const Source> = Vec::new();
    let mut ordered = Vec::new();
    for diagnostic in diagnostics
        .iter()
        .filter(|item| item.severity != Severity::Note)
    {
        let place = diagnostic.span().map(|span| {
            let source = Arc::as_ptr(&span.source);
            let known = sources.iter().position(|known| *known == source);
            let index = known.unwrap_or_else(|| {
                sources.push(source);
                sources.len() - 1
            });
            (index, span.start)
        });
        ordered.push((place, diagnostic));
    }
    ordered.sort_by_key(|(place, _)| *place);
    ordered
        .into_iter()
        .map(|(_, diagnostic)| diagnostic)
        .collect()
}

/// One line of a source as it may be shown.
#[derive(Debug)]
struct Excerpt {
    line_number: usize,
    text: String,
    /// Where the caret begins, in characters of `text`.
    caret: usize,
    /// How many characters are marked; at least one.
    width: usize,
}

/// The line of a place, with secrets masked, and the part of it to mark.
fn excerpt(span: &Span, secrets: &[Span], code: Code) -> Excerpt {
    let text = &span.source.text;
    let (line_number, _) = span.position();
    let mut start = span.start.min(text.len());
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
    let line_end = text[start..].find('\n').map_or(text.len(), |at| start + at);
    let line = text[line_start..line_end].trim_end_matches('\r');
    let mut end = span
        .end
        .clamp(start, line_start + line.len().max(start - line_start));
    while !text.is_char_boundary(end) {
        end += 1;
    }
    let masked = mask::mask(span, line, line_start, secrets, code);
    let mut shown = String::with_capacity(line.len());
    let mut caret = None;
    let mut caret_end = None;
    let mut at = 0;
    let mut ranges = masked.into_iter().peekable();
    while at <= line.len() {
        if caret.is_none() && line_start + at >= start {
            caret = Some(shown.chars().count());
        }
        if caret_end.is_none() && line_start + at >= end {
            caret_end = Some(shown.chars().count());
        }
        if let Some(range) = ranges.next_if(|range| range.start <= at) {
            let before = shown.chars().count();
            shown.push_str(headwater_core::config::REDACTED);
            // A caret inside a secret marks all of it.
            if caret.is_none() && line_start + range.end > start {
                caret = Some(before);
            }
            at = range.end.max(at);
            if at < line.len() || caret_end.is_none() {
                continue;
            }
            break;
        }
        let Some(letter) = line[at..].chars().next() else {
            break;
        };
        match letter {
            '\t' => shown.push_str("    "),
            letter if letter.is_control() => shown.push('\u{fffd}'),
            letter => shown.push(letter),
        }
        at += letter.len_utf8();
    }
    let length = shown.chars().count();
    let caret = caret.unwrap_or(length);
    let width = caret_end.unwrap_or(length).saturating_sub(caret).max(1);
    cut(Excerpt {
        line_number,
        text: shown,
        caret,
        width,
    })
}

/// Cuts a long line to what stands around the caret.
fn cut(excerpt: Excerpt) -> Excerpt {
    if excerpt.text.chars().count() <= MAX_WIDTH {
        return excerpt;
    }
    let skip = excerpt.caret.saturating_sub(LEAD);
    let mut text: String = excerpt.text.chars().skip(skip).take(MAX_WIDTH).collect();
    let mut caret = excerpt.caret - skip;
    if skip > 0 {
        text.insert(0, '…');
        caret += 1;
    }
    if excerpt.text.chars().count() > skip + MAX_WIDTH {
        text.push('…');
    }
    let width = excerpt
        .width
        .min(text.chars().count().saturating_sub(caret))
        .max(1);
    Excerpt {
        text,
        caret,
        width,
        ..excerpt
    }
}

struct Output {
    text: String,
    color: bool,
}

const BOLD: &str = "1";
const RED: &str = "1;31";
const YELLOW: &str = "1;33";
const BLUE: &str = "1;34";

impl Output {
    fn paint(&mut self, style: &str, text: &str) {
        if self.color {
            // Writing to a string cannot fail.
            write!(self.text, "\u{1b}[{style}m{text}\u{1b}[0m").unwrap_or_default();
        } else {
            self.text.push_str(text);
        }
    }

    fn diagnostic(&mut self, diagnostic: &Diagnostic, secrets: &[Span]) {
        let style = match diagnostic.severity {
            Severity::Error => RED,
            Severity::Warning => YELLOW,
            Severity::Note => BLUE,
        };
        let severity = diagnostic.severity.as_str();
        self.paint(style, &format!("{severity}[{}]", diagnostic.code));
        let place = match diagnostic.path.as_str() {
            "" => String::new(),
            path => format!(" in {}", printable(path)),
        };
        self.paint(BOLD, &format!(": {}{place}", diagnostic.message));
        self.text.push('\n');
        let labels: Vec<_> = diagnostic
            .primary
            .iter()
            .chain(&diagnostic.secondary)
            .filter_map(|label| label.origin.span().map(|span| (label, span)))
            .collect();
        let excerpts: Vec<_> = labels
            .iter()
            .map(|(label, span)| (label, span, excerpt(span, secrets, diagnostic.code)))
            .collect();
        let digits = excerpts
            .iter()
            .map(|(_, _, excerpt)| excerpt.line_number.to_string().len())
            .max()
            .unwrap_or(1);
        for (index, (label, span, excerpt)) in excerpts.iter().enumerate() {
            let primary = index == 0 && diagnostic.primary.as_ref() == Some(*label);
            self.excerpt(
                label,
                span,
                excerpt,
                digits,
                if primary { style } else { BLUE },
            );
        }
        self.footer(diagnostic, digits);
    }

    fn excerpt(
        &mut self,
        label: &Label,
        span: &Span,
        excerpt: &Excerpt,
        digits: usize,
        style: &str,
    ) {
        let blank = " ".repeat(digits);
        self.text.push_str(&blank);
        self.paint(BLUE, "--> ");
        self.text.push_str(&span.to_string());
        self.text.push('\n');
        self.paint(BLUE, &format!("{:>digits$} |", excerpt.line_number));
        self.text.push(' ');
        self.text.push_str(&excerpt.text);
        self.text.push('\n');
        self.paint(BLUE, &format!("{blank} |"));
        self.text.push_str(&" ".repeat(excerpt.caret + 1));
        let caret = if style == BLUE { "-" } else { "^" };
        let space = if label.text.is_empty() { "" } else { " " };
        let mark = format!("{}{space}{}", caret.repeat(excerpt.width), label.text);
        self.paint(style, &mark);
        self.text.push('\n');
    }

    /// What stands below the excerpts: a place that cannot be shown, and what to write.
    fn footer(&mut self, diagnostic: &Diagnostic, digits: usize) {
        let blank = " ".repeat(digits);
        if let Some(label) = &diagnostic.primary {
            if let Origin::Env { name, .. } = &label.origin {
                let text = format!("the value comes from the environment variable `{name}`");
                self.note(&blank, "note", &text);
            } else if label.origin.span().is_none() && !label.text.is_empty() {
                self.note(&blank, "note", &label.text);
            }
        }
        if let Some(help) = &diagnostic.help {
            self.note(&blank, "help", help);
        }
    }

    fn note(&mut self, blank: &str, kind: &str, text: &str) {
        self.paint(BLUE, &format!("{blank} = "));
        self.paint(BOLD, kind);
        self.text.push_str(": ");
        self.text.push_str(text);
        self.text.push('\n');
    }
}

/// A path may hold keys with anything in them.
fn printable(path: &str) -> String {
    path.chars()
        .map(|letter| {
            if letter.is_control() {
                '\u{fffd}'
            } else {
                letter
            }
        })
        .collect()
}
