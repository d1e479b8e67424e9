//! Keys of a job that it does not have: service discoveries of Prometheus that Headwater lacks, and
//! mistakes.

use headwater_core::config::{
    Code, Config, DecodeContext, EncodeContext, Node, Schema, Value, nearest, report_unknown,
};

use super::ScrapeConfig;

/// Takes the keys that a job does not have and reports them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OtherKeys;

/// Prometheus's other ways to find targets.
const UNSUPPORTED: [&str; 28] = [
    "aws_sd_configs",
    "azure_sd_configs",
    "consul_sd_configs",
    "digitalocean_sd_configs",
    "docker_sd_configs",
    "dockerswarm_sd_configs",
    "ec2_sd_configs",
    "ecs_sd_configs",
    "elasticache_sd_configs",
    "eureka_sd_configs",
    "gce_sd_configs",
    "hetzner_sd_configs",
    "ionos_sd_configs",
    "lightsail_sd_configs",
    "linode_sd_configs",
    "marathon_sd_configs",
    "nerve_sd_configs",
    "nomad_sd_configs",
    "openstack_sd_configs",
    "ovhcloud_sd_configs",
    "puppetdb_sd_configs",
    "rds_sd_configs",
    "scaleway_sd_configs",
    "serverset_sd_configs",
    "stackit_sd_configs",
    "triton_sd_configs",
    "uyuni_sd_configs",
    "vultr_sd_configs",
];
/// Others are added from time to time: anything that ends like this is one, unless it looks like a
/// slip.
const ENDING: &str = "_sd_configs";
const SUPPORTED: [&str; 5] = ["static", "file", "http", "dns", "kubernetes"];

impl Config for OtherKeys {
    fn decode(&mut self, node: &Node, cx: &mut DecodeContext<'_>) {
        let Value::Map(map) = &node.value else { return };
        let Schema::Section(section) = ScrapeConfig::type_schema() else {
            return;
        };
        let known: Vec<_> = section.fields.iter().map(|field| field.key).collect();
        for (key, _) in map {
            let stem = key.name.strip_suffix(ENDING);
            let unlike = |stem| nearest(stem, SUPPORTED).is_none();
            if UNSUPPORTED.contains(&&*key.name) || stem.is_some_and(unlike) {
                let message = format!("`{}` is not supported", key.name);
                cx.error(Code::REFUSED_VALUE, &key.origin, message).help(
                    "targets come from static_configs, file_sd_configs, http_sd_configs, \
                     dns_sd_configs and kubernetes_sd_configs",
                );
            } else {
                report_unknown(key, &known, &known, cx);
            }
        }
    }

    fn from_node(node: &Node, cx: &mut DecodeContext<'_>) -> Option<Self> {
        let mut keys = Self;
        keys.decode(node, cx);
        Some(keys)
    }

    fn encode(&self, _: EncodeContext) -> Node {
        Node::default()
    }

    fn schema(&self) -> Schema {
        Schema::Any
    }

    fn type_schema() -> Schema {
        Schema::Any
    }
}
