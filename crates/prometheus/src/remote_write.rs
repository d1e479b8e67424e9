//! The messages of remote write 1.0 and 2.0.
