//! The formats that a target is asked for.

use headwater_core::config::Config;

use super::NameEscaping;

/// A format in which a target shows its metrics.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Config)]
pub enum ScrapeProtocol {
    /// Protocol buffers.
    #[config(rename = "PrometheusProto")]
    PrometheusProto,
    /// Prometheus's text.
    #[default]
    #[config(rename = "PrometheusText0.0.4")]
    PrometheusText0_0_4,
    /// Prometheus's text with names in quotes.
    #[config(rename = "PrometheusText1.0.0")]
    PrometheusText1_0_0,
    /// OpenMetrics before its first release.
    #[config(rename = "OpenMetricsText0.0.1")]
    OpenMetricsText0_0_1,
    /// OpenMetrics 1.0.
    #[config(rename = "OpenMetricsText1.0.0")]
    OpenMetricsText1_0_0,
}

impl ScrapeProtocol {
    /// What is asked for by default, most wanted first.
    pub const DEFAULT: [Self; 4] = [
        Self::OpenMetricsText1_0_0,
        Self::OpenMetricsText0_0_1,
        Self::PrometheusText1_0_0,
        Self::PrometheusText0_0_4,
    ];
    /// What is asked for where native histograms are wanted.
    pub const PROTO_FIRST: [Self; 5] = [
        Self::PrometheusProto,
        Self::OpenMetricsText1_0_0,
        Self::OpenMetricsText0_0_1,
        Self::PrometheusText1_0_0,
        Self::PrometheusText0_0_4,
    ];

    /// Its media type, without the escaping that the two 1.0.0 text formats name besides.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::PrometheusProto => {
                "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"
            }
            Self::PrometheusText0_0_4 => "text/plain;version=0.0.4",
            Self::PrometheusText1_0_0 => "text/plain;version=1.0.0",
            Self::OpenMetricsText0_0_1 => "application/openmetrics-text;version=0.0.1",
            Self::OpenMetricsText1_0_0 => "application/openmetrics-text;version=1.0.0",
        }
    }

    /// The `Accept` header that asks for `protocols`, most wanted first.
    #[must_use]
    pub fn accept(protocols: &[Self], escaping: NameEscaping) -> String {
        let mut weight = Self::PROTO_FIRST.len() + 1;
        let mut header = String::new();
        for protocol in protocols {
            header.push_str(protocol.media_type());
            if matches!(
                protocol,
                Self::PrometheusText1_0_0 | Self::OpenMetricsText1_0_0
            ) {
                header.push_str(";escaping=");
                header.push_str(escaping.as_str());
            }
            header.push_str(&format!(";q=0.{weight},"));
            weight = weight.saturating_sub(1);
        }
        header.push_str(&format!("*/*;q=0.{weight}"));
        header
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_accept_header_is_prometheuss() {
        let header = ScrapeProtocol::accept(&ScrapeProtocol::DEFAULT, NameEscaping::AllowUtf8);
        assert_eq!(
            header,
            "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
             application/openmetrics-text;version=0.0.1;q=0.5,\
             text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,\
             */*;q=0.2"
        );
    }
}
