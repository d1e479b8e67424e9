//! Lines of an answer that is still being written.

use std::time::Duration;

use bytes::{Bytes, BytesMut};

use crate::api::{Answer, ApiError};

/// Longer lines are no events: an object has at most 1.5 MiB.
const LONGEST_LINE: usize = 16 << 20;

/// Reads an answer line by line.
pub(super) struct Lines {
    answer: Answer,
    silence: Duration,
    read: BytesMut,
    /// Where nobody has looked for the end of a line yet.
    looked_at: usize,
}

impl Lines {
    pub(super) fn new(answer: Answer, silence: Duration) -> Self {
        Self {
            answer,
            silence,
            read: BytesMut::new(),
            looked_at: 0,
        }
    }

    /// The next line that is not empty, or `None` when the server has ended the answer.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, ApiError> {
        loop {
            while let Some(end) = self.read[self.looked_at..].iter().position(|b| *b == b'\n') {
                let line = self.read.split_to(self.looked_at + end + 1).freeze();
                self.looked_at = 0;
                if !line.trim_ascii().is_empty() {
                    return Ok(Some(line));
                }
            }
            self.looked_at = self.read.len();
            if self.read.is_empty() {
                // A large object must not keep its buffer until the next one.
                self.read = BytesMut::new();
            }
            let Some(part) = self.answer.part(self.silence).await? else {
                // Half a line is no event; the watch goes on from the last whole one.
                return Ok(None);
            };
            if self.read.len() + part.len() > LONGEST_LINE {
                return Err(ApiError::TooLarge(LONGEST_LINE));
            }
            self.read.extend_from_slice(&part);
        }
    }
}
