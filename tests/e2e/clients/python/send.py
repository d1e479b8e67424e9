"""Sends every kind of telemetry with the OpenTelemetry SDK.

Everything goes to --to over --protocol, and the very same objects to --reference over OTLP/HTTP
without compression, so that a test can compare what a collector made of it. Exits with 1 if an
export failed.
"""

import argparse
import sys

import grpc
from opentelemetry import context, trace
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter as GrpcLogs
from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter as GrpcMetrics
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcSpans
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter as HttpLogs
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter as HttpMetrics
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpSpans
from opentelemetry.metrics import CallbackOptions, Observation
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor, LogRecordExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricExporter, PeriodicExportingMetricReader
from opentelemetry.sdk.metrics.view import ExponentialBucketHistogramAggregation, View
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter

ATTRIBUTES = {
    "text": "hello",
    "text.empty": "",
    "text.unicode": "Grüße, 世界 \U0001f30d \x00 \n \" \\",
    "text.long": "x" * 20_000,
    "bool": True,
    "int": 42,
    "int.max": 2**63 - 1,
    "int.min": -(2**63),
    "double": -1.5,
    "double.tiny": 5e-324,
    "double.infinite": float("inf"),
    "double.nan": float("nan"),
    "bytes": bytes(range(256)),
    "texts": ["a", "", "世界"],
    "bools": [True, False],
    "ints": [1, -1, 2**53 + 1],
    "doubles": [0.1, 1e300],
    "empty": [],
}

failures = []


def tee(base, exporters):
    """An exporter that hands everything to all of `exporters`."""

    class Tee(base):
        def __init__(self):
            metrics = {}
            if base is MetricExporter:
                first = exporters[0]
                metrics["preferred_temporality"] = first._preferred_temporality
                metrics["preferred_aggregation"] = first._preferred_aggregation
            super().__init__(**metrics)

        def export(self, batch, *args, **kwargs):
            for exporter in exporters:
                result = exporter.export(batch, *args, **kwargs)
                if result.name != "SUCCESS":
                    failures.append(f"{type(exporter).__module__}: {result}")
            return result

        def force_flush(self, timeout_millis=30_000):
            return True

        def shutdown(self, *args, **kwargs):
            for exporter in exporters:
                exporter.shutdown()

    return Tee()


def exporters(arguments, over_grpc, over_http, path):
    """The exporter under test and the one for reference."""
    if arguments.protocol == "grpc":
        credentials = None
        if arguments.ca:
            read = lambda name: open(name, "rb").read() if name else None
            credentials = grpc.ssl_channel_credentials(
                read(arguments.ca), read(arguments.key), read(arguments.cert)
            )
        tested = over_grpc(
            endpoint=arguments.to,
            insecure=credentials is None,
            credentials=credentials,
            timeout=10,
            compression=grpc.Compression.Gzip if arguments.gzip else None,
        )
    elif arguments.protocol == "http/protobuf":
        scheme = "https" if arguments.ca else "http"
        tested = over_http(
            endpoint=f"{scheme}://{arguments.to}{path}",
            certificate_file=arguments.ca,
            client_key_file=arguments.key,
            client_certificate_file=arguments.cert,
            timeout=10,
            compression=Compression.Gzip if arguments.gzip else Compression.NoCompression,
        )
    else:
        sys.exit(f"the Python SDK has no protocol {arguments.protocol}")
    reference = over_http(endpoint=f"http://{arguments.reference}{path}")
    return [tested, reference]


def spans(provider):
    tracer = provider.get_tracer("e2e.spans", "1.2.3", "https://example.com/schema", {"scope": "x"})
    with tracer.start_as_current_span("parent", attributes=ATTRIBUTES) as parent:
        parent.add_event("event", ATTRIBUTES, timestamp=1_700_000_000_000_000_001)
        parent.add_event("without attributes")
        parent.record_exception(ValueError("broke: 世界"))
        parent.set_status(trace.StatusCode.ERROR, "broke")
        link = trace.Link(parent.get_span_context(), ATTRIBUTES)
        for kind in trace.SpanKind:
            with tracer.start_as_current_span(f"child {kind.name}", kind=kind, links=[link]):
                pass
    other = provider.get_tracer("e2e.other")
    for number in range(100):
        other.start_span("", context.Context(), attributes={"number": number}).end()


def metrics(provider):
    meter = provider.get_meter("e2e.metrics", "2", "https://example.com/schema", {"scope": "y"})
    plain = {key: value for key, value in ATTRIBUTES.items() if key != "double.nan"}
    counter = meter.create_counter("requests", "{request}", "how many: 世界")
    counter.add(2**62, plain)
    counter.add(1, {"route": ""})
    meter.create_counter("bytes", "By").add(0.5)
    meter.create_up_down_counter("connections").add(-3, {"peer": "a"})
    histogram = meter.create_histogram("latency", "s", "how long")
    exponential = meter.create_histogram("latency.exponential", "s")
    for number in range(50):
        value = (number - 5) * 0.25 if number else 1e12
        histogram.record(abs(value), {"route": "/"})
        exponential.record(abs(value), {"route": "/"})

    def observe(options: CallbackOptions):
        yield Observation(21.5, {"room": "küche"})
        yield Observation(-4, {"room": "cellar"})

    meter.create_observable_gauge("temperature", [observe], "Cel", "how warm")
    meter.create_gauge("level").set(7, plain)


def logs(provider):
    logger = provider.get_logger("e2e.logs", "3", "https://example.com/schema")
    bodies = ["text", "", "世界", 42, -0.5, True, b"\x00\xff", ["a", 1, [None]], None]
    bodies.append({"map": {"nested": [1, "two", {"three": 3.0}]}, "empty": {}})
    for number, body in enumerate(bodies):
        logger.emit(
            LogRecord(
                timestamp=1_700_000_000_000_000_000 + number,
                observed_timestamp=1_700_000_000_000_000_999,
                severity_text="ERROR",
                severity_number=SeverityNumber.ERROR2,
                body=body,
                attributes={**ATTRIBUTES, "map": {"a": {"b": [1, "x"]}}},
                event_name="e2e.event" if number % 2 else None,
            )
        )


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--protocol", required=True)
    parser.add_argument("--to", required=True)
    parser.add_argument("--reference", required=True)
    parser.add_argument("--gzip", action="store_true")
    parser.add_argument("--ca")
    parser.add_argument("--cert")
    parser.add_argument("--key")
    arguments = parser.parse_args()

    resource = Resource({"service.name": "python-e2e", **ATTRIBUTES}, "https://example.com/resource")

    tracers = TracerProvider(resource=resource)
    exporter = tee(SpanExporter, exporters(arguments, GrpcSpans, HttpSpans, "/v1/traces"))
    tracers.add_span_processor(BatchSpanProcessor(exporter))
    spans(tracers)
    tracers.shutdown()

    exporter = tee(MetricExporter, exporters(arguments, GrpcMetrics, HttpMetrics, "/v1/metrics"))
    view = View(
        instrument_name="latency.exponential", aggregation=ExponentialBucketHistogramAggregation()
    )
    reader = PeriodicExportingMetricReader(exporter, export_interval_millis=60_000)
    meters = MeterProvider([reader], resource, views=[view])
    metrics(meters)
    meters.shutdown()

    loggers = LoggerProvider(resource=resource)
    exporter = tee(LogRecordExporter, exporters(arguments, GrpcLogs, HttpLogs, "/v1/logs"))
    loggers.add_log_record_processor(BatchLogRecordProcessor(exporter))
    logs(loggers)
    loggers.shutdown()

    if failures:
        sys.exit("\n".join(failures))


main()
