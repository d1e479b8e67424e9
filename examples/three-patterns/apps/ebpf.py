"""Plays the eBPF instrumentation of a node, which needs a kernel's privileges: for pattern C's service it
sends the spans and the metrics that Beyla sends, with Beyla's resource attributes.

Usage: ebpf.py COUNT. Where to is OTEL_EXPORTER_OTLP_ENDPOINT.
"""

import sys
import time

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

POD = "go-api-server-5d9f7c8b6-x2x7k-x-default-x-vcluster-3"
resource = Resource(
    {
        "service.name": "go-api-server-pattern-c",
        "service.namespace": "vcluster-3",
        "service.instance.id": f"vcluster-3.{POD}.go-api-server",
        "telemetry.sdk.name": "beyla",
        "telemetry.sdk.language": "go",
        "host.name": POD,
        "k8s.namespace.name": "vcluster-3",
        "k8s.pod.name": POD,
        "k8s.container.name": "go-api-server",
    }
)
attributes = {"http.request.method": "GET", "http.response.status_code": 200, "url.path": "/"}

tracers = TracerProvider(resource=resource)
tracers.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
meters = MeterProvider([PeriodicExportingMetricReader(OTLPMetricExporter())], resource)
duration = meters.get_meter("reporter").create_histogram("http.server.request.duration", "s")
count = int(sys.argv[1])
for index in range(count):
    span = tracers.get_tracer("beyla").start_span("GET /", kind=trace.SpanKind.SERVER, attributes=attributes)
    span.end()
    duration.record(0.002, attributes)
    if index == count // 2:
        # A rate needs two samples, some time apart.
        meters.force_flush()
        time.sleep(2)
tracers.shutdown()
meters.shutdown()
