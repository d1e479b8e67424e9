//! The status that the binary annotations of a span say. Source: Go, statusMapper.

use std::borrow::Cow;

use crate::attributes::Value;
use crate::span::status;

/// What was found so far.
#[derive(Debug, Default)]
pub(super) struct Status<'a> {
    status: Found<'a>,
    census: Found<'a>,
    http: Found<'a>,
    error: bool,
}

#[derive(Debug, Default)]
struct Found<'a> {
    code: Option<i32>,
    message: Cow<'a, str>,
}

impl<'a> Status<'a> {
    /// Takes in an annotation; true if it is no attribute of the span.
    pub(super) fn takes(&mut self, name: &str, value: &Value<'a>) -> bool {
        match name {
            "census.status_code" => {
                // There, 0 is fine and everything else an error.
                if let Some(code) = code(value) {
                    self.census.code = Some(if code == 0 { status::OK } else { status::ERROR });
                }
            }
            "census.status_description" | "opencensus.status_description" => {
                self.census.message = text(value);
            }
            "otel.status_code" => {
                if let Some(code) = code(value) {
                    self.status.code = Some(code);
                }
            }
            "otel.status_description" => self.status.message = text(value),
            "http.status_code" => {
                if let Some(code) = code(value) {
                    let is_fine = (100..400).contains(&code);
                    self.http.code = Some(if is_fine {
                        status::UNSET
                    } else {
                        status::ERROR
                    });
                }
                return false;
            }
            "http.status_message" => {
                self.http.message = text(value);
                return false;
            }
            "error" => self.error = true,
            _ => return false,
        }
        true
    }

    /// Code and message.
    pub(super) fn finish(self) -> (i32, Cow<'a, str>) {
        let found = if self.census.code.is_some() {
            self.census
        } else if self.status.code.is_some() {
            self.status
        } else if self.error {
            let message = if self.census.message.is_empty() {
                self.status.message
            } else {
                self.census.message
            };
            Found {
                code: Some(status::ERROR),
                message,
            }
        } else {
            self.http
        };
        match found.code {
            Some(code) => (code, found.message),
            None => (status::UNSET, Cow::Borrowed("")),
        }
    }
}

fn text<'a>(value: &Value<'a>) -> Cow<'a, str> {
    match value {
        Value::Text(text) => text.clone(),
        _ => Cow::Borrowed(""),
    }
}

/// A number, or a text that is one.
fn code(value: &Value<'_>) -> Option<i32> {
    match value {
        Value::Int(number) => i32::try_from(*number).ok(),
        Value::Text(text) => text.parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(annotations: &[(&str, &'static str)]) -> (i32, String) {
        let mut found = Status::default();
        for (name, value) in annotations {
            found.takes(name, &Value::text(*value));
        }
        let (code, message) = found.finish();
        (code, message.into_owned())
    }

    #[test]
    fn the_surest_source_counts() {
        let http = ("http.status_code", "500");
        let message = ("http.status_message", "oops");
        assert_eq!(of(&[http, message]), (2, "oops".to_owned()));
        assert_eq!(
            of(&[("http.status_code", "399"), message]),
            (0, "oops".to_owned())
        );
        let error = ("error", "false");
        let description = ("otel.status_description", "d");
        assert_eq!(of(&[http, error, description]), (2, "d".to_owned()));
        let otel = ("otel.status_code", "1");
        assert_eq!(of(&[http, error, description, otel]), (1, "d".to_owned()));
        let census = ("census.status_code", "0");
        assert_eq!(of(&[otel, census]), (1, String::new()));
        assert_eq!(of(&[("otel.status_code", "x")]), (0, String::new()));
    }
}
