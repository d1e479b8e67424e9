//! The W3C trace state, and OpenTelemetry's part of it.

use thiserror::Error;

use crate::{Randomness, Threshold};

/// The most bytes of a trace state that are looked at.
const MAX_LENGTH: usize = 1024;

/// The most members, and one more.
const MAX_MEMBERS: usize = 32;

/// The most bytes of OpenTelemetry's member.
const MAX_OTEL_LENGTH: usize = 256;

/// Why a trace state is not what it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TraceStateError {
    /// Too long, or too many members.
    #[error("invalid tracestate size")]
    Size,
    /// Not written as W3C or OpenTelemetry say.
    #[error("invalid syntax")]
    Syntax,
    /// A sampling threshold that is none.
    #[error("invalid t-value")]
    Threshold,
    /// A randomness that is none.
    #[error("invalid r-value")]
    Randomness,
    /// An update that would keep more than was kept so far.
    #[error("cannot raise existing sampling probability")]
    Inconsistent,
}

/// A trace state taken apart; everything in it survives but white space between the members.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TraceState<'a> {
    text: &'a [u8],
    /// OpenTelemetry's member.
    otel: &'a [u8],
    threshold: Option<Threshold>,
    randomness: Option<Randomness>,
}

impl<'a> TraceState<'a> {
    /// Takes `text` apart. With an error comes what could be read all the same.
    ///
    /// # Errors
    /// Any [`TraceStateError`] but [`TraceStateError::Inconsistent`].
    pub fn parse(text: &'a [u8]) -> Result<Self, (Self, TraceStateError)> {
        let mut state = Self::default();
        if text.is_empty() {
            return Ok(state);
        }
        let fail = |error| Err((Self::default(), error));
        if text.len() > MAX_LENGTH {
            return fail(TraceStateError::Size);
        }
        if !members(text).all(is_member) {
            return fail(TraceStateError::Syntax);
        }
        state.text = text;
        let mut error = None;
        let separators = text.iter().filter(|byte| **byte == b',').count();
        let pieces = separators + usize::from(text.last() != Some(&b','));
        if pieces >= MAX_MEMBERS {
            return fail(TraceStateError::Size);
        }
        for member in members(text) {
            let (key, value) = split(member, b'=');
            let (tenant, system) = split(key, b'@');
            if key.len() > 256 || key.contains(&b'@') && (tenant.len() > 241 || system.len() > 14) {
                error = Some(TraceStateError::Size);
            } else if key == b"ot" {
                (state.threshold, state.randomness, state.otel) = (None, None, b"");
                error = state.read_otel(value).err().or(error);
            }
        }
        error.map_or(Ok(state), |error| Err((state, error)))
    }

    fn read_otel(&mut self, value: &'a [u8]) -> Result<(), TraceStateError> {
        if value.len() > MAX_OTEL_LENGTH {
            return Err(TraceStateError::Size);
        }
        if !value.split(|byte| *byte == b';').all(is_otel_member) {
            return Err(TraceStateError::Syntax);
        }
        self.otel = value;
        let mut error = None;
        for member in value.split(|byte| *byte == b';') {
            match split(member, b':') {
                (b"th", text) => {
                    self.threshold = Threshold::parse(text);
                    if self.threshold.is_none() {
                        error = Some(TraceStateError::Threshold);
                    }
                }
                (b"rv", text) => {
                    self.randomness = Randomness::parse(text);
                    if self.randomness.is_none() {
                        error = Some(TraceStateError::Randomness);
                    }
                }
                _ => {}
            }
        }
        error.map_or(Ok(()), Err)
    }

    /// The threshold of whoever sampled before.
    #[must_use]
    pub const fn threshold(&self) -> Option<Threshold> {
        self.threshold
    }

    /// The randomness, if it is not the trace id's.
    #[must_use]
    pub const fn randomness(&self) -> Option<Randomness> {
        self.randomness
    }

    /// Sets the randomness.
    pub const fn set_randomness(&mut self, randomness: Randomness) {
        self.randomness = Some(randomness);
    }

    /// Forgets the threshold.
    pub const fn clear_threshold(&mut self) {
        self.threshold = None;
    }

    /// Sets the threshold that has been applied.
    ///
    /// # Errors
    /// [`TraceStateError::Inconsistent`] if the one that is there keeps less.
    pub fn update_threshold(&mut self, threshold: Threshold) -> Result<(), TraceStateError> {
        if self.threshold.is_some_and(|before| before > threshold) {
            return Err(TraceStateError::Inconsistent);
        }
        // The one that keeps nothing has no text.
        self.threshold = Some(threshold).filter(|threshold| *threshold != Threshold::NEVER);
        Ok(())
    }

    /// Appends the state: OpenTelemetry's member first, as who changed it last must be.
    pub fn write(&self, out: &mut Vec<u8>) {
        let from = out.len();
        if let Some(randomness) = self.randomness {
            out.extend_from_slice(b"rv:");
            out.extend_from_slice(randomness.to_text().as_bytes());
        }
        if let Some(threshold) = self.threshold {
            separate(out, from, b';');
            out.extend_from_slice(b"th:");
            out.extend_from_slice(threshold.to_text().as_bytes());
        }
        if !self.otel.is_empty() {
            for member in self.otel.split(|byte| *byte == b';') {
                if !matches!(split(member, b':').0, b"th" | b"rv") {
                    separate(out, from, b';');
                    out.extend_from_slice(member);
                }
            }
        }
        if out.len() > from {
            out.splice(from..from, *b"ot=");
        }
        for member in members(self.text) {
            if split(member, b'=').0 != b"ot" {
                separate(out, from, b',');
                out.extend_from_slice(member);
            }
        }
    }
}

fn separate(out: &mut Vec<u8>, from: usize, separator: u8) {
    if out.len() > from {
        out.push(separator);
    }
}

/// The members without white space around them; empty ones are left out.
fn members(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|byte| *byte == b',')
        .map(trim)
        .filter(|member| !member.is_empty())
}

fn trim(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = text {
        text = rest;
    }
    while let [rest @ .., b' ' | b'\t'] = text {
        text = rest;
    }
    text
}

/// What stands before and behind the first `separator`.
fn split(text: &[u8], separator: u8) -> (&[u8], &[u8]) {
    match text.iter().position(|byte| *byte == separator) {
        Some(at) => (&text[..at], &text[at + 1..]),
        None => (text, &[]),
    }
}

fn is_member(member: &[u8]) -> bool {
    let Some(at) = member.iter().position(|byte| *byte == b'=') else {
        return false;
    };
    is_key(&member[..at]) && is_value(&member[at + 1..])
}

fn is_key(key: &[u8]) -> bool {
    let is_inner = |text: &[u8]| {
        text.iter()
            .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' | b'*' | b'/'))
    };
    let begins_with_letter = |text: &[u8]| text.first().is_some_and(u8::is_ascii_lowercase);
    if key.contains(&b'@') {
        let (tenant, system) = split(key, b'@');
        let begins = tenant
            .first()
            .is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
        return begins && begins_with_letter(system) && is_inner(tenant) && is_inner(system);
    }
    begins_with_letter(key) && is_inner(key)
}

fn is_value(value: &[u8]) -> bool {
    let is_visible = |byte: &u8| matches!(byte, 0x21..=0x2b | 0x2d..=0x3c | 0x3e..=0x7e);
    let [inner @ .., last] = value else {
        return false;
    };
    value.len() <= 256
        && is_visible(last)
        && inner.iter().all(|byte| *byte == b' ' || is_visible(byte))
}

fn is_otel_member(member: &[u8]) -> bool {
    let Some(at) = member.iter().position(|byte| *byte == b':') else {
        return false;
    };
    let (key, value) = (&member[..at], &member[at + 1..]);
    key.first().is_some_and(u8::is_ascii_lowercase)
        && key
            .iter()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        && value
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(state: &TraceState<'_>) -> String {
        let mut out = Vec::new();
        state.write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn everything_else_survives_behind_the_part_that_changed() {
        let text = b"a=1 , ot=x:y;th:c,,b@s=2 3";
        let mut state = TraceState::parse(text).unwrap();
        assert_eq!(state.threshold().unwrap().to_text(), "c");
        assert_eq!(written(&state), "ot=th:c;x:y,a=1,b@s=2 3");
        state.set_randomness(Randomness::new(0xabc));
        state
            .update_threshold(Threshold::parse(b"e").unwrap())
            .unwrap();
        assert_eq!(written(&state), "ot=rv:00000000000abc;th:e;x:y,a=1,b@s=2 3");
        state.clear_threshold();
        assert_eq!(written(&state), "ot=rv:00000000000abc;x:y,a=1,b@s=2 3");
    }

    #[test]
    fn the_probability_never_rises() {
        let mut state = TraceState::parse(b"ot=th:c").unwrap();
        let half = Threshold::parse(b"8").unwrap();
        assert_eq!(
            state.update_threshold(half),
            Err(TraceStateError::Inconsistent)
        );
        assert_eq!(written(&state), "ot=th:c");
        state.update_threshold(Threshold::NEVER).unwrap();
        assert_eq!(written(&state), "");
    }

    #[test]
    fn what_is_not_well_formed_is_an_error() {
        use TraceStateError as E;
        let many = "a=1,".repeat(33);
        let long = "a=".to_owned() + &"x".repeat(1023);
        let value = "a=".to_owned() + &"x".repeat(257);
        for (text, error) in [
            ("a", E::Syntax),
            ("A=1", E::Syntax),
            ("=1", E::Syntax),
            ("a=", E::Syntax),
            ("a=b=c", E::Syntax),
            ("@a=1", E::Syntax),
            (&*value, E::Syntax),
            (&*many, E::Size),
            (&*long, E::Size),
            ("ot=x", E::Syntax),
            ("ot=th:c;", E::Syntax),
            ("ot=th:", E::Threshold),
            ("ot=th:xyz", E::Threshold),
            ("ot=rv:1", E::Randomness),
        ] {
            assert_eq!(
                TraceState::parse(text.as_bytes()).unwrap_err().1,
                error,
                "{text}"
            );
        }
        let (state, _) = TraceState::parse(b"ot=th:8;rv:1").unwrap_err();
        assert_eq!(state.threshold(), Threshold::parse(b"8"));
        assert_eq!(state.randomness(), None);
    }
}
