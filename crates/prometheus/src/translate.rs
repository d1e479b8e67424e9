//! Between OTLP metrics and Prometheus series.
