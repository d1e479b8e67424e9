//! gRPC status codes, which OTLP also uses over HTTP.
//!
//! Source: gRPC core, "Status codes and their use".

use std::fmt;

/// A gRPC status code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Code {
    /// Not an error.
    Ok = 0,
    /// The caller gave up.
    Cancelled = 1,
    /// No better code is known.
    Unknown = 2,
    /// The request is wrong whatever the state of the server.
    InvalidArgument = 3,
    /// The deadline passed.
    DeadlineExceeded = 4,
    /// Something named was not found.
    NotFound = 5,
    /// Something to be created is there already.
    AlreadyExists = 6,
    /// The caller may not do this.
    PermissionDenied = 7,
    /// A quota, a queue or memory is used up.
    ResourceExhausted = 8,
    /// The server is not in the state that the call needs.
    FailedPrecondition = 9,
    /// A concurrent change got in the way.
    Aborted = 10,
    /// The call reaches past a valid range.
    OutOfRange = 11,
    /// The method is unknown here.
    Unimplemented = 12,
    /// An invariant of the server broke.
    Internal = 13,
    /// The service cannot be reached now.
    Unavailable = 14,
    /// Data is lost for good.
    DataLoss = 15,
    /// The caller did not authenticate.
    Unauthenticated = 16,
}

impl Code {
    const ALL: [(Self, &'static str); 17] = [
        (Self::Ok, "OK"),
        (Self::Cancelled, "Canceled"),
        (Self::Unknown, "Unknown"),
        (Self::InvalidArgument, "InvalidArgument"),
        (Self::DeadlineExceeded, "DeadlineExceeded"),
        (Self::NotFound, "NotFound"),
        (Self::AlreadyExists, "AlreadyExists"),
        (Self::PermissionDenied, "PermissionDenied"),
        (Self::ResourceExhausted, "ResourceExhausted"),
        (Self::FailedPrecondition, "FailedPrecondition"),
        (Self::Aborted, "Aborted"),
        (Self::OutOfRange, "OutOfRange"),
        (Self::Unimplemented, "Unimplemented"),
        (Self::Internal, "Internal"),
        (Self::Unavailable, "Unavailable"),
        (Self::DataLoss, "DataLoss"),
        (Self::Unauthenticated, "Unauthenticated"),
    ];

    /// The code with this number; [`Code::Unknown`] for numbers that mean nothing.
    #[must_use]
    pub fn from_number(number: i64) -> Self {
        usize::try_from(number)
            .ok()
            .and_then(|index| Self::ALL.get(index))
            .map_or(Self::Unknown, |(code, _)| *code)
    }

    /// The number on the wire, 0 to 16.
    #[must_use]
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The name as grpc-go prints it (`Unavailable`), which users know from log lines.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL[self as usize].1
    }

    /// Whether an OTLP client may send the same request again. Resource exhaustion counts only
    /// with a RetryInfo, which the caller must check. Source: OTLP specification, "Failures".
    #[must_use]
    pub const fn is_retryable(self) -> bool {
        matches!(
            self,
            Self::Cancelled
                | Self::DeadlineExceeded
                | Self::Aborted
                | Self::OutOfRange
                | Self::Unavailable
                | Self::DataLoss
        )
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_stands_at_its_number() {
        for number in 0..17 {
            assert_eq!(i64::from(Code::from_number(number).number()), number);
        }
        assert_eq!(Code::from_number(17), Code::Unknown);
        assert_eq!(Code::from_number(-1), Code::Unknown);
    }
}
