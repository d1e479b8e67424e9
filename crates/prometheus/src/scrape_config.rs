//! Scrape configuration in Prometheus's own shape.
