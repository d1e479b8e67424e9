//! From a configuration to a running collector.
