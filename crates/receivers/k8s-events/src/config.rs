//! What the user writes.

use std::time::Duration;

use headwater_core::ComponentId;
use headwater_core::config::{
    Config, DecodeContext, EncodeContext, Node, Optional, Scalar, Schema, Validation, Value,
    parse_duration,
};

/// Configuration of the `k8s_events` receiver. Source: contrib `k8seventsreceiver.Config`.
#[derive(Debug, Clone, Default, Config)]
#[config(validate = Self::check)]
pub struct K8sEventsConfig {
    /// Who asks the API server: `serviceAccount`, the one of the pod; `kubeConfig`, a kubeconfig file;
    /// `none`, nobody, in the cluster of the pod and without a look at the server's certificate.
    pub auth_type: AuthType,
    /// The context of the kubeconfig file; empty for the current one.
    pub context: String,
    /// The kubeconfig file; empty for those in `KUBECONFIG`, else `~/.kube/config`. Headwater's own key.
    pub kubeconfig_file: String,
    /// The namespaces whose events are reported; empty for all.
    pub namespaces: Vec<String>,
    /// The id of a storage extension that keeps where reading was. Without one, a start begins with the
    /// events of its time.
    pub storage: Option<ComponentId>,
    /// The id of an extension that elects a leader among replicas. Accepted with a warning, without
    /// effect: there is no such extension here, and each replica reports every event. Run one.
    pub k8s_leader_elector: Option<ComponentId>,
    /// How long an event that happens again and again is not reported after it was. `0s`: always;
    /// negative: only the first time.
    pub dedup_interval: DedupInterval,
    /// Makes each event a line of a Loki stream, as Alloy's `loki.source.kubernetes_events` does; the
    /// processor `loki_process` and the exporter `loki` take it as it is. Headwater's own key.
    pub stream: Optional<StreamConfig>,
}

/// Who asks the API server.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Config)]
pub enum AuthType {
    /// The service account of the pod.
    #[default]
    #[config(rename = "serviceAccount")]
    ServiceAccount,
    /// Who a kubeconfig file names.
    #[config(rename = "kubeConfig")]
    KubeConfig,
    /// Nobody.
    None,
    /// A client certificate: refused, as nothing says which.
    Tls,
}

/// A line of a Loki stream for each event.
#[derive(Debug, Clone, Config)]
pub struct StreamConfig {
    /// The label `job`.
    pub job: String,
    /// The label `instance`; empty for the receiver's id.
    pub instance: String,
    /// How lines are written.
    pub format: LineFormat,
}

impl Default for StreamConfig {
    fn default() -> Self {
        Self {
            job: "loki.source.kubernetes_events".to_owned(),
            instance: String::new(),
            format: LineFormat::Logfmt,
        }
    }
}

/// How lines are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Config)]
pub enum LineFormat {
    /// `name=web-1 kind=Pod … msg="…"`.
    #[default]
    Logfmt,
    /// `{"count":1,"kind":"Pod",…}`.
    Json,
}

/// How often an event that happens again is reported.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum DedupInterval {
    /// Every time.
    #[default]
    Always,
    /// Only when it was not for so long.
    After(Duration),
    /// Never again.
    Never,
}

impl Scalar for DedupInterval {
    fn parse(node: &Node, cx: &mut DecodeContext<'_>) -> Option<Self> {
        let negative = match &node.value {
            Value::Int(nanoseconds) => *nanoseconds < 0,
            _ => node
                .as_text()
                .and_then(|text| text.strip_prefix('-'))
                .is_some_and(|text| parse_duration(text).is_ok_and(|length| !length.is_zero())),
        };
        if negative {
            return Some(Self::Never);
        }
        let length = <Duration as Scalar>::parse(node, cx)?;
        Some(if length.is_zero() {
            Self::Always
        } else {
            Self::After(length)
        })
    }

    fn write(&self, cx: EncodeContext) -> Node {
        match self {
            Self::Always => Duration::ZERO.write(cx),
            Self::After(length) => length.write(cx),
            Self::Never => "-1s".into(),
        }
    }

    fn schema() -> Schema {
        <Duration as Scalar>::schema()
    }

    fn zero() -> Option<Self> {
        Some(Self::Always)
    }
}

impl K8sEventsConfig {
    fn check(&self, validation: &mut Validation<'_>) {
        if self.auth_type == AuthType::Tls {
            validation
                .error("auth_type", "client certificates cannot be configured here")
                .help("write `auth_type: kubeConfig`: a kubeconfig file may name a certificate");
        }
        if self.k8s_leader_elector.is_some() {
            validation
                .warning(
                    "k8s_leader_elector",
                    "`k8s_leader_elector` has no effect: each replica reports every event",
                )
                .help("run one replica (a Deployment with `replicas: 1`) and delete the key");
        }
        if self.auth_type != AuthType::KubeConfig {
            for (key, text) in [
                ("context", &self.context),
                ("kubeconfig_file", &self.kubeconfig_file),
            ] {
                if !text.is_empty() {
                    validation
                        .warning(
                            key,
                            format!("`{key}` has no effect without `auth_type: kubeConfig`"),
                        )
                        .help("write `auth_type: kubeConfig`, or leave it out");
                }
            }
        }
        if self.namespaces.iter().any(String::is_empty) {
            validation
                .error("namespaces", "a namespace is empty")
                .help("leave `namespaces` out for the events of all");
        }
        if let Some(stream) = self.stream.as_ref()
            && stream.job.is_empty()
        {
            validation
                .error("stream::job", "the label `job` is empty")
                .help("leave it out for `loki.source.kubernetes_events`");
        }
    }
}
