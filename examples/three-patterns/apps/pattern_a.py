"""The service of pattern A: instrumented with the OpenTelemetry SDK, sends to its tenant's collector.

Answers GET on 127.0.0.1:PORT. Everything else is said by the SDK's own variables:
OTEL_EXPORTER_OTLP_ENDPOINT and OTEL_SERVICE_NAME.
"""

import logging
import os
import signal
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry import metrics, trace
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

tracers = TracerProvider()
tracers.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(), schedule_delay_millis=500))
# A service that this one asks, in the same process: the service graph has an edge between them.
others = TracerProvider(resource=Resource.create({"service.name": "stock"}))
others.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(), schedule_delay_millis=500))
reader = PeriodicExportingMetricReader(OTLPMetricExporter(), export_interval_millis=1000)
meters = MeterProvider([reader])
loggers = LoggerProvider()
loggers.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter(), schedule_delay_millis=500))

tracer = tracers.get_tracer("pattern-a")
stock = others.get_tracer("stock")
logger = loggers.get_logger("pattern-a")
duration = meters.get_meter("pattern-a").create_histogram(
    "http.server.request.duration",
    "s",
    "Duration of HTTP server requests.",
    explicit_bucket_boundaries_advisory=[0.001, 0.01, 0.1, 1],
)


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        begun = time.perf_counter()
        attributes = {"http.request.method": "GET", "http.route": "/", "http.response.status_code": 200}
        with tracer.start_as_current_span("GET /", kind=trace.SpanKind.SERVER, attributes=attributes):
            logger.emit(
                LogRecord(
                    timestamp=time.time_ns(),
                    severity_text="INFO",
                    severity_number=SeverityNumber.INFO,
                    body="served a request of pattern A",
                )
            )
            with (
                tracer.start_as_current_span("GET /stock", kind=trace.SpanKind.CLIENT),
                stock.start_as_current_span("GET /stock", kind=trace.SpanKind.SERVER),
            ):
                pass
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"pattern A\n")
        duration.record(time.perf_counter() - begun, attributes)

    def log_message(self, *_):
        pass


def stop(*_):
    for provider in (tracers, others, meters, loggers):
        provider.shutdown()
    sys.exit(0)


signal.signal(signal.SIGTERM, stop)
logging.basicConfig(level=logging.WARNING)
ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
