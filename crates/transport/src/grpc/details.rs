//! `grpc-status-details-bin`: a serialized google.rpc.Status, of which RetryInfo is used.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use http::HeaderValue;

use crate::Status;
use crate::rpc_status;

/// Binary headers are written without padding and read with or without.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The header for a status that has more to say than code and message.
pub(super) fn encode(status: &Status) -> Option<HeaderValue> {
    status.retry_delay()?;
    HeaderValue::try_from(BASE64.encode(rpc_status::encode(status))).ok()
}

/// The wait that the details ask for.
pub(super) fn retry_delay(value: &[u8]) -> Option<Duration> {
    rpc_status::decode(&BASE64.decode(value).ok()?)?.retry_delay()
}
