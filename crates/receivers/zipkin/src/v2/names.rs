//! Tags that describe a resource or a scope rather than a span.

/// Source: Go, nonSpanAttributes. Sorted.
const OF_RESOURCES: [&str; 86] = [
    "aws.ecs.cluster.arn",
    "aws.ecs.container.arn",
    "aws.ecs.launchtype",
    "aws.ecs.task.arn",
    "aws.ecs.task.family",
    "aws.ecs.task.revision",
    "aws.eks.cluster.arn",
    "aws.log.group.arns",
    "aws.log.group.names",
    "aws.log.stream.arns",
    "aws.log.stream.names",
    "cloud.account.id",
    "cloud.availability_zone",
    "cloud.platform",
    "cloud.provider",
    "cloud.region",
    "container.id",
    "container.image.name",
    "container.image.tag",
    "container.name",
    "container.runtime",
    "deployment.environment",
    "device.id",
    "device.manufacturer",
    "device.model.identifier",
    "device.model.name",
    "faas.id",
    "faas.instance",
    "faas.max_memory",
    "faas.name",
    "faas.version",
    "host.arch",
    "host.id",
    "host.image.id",
    "host.image.name",
    "host.image.version",
    "host.name",
    "host.type",
    "k8s.cluster.name",
    "k8s.container.name",
    "k8s.container.restart_count",
    "k8s.cronjob.name",
    "k8s.cronjob.uid",
    "k8s.daemonset.name",
    "k8s.daemonset.uid",
    "k8s.deployment.name",
    "k8s.deployment.uid",
    "k8s.job.name",
    "k8s.job.uid",
    "k8s.namespace.name",
    "k8s.node.name",
    "k8s.node.uid",
    "k8s.pod.name",
    "k8s.pod.uid",
    "k8s.replicaset.name",
    "k8s.replicaset.uid",
    "k8s.statefulset.name",
    "k8s.statefulset.uid",
    "opencensus.exporterversion",
    "opencensus.resourcetype",
    "opencensus.starttime",
    "os.description",
    "os.name",
    "os.type",
    "os.version",
    "process.command",
    "process.command_args",
    "process.command_line",
    "process.executable.name",
    "process.executable.path",
    "process.owner",
    "process.pid",
    "process.runtime.description",
    "process.runtime.name",
    "process.runtime.version",
    "service.instance.id",
    "service.name",
    "service.namespace",
    "service.version",
    "telemetry.auto.version",
    "telemetry.sdk.language",
    "telemetry.sdk.name",
    "telemetry.sdk.version",
    "webengine.description",
    "webengine.name",
    "webengine.version",
];

/// The attribute that a service's name becomes, if it is not `service.name`.
pub(super) const SERVICE_NAME_SOURCE: &str = "otlp.service.name.source";
/// Name and version of scopes, and what they were called before.
pub(super) const SCOPES: [(&str, &str); 2] = [
    ("otel.scope.name", "otel.scope.version"),
    ("otel.library.name", "otel.library.version"),
];

/// Whether a tag belongs to the resource.
pub(super) fn is_of_resource(tag: &str) -> bool {
    OF_RESOURCES.binary_search(&tag).is_ok()
}

/// Whether a tag is never an attribute of a span.
pub(super) fn is_of_no_span(tag: &str) -> bool {
    tag == SERVICE_NAME_SOURCE
        || SCOPES
            .iter()
            .any(|(name, version)| tag == *name || tag == *version)
        || is_of_resource(tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_are_sorted_so_that_each_is_found() {
        assert!(OF_RESOURCES.is_sorted());
        assert!(is_of_resource("service.name") && is_of_resource("aws.ecs.cluster.arn"));
        assert!(!is_of_resource("http.method") && !is_of_resource("otel.library.name"));
    }
}
