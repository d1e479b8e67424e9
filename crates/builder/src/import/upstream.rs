//! Which component a Go module of the Collector or of its contrib repository holds.

use headwater_core::ComponentKind;

/// For each kind the modules' last path segments without the kind, and behind `=` the type that
/// configurations name, where that is another word.
///
/// Source: the manifests of the published distributions `otelcol` and `otelcol-contrib`, 0.86
/// to 0.136, and the components' `metadata.yaml`.
const RECEIVERS: &str = "
    activedirectoryds=active_directory_ds aerospike apache apachespark awscloudwatch
    awscontainerinsight=awscontainerinsightreceiver awsecscontainermetrics awsfirehose awslambda
    awss3 awsxray azureblob azureeventhub azuremonitor bigip carbon chrony ciscoos cloudflare
    cloudfoundry collectd couchdb datadog dockerstats=docker_stats elasticsearch envoyals expvar
    faro file filelog=file_log filestats flinkmetrics fluentforward github gitlab
    googlecloudmonitoring googlecloudpubsub googlecloudpubsubpush googlecloudspanner haproxy
    hostmetrics=host_metrics httpcheck huaweicloudces icmpcheck iis influxdb jaeger jmx journald
    k8scluster=k8s_cluster k8sevents=k8s_events k8slog k8sobjects kafka kafkametrics
    kubeletstats=kubelet_stats libhoney loki macosunifiedlogging memcached mongodb mongodbatlas
    mysql namedpipe netflow nginx nop nsxt ntp opencensus oracledb osquery otelarrow otlp
    otlpjsonfile podman=podman_stats postgresql pprof prometheus prometheusremotewrite pulsar
    purefa purefb rabbitmq receivercreator=receiver_creator redfish redis riak saphana sapm
    signalfx simpleprometheus=prometheus_simple skywalking snmp snowflake solace splunkenterprise
    splunkhec=splunk_hec sqlquery sqlserver sshcheck statsd stef syslog systemd tcpcheck tcplog
    tlscheck udplog vcenter wavefront webhookevent windowseventlog windowsperfcounters
    windowsservice yanggrpc zipkin zookeeper";
const PROCESSORS: &str = "
    attributes batch coralogix cumulativetodelta=cumulative_to_delta datadog datadogsemantics
    deltatocumulative deltatorate dnslookup filter geoip groupbyattrs groupbytrace interval
    isolationforest k8sattributes=k8s_attributes logdedup logstransform lookup
    memorylimiter=memory_limiter metricsgeneration metricstarttime=metric_start_time
    metricstransform=metrics_transform probabilisticsampler=probabilistic_sampler queuebatch
    redaction remoteobserver remotetap resource resourcedetection=resource_detection routing
    schema servicegraph span spanmetrics spanpruning sumologic tailsampling=tail_sampling
    transform unroll";
const EXPORTERS: &str = "
    alertmanager alibabacloudlogservice=alibabacloud_logservice awscloudwatchlogs awsemf
    awskinesis awss3 awsxray azureblob azuredataexplorer azuremonitor bmchelix carbon cassandra
    clickhouse coralogix datadog dataset debug doris dynatrace elasticsearch f5cloud faro file
    googlecloud googlecloudpubsub googlecloudstorage googlemanagedprometheus honeycombmarker
    influxdb instana jaeger kafka kinetica loadbalancing logging=debug logicmonitor logzio loki
    mezmo nop opencensus opensearch otelarrow otlp=otlp_grpc otlphttp=otlp_http prometheus
    prometheusremotewrite=prometheus_remote_write pulsar rabbitmq sapm sematext sentry signalfx
    skywalking splunkhec=splunk_hec stef sumologic syslog tanzuobservability
    tencentcloudlogservice=tencentcloud_logservice tinybird zipkin";
const CONNECTORS: &str = "
    count datadog exceptions failover forward grafanacloud metricsaslogs otlpjson roundrobin
    routing servicegraph=service_graph signaltometrics=signal_to_metrics slowsql
    spanmetrics=span_metrics sum";
const EXTENSIONS: &str = "
    ack asapauth=asapclient avrologencoding=avro_log_encoding
    awscloudwatchmetricstreamsencoding=awscloudwatchmetricstreams_encoding
    awslogsencoding=aws_logs_encoding awsproxy azureauth=azure_auth azureencoding=azure_encoding
    ballast=memory_ballast basicauth bearertokenauth cfgardenobserver=cfgarden_observer
    cgroupruntime datadog dbstorage=db_storage dockerobserver=docker_observer
    ecsobserver=ecs_observer ecstaskobserver=ecs_task_observer filestorage=file_storage
    googleclientauth googlecloudlogentryencoding=googlecloudlogentry_encoding
    headerssetter=headers_setter healthcheck=health_check healthcheckv2 hostobserver=host_observer
    httpforwarder=http_forwarder jaegerencoding=jaeger_encoding jaegerremotesampling
    jsonlogencoding=json_log_encoding k8sleaderelector=k8s_leader_elector
    k8sobserver=k8s_observer kafkatopicsobserver=kafkatopics_observer
    memorylimiter=memory_limiter oauth2clientauth=oauth2client oidcauth=oidc opamp
    opampcustommessages otlpencoding=otlp_encoding pprof redisstorage=redis_storage remotetap
    sigv4auth skywalkingencoding=skywalking_encoding solarwindsapmsettings sumologic
    textencoding=text_encoding zipkinencoding=zipkin_encoding zpages";

/// A module's last path segment without its kind, and the component's type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Upstream {
    pub(super) stem: &'static str,
    pub(super) type_name: &'static str,
}

/// Every component of one kind that the Collector and its contrib repository have had.
pub(super) fn of_kind(kind: ComponentKind) -> impl Iterator<Item = Upstream> {
    let table = match kind {
        ComponentKind::Receiver => RECEIVERS,
        ComponentKind::Processor => PROCESSORS,
        ComponentKind::Exporter => EXPORTERS,
        ComponentKind::Connector => CONNECTORS,
        ComponentKind::Extension => EXTENSIONS,
    };
    table.split_whitespace().map(|entry| {
        let (stem, type_name) = entry.split_once('=').unwrap_or((entry, entry));
        Upstream { stem, type_name }
    })
}

/// The last segment of a Go import path without the kind that it ends with.
pub(super) fn stem(kind: ComponentKind, import: &str) -> &str {
    let mut segments = import.rsplit('/');
    let mut last = segments.next().unwrap_or(import);
    let is_major = last
        .strip_prefix('v')
        .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit()));
    if is_major {
        last = segments.next().unwrap_or(last);
    }
    last.strip_suffix(kind.as_str())
        .filter(|stem| !stem.is_empty())
        .unwrap_or(last)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_entry_is_a_possible_type_and_stands_once() {
        for kind in ComponentKind::ALL {
            let mut stems = BTreeSet::new();
            for entry in of_kind(kind) {
                assert!(stems.insert(entry.stem), "{kind} {} twice", entry.stem);
                let id = headwater_core::ComponentId::try_new(entry.type_name, None);
                assert!(id.is_ok(), "{kind} {}", entry.type_name);
            }
        }
    }

    #[test]
    fn the_kind_and_the_major_version_are_taken_off() {
        for (kind, import, expected) in [
            (
                ComponentKind::Receiver,
                "example.com/x/filelogreceiver",
                "filelog",
            ),
            (
                ComponentKind::Receiver,
                "example.com/x/receivercreator",
                "receivercreator",
            ),
            (
                ComponentKind::Extension,
                "example.com/storage/filestorage",
                "filestorage",
            ),
            (ComponentKind::Exporter, "example.com/fooexporter/v2", "foo"),
            (ComponentKind::Processor, "processor", "processor"),
        ] {
            assert_eq!(stem(kind, import), expected, "{import}");
        }
    }
}
