//! The formats in which a target shows its metrics: text 0.0.4, OpenMetrics 1.0 and protobuf.
