//! Which format a body is in, and which one to answer with.

use thiserror::Error;

use super::Format;
use super::media_type::media_type;
use crate::scrape_config::{NameEscaping, ScrapeProtocol};

/// What is wrong with the `Content-Type` of a target's answer.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ContentTypeError {
    /// There is none.
    #[error("non-compliant scrape target sending blank Content-Type{}", fallback(.0))]
    Blank(Option<ScrapeProtocol>),
    /// It is not a media type.
    #[error("cannot parse Content-Type {found:?}{}", fallback(.protocol))]
    Malformed {
        /// The header.
        found: Box<str>,
        /// What is used in its place.
        protocol: Option<ScrapeProtocol>,
    },
    /// It is none that shows metrics.
    #[error("received unsupported Content-Type {found:?}{}", fallback(.protocol))]
    Unsupported {
        /// The header.
        found: Box<str>,
        /// What is used in its place.
        protocol: Option<ScrapeProtocol>,
    },
}

fn fallback(protocol: &Option<ScrapeProtocol>) -> String {
    protocol.as_ref().map_or_else(
        || " and no fallback_scrape_protocol specified for target".to_owned(),
        |protocol| {
            let media = protocol.media_type();
            let media = media.split(';').next().unwrap_or(media);
            format!(", using fallback_scrape_protocol {media:?}")
        },
    )
}

/// The format of a target's answer, by its `Content-Type`. Versions and other parameters do not count.
/// `fallback` is the job's `fallback_scrape_protocol`; where it is used, the second value says why, which
/// deserves a warning.
///
/// # Errors
/// [`ContentTypeError`] if the header is missing, malformed or unknown and there is no fallback: the
/// scrape fails.
pub fn choose_format(
    content_type: Option<&str>,
    fallback: Option<ScrapeProtocol>,
) -> Result<(Format, Option<ContentTypeError>), ContentTypeError> {
    let header = content_type.unwrap_or("");
    let problem = if header.is_empty() {
        ContentTypeError::Blank(fallback)
    } else {
        match media_type(header).as_deref() {
            Some("text/plain") => return Ok((Format::Text, None)),
            Some("application/openmetrics-text") => return Ok((Format::OpenMetrics, None)),
            Some("application/vnd.google.protobuf") => return Ok((Format::Protobuf, None)),
            Some(_) => ContentTypeError::Unsupported {
                found: header.into(),
                protocol: fallback,
            },
            None => ContentTypeError::Malformed {
                found: header.into(),
                protocol: fallback,
            },
        }
    };
    match fallback {
        Some(protocol) => Ok((protocol.into(), Some(problem))),
        None => Err(problem),
    }
}

impl From<ScrapeProtocol> for Format {
    fn from(protocol: ScrapeProtocol) -> Self {
        match protocol {
            ScrapeProtocol::PrometheusProto => Self::Protobuf,
            ScrapeProtocol::PrometheusText0_0_4 | ScrapeProtocol::PrometheusText1_0_0 => Self::Text,
            ScrapeProtocol::OpenMetricsText0_0_1 | ScrapeProtocol::OpenMetricsText1_0_0 => {
                Self::OpenMetrics
            }
        }
    }
}

/// What a scrape is answered with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ResponseFormat {
    /// The format; never text 1.0.0, which nobody answers with.
    pub protocol: ScrapeProtocol,
    /// How names are written.
    pub escaping: NameEscaping,
}

impl Default for ResponseFormat {
    /// Text 0.0.4 with underscores, which everybody reads.
    fn default() -> Self {
        Self {
            protocol: ScrapeProtocol::PrometheusText0_0_4,
            escaping: NameEscaping::Underscores,
        }
    }
}

impl ResponseFormat {
    /// The best format that the `Accept` header of a request asks for, as Prometheus's libraries choose
    /// it; text 0.0.4 if it asks for none of them. OpenMetrics is chosen only if `openmetrics` allows.
    #[must_use]
    pub fn negotiate(accept: &str, openmetrics: bool) -> Self {
        let mut chosen = Self::default();
        let mut clauses: Vec<Clause<'_>> = accept.split(',').filter_map(Clause::parse).collect();
        clauses.sort_by(|a, b| {
            let wildcards = |clause: &Clause<'_>| (clause.kind == "*", clause.subtype == "*");
            b.quality
                .total_cmp(&a.quality)
                .then(wildcards(a).cmp(&wildcards(b)))
        });
        for clause in clauses {
            chosen.escaping = match clause.parameter("escaping") {
                Some("allow-utf-8") => NameEscaping::AllowUtf8,
                Some("underscores") => NameEscaping::Underscores,
                Some("dots") => NameEscaping::Dots,
                Some("values") => NameEscaping::Values,
                _ => chosen.escaping,
            };
            let version = clause.parameter("version").unwrap_or("");
            chosen.protocol = match (clause.kind, clause.subtype, version) {
                ("application", "vnd.google.protobuf", _)
                    if clause.parameter("proto") == Some("io.prometheus.client.MetricFamily")
                        && clause.parameter("encoding") == Some("delimited") =>
                {
                    ScrapeProtocol::PrometheusProto
                }
                ("text", "plain", "0.0.4" | "") => ScrapeProtocol::PrometheusText0_0_4,
                ("application", "openmetrics-text", "1.0.0") if openmetrics => {
                    ScrapeProtocol::OpenMetricsText1_0_0
                }
                ("application", "openmetrics-text", "0.0.1" | "") if openmetrics => {
                    ScrapeProtocol::OpenMetricsText0_0_1
                }
                _ => continue,
            };
            break;
        }
        chosen
    }

    /// The `Content-Type` to answer with.
    #[must_use]
    pub fn content_type(self) -> String {
        let media = match self.protocol {
            ScrapeProtocol::PrometheusProto => {
                "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"
            }
            ScrapeProtocol::OpenMetricsText1_0_0 => {
                "application/openmetrics-text; version=1.0.0; charset=utf-8"
            }
            ScrapeProtocol::OpenMetricsText0_0_1 => {
                "application/openmetrics-text; version=0.0.1; charset=utf-8"
            }
            ScrapeProtocol::PrometheusText0_0_4 | ScrapeProtocol::PrometheusText1_0_0 => {
                "text/plain; version=0.0.4; charset=utf-8"
            }
        };
        format!("{media}; escaping={}", self.escaping.as_str())
    }
}

/// A part of an `Accept` header.
struct Clause<'h> {
    kind: &'h str,
    subtype: &'h str,
    parameters: &'h str,
    quality: f32,
}

impl<'h> Clause<'h> {
    /// `None` for what is malformed, and for what is refused by a quality of 0.
    fn parse(part: &'h str) -> Option<Self> {
        let (media, parameters) = part.split_once(';').unwrap_or((part, ""));
        let media = media.trim();
        let (kind, subtype) = match media {
            "*" => ("*", "*"),
            _ => media.split_once('/')?,
        };
        let mut clause = Self {
            kind: kind.trim(),
            subtype: subtype.trim(),
            parameters,
            quality: 1.0,
        };
        if let Some(quality) = clause.parameter("q") {
            clause.quality = quality.parse().unwrap_or(0.0);
        }
        (clause.quality > 0.0 && !clause.subtype.contains('/')).then_some(clause)
    }

    fn parameter(&self, name: &str) -> Option<&'h str> {
        self.parameters.split(';').find_map(|parameter| {
            let (key, value) = parameter.split_once('=')?;
            (key.trim() == name).then(|| value.trim())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(accept: &str) -> String {
        ResponseFormat::negotiate(accept, true).content_type()
    }

    #[test]
    fn the_content_type_decides_and_the_fallback_steps_in() {
        let fallback = Some(ScrapeProtocol::PrometheusText0_0_4);
        for (header, format) in [
            ("text/plain; version=0.0.4; charset=utf-8", Format::Text),
            ("TEXT/Plain", Format::Text),
            (
                "application/openmetrics-text;version=0.0.1",
                Format::OpenMetrics,
            ),
            (
                "application/vnd.google.protobuf; proto=x; encoding=delimited",
                Format::Protobuf,
            ),
        ] {
            assert_eq!(choose_format(Some(header), None), Ok((format, None)));
        }
        for header in [
            None,
            Some(""),
            Some("text/html"),
            Some("text/plain; ="),
            Some("/"),
        ] {
            assert!(choose_format(header, None).is_err(), "{header:?}");
            let (format, problem) = choose_format(header, fallback).unwrap();
            assert_eq!(format, Format::Text);
            assert!(problem.is_some());
        }
        assert_eq!(
            choose_format(None, None).unwrap_err().to_string(),
            "non-compliant scrape target sending blank Content-Type and no \
             fallback_scrape_protocol specified for target"
        );
        let (_, problem) = choose_format(Some("text/html"), fallback).unwrap();
        assert_eq!(
            problem.unwrap().to_string(),
            "received unsupported Content-Type \"text/html\", using fallback_scrape_protocol \"text/plain\""
        );
    }

    #[test]
    fn prometheus_gets_what_it_asks_for_first() {
        let header = ScrapeProtocol::accept(&ScrapeProtocol::DEFAULT, NameEscaping::AllowUtf8);
        assert_eq!(
            chosen(&header),
            "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=allow-utf-8"
        );
        let plain = ResponseFormat::negotiate(&header, false);
        assert_eq!(plain.protocol, ScrapeProtocol::PrometheusText0_0_4);
        assert_eq!(plain.escaping, NameEscaping::AllowUtf8);
        let header = ScrapeProtocol::accept(&ScrapeProtocol::PROTO_FIRST, NameEscaping::Values);
        assert_eq!(
            ResponseFormat::negotiate(&header, true).protocol,
            ScrapeProtocol::PrometheusProto
        );
    }

    #[test]
    fn an_accept_header_is_read_by_its_qualities() {
        let text = "text/plain; version=0.0.4; charset=utf-8; escaping=underscores";
        let openmetrics =
            "application/openmetrics-text; version=0.0.1; charset=utf-8; escaping=dots";
        for (accept, want) in [
            ("", text),
            ("*/*", text),
            ("text/html,application/xml;q=0.9", text),
            ("text/plain;version=1.0.0", text),
            ("application/openmetrics-text; version=2.0.0", text),
            (
                "application/openmetrics-text;q=0.1;escaping=dots,text/plain;q=0.05",
                openmetrics,
            ),
            (
                "application/openmetrics-text;escaping=dots;q=x,text/plain;q=0.05",
                text,
            ),
            (
                "application/openmetrics-text;escaping=dots;q=0,text/plain;q=0.05",
                text,
            ),
            ("text/plain;escaping=nonsense", text),
            (";;,,=,/", text),
            (
                "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=text",
                text,
            ),
        ] {
            assert_eq!(chosen(accept), want, "{accept}");
        }
    }
}
