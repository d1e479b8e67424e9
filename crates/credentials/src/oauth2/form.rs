//! A body of `application/x-www-form-urlencoded`.

use headwater_core::percent::escape_query;

#[derive(Debug, Default)]
pub(super) struct Form(String);

impl Form {
    pub(super) fn add(&mut self, name: &str, value: &str) {
        if !self.0.is_empty() {
            self.0.push('&');
        }
        escape_query(&mut self.0, name);
        self.0.push('=');
        escape_query(&mut self.0, value);
    }

    pub(super) fn text(self) -> String {
        self.0
    }
}
