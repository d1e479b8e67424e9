// The service of pattern B: instrumented with the OpenTelemetry SDK, sends straight to the collector that
// takes telemetry of all such tenants, with the tenant's name and password.
//
// Answers GET on 127.0.0.1:PORT. Everything else is said by the SDK's own variables:
// OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_EXPORTER_OTLP_HEADERS and OTEL_SERVICE_NAME.

import { createServer } from "node:http";
import { createRequire } from "node:module";

import { metrics, SpanKind, trace } from "@opentelemetry/api";
import { logs as logsApi, SeverityNumber } from "@opentelemetry/api-logs";
import { logs, metrics as sdkMetrics, NodeSDK, tracing } from "@opentelemetry/sdk-node";

const require = createRequire(import.meta.url);
const exporter = (signal, name) => new (require(`@opentelemetry/exporter-${signal}-otlp-proto`)[name])();

const sdk = new NodeSDK({
  autoDetectResources: true,
  spanProcessors: [
    new tracing.BatchSpanProcessor(exporter("trace", "OTLPTraceExporter"), { scheduledDelayMillis: 500 }),
  ],
  metricReaders: [
    new sdkMetrics.PeriodicExportingMetricReader({
      exporter: exporter("metrics", "OTLPMetricExporter"),
      exportIntervalMillis: 1000,
      exportTimeoutMillis: 900,
    }),
  ],
  logRecordProcessors: [
    new logs.BatchLogRecordProcessor({
      exporter: exporter("logs", "OTLPLogExporter"),
      scheduledDelayMillis: 500,
    }),
  ],
});
sdk.start();

const tracer = trace.getTracer("pattern-b");
const logger = logsApi.getLogger("pattern-b");
const duration = metrics.getMeter("pattern-b").createHistogram("http.server.request.duration", {
  unit: "s",
  description: "Duration of HTTP server requests.",
  advice: { explicitBucketBoundaries: [0.001, 0.01, 0.1, 1] },
});

const server = createServer((request, response) => {
  const begun = performance.now();
  const attributes = {
    "http.request.method": request.method,
    "http.route": "/",
    "http.response.status_code": 200,
  };
  tracer.startActiveSpan("GET /", { kind: SpanKind.SERVER, attributes }, (span) => {
    logger.emit({
      severityText: "INFO",
      severityNumber: SeverityNumber.INFO,
      body: "served a request of pattern B",
    });
    response.end("pattern B\n");
    span.end();
  });
  duration.record((performance.now() - begun) / 1000, attributes);
});
server.listen(Number(process.env.PORT), "127.0.0.1");

process.on("SIGTERM", async () => {
  server.close();
  await sdk.shutdown();
  process.exit(0);
});
