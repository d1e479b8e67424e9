// Sends every kind of telemetry with the OpenTelemetry SDK for Node.
//
// Everything goes to --to over --protocol, and the very same objects to --reference over
// OTLP/HTTP with protobuf and without compression, so that a test can compare what a collector
// made of it. Exits with 1 if an export failed.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { parseArgs } from "node:util";

import { context, metrics, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { logs as logsApi, SeverityNumber } from "@opentelemetry/api-logs";
import { logs, metrics as sdkMetrics, NodeSDK, resources, tracing } from "@opentelemetry/sdk-node";

const require = createRequire(import.meta.url);
const { values: options } = parseArgs({
  options: {
    protocol: { type: "string" },
    to: { type: "string" },
    reference: { type: "string" },
    gzip: { type: "boolean", default: false },
    ca: { type: "string" },
    cert: { type: "string" },
    key: { type: "string" },
  },
});

const KINDS = { grpc: "grpc", "http/protobuf": "proto", "http/json": "http" };

const read = (name) => (name ? readFileSync(name) : undefined);

const tls = () => ({ ca: read(options.ca), cert: read(options.cert), key: read(options.key) });

/** The exporter under test and the one for reference. */
function exporters(signal, name) {
  const load = (kind) => require(`@opentelemetry/exporter-${signal}-otlp-${kind}`)[name];
  const path = `/v1/${signal === "trace" ? "traces" : signal}`;
  const kind = KINDS[options.protocol];
  const scheme = options.ca ? "https" : "http";
  const config = { compression: options.gzip ? "gzip" : "none", timeoutMillis: 10_000 };
  if (kind === "grpc") {
    const { credentials } = require("@grpc/grpc-js");
    const { ca, cert, key } = tls();
    config.url = `${scheme}://${options.to}`;
    config.credentials = options.ca
      ? credentials.createSsl(ca, key ?? null, cert ?? null)
      : credentials.createInsecure();
  } else {
    config.url = `${scheme}://${options.to}${path}`;
    if (options.ca) config.httpAgentOptions = tls();
  }
  const Tested = load(kind);
  const Reference = load("proto");
  return [new Tested(config), new Reference({ url: `http://${options.reference}${path}` })];
}

const failures = [];
const pending = [];

/** An exporter that hands everything to all of `all`. */
function tee(all) {
  return {
    export(batch, done) {
      const results = all.map(
        (exporter) => new Promise((resolve) => exporter.export(batch, resolve)),
      );
      const finished = Promise.all(results).then((results) => {
        const failed = results.filter((result) => result.code !== 0);
        failures.push(...failed.map((result) => String(result.error)));
        done(failed[0] ?? results[0]);
      });
      pending.push(finished);
    },
    forceFlush: async () => {},
    shutdown: async () => {
      await Promise.all(pending);
      await Promise.all(all.map((exporter) => exporter.shutdown()));
    },
    selectAggregationTemporality: () => sdkMetrics.AggregationTemporality.CUMULATIVE,
  };
}

const ATTRIBUTES = {
  text: "hello",
  "text.empty": "",
  "text.unicode": 'Grüße, 世界 \u{1f30d} \u0000 \n " \\ \u2028',
  "text.long": "x".repeat(20_000),
  bool: true,
  "bool.false": false,
  int: 42,
  "int.zero": 0,
  "int.max": Number.MAX_SAFE_INTEGER,
  "int.min": Number.MIN_SAFE_INTEGER,
  double: -1.5,
  "double.tiny": 5e-324,
  texts: ["a", "", "世界"],
  bools: [true, false],
  ints: [1, -1],
  doubles: [0.1, -2.5],
  empty: [],
};

function sendSpans() {
  const tracer = trace.getTracer("e2e.spans", "1.2.3", { schemaUrl: "https://example.com/schema" });
  const parent = tracer.startSpan("parent", { attributes: ATTRIBUTES }, ROOT_CONTEXT);
  parent.addEvent("event", ATTRIBUTES, [1_700_000_000, 1]);
  parent.addEvent("without attributes");
  parent.recordException(new Error("broke: 世界"));
  parent.setStatus({ code: SpanStatusCode.ERROR, message: "broke" });
  const within = trace.setSpan(context.active(), parent);
  const links = [{ context: parent.spanContext(), attributes: ATTRIBUTES }];
  for (const kind of Object.values(SpanKind).filter((kind) => typeof kind === "number")) {
    tracer.startSpan(`child ${kind}`, { kind, links }, within).end();
  }
  parent.end();
  const other = trace.getTracer("e2e.other");
  for (let number = 0; number < 100; number++) {
    other.startSpan("", { attributes: { number } }, ROOT_CONTEXT).end();
  }
}

function sendMetrics() {
  const meter = metrics.getMeter("e2e.metrics", "2");
  const counter = meter.createCounter("requests", { unit: "{request}", description: "how many: 世界" });
  counter.add(2 ** 52, ATTRIBUTES);
  counter.add(1, { route: "" });
  meter.createCounter("bytes", { unit: "By" }).add(0.5);
  meter.createUpDownCounter("connections").add(-3, { peer: "a" });
  const histogram = meter.createHistogram("latency", { unit: "s", description: "how long" });
  const exponential = meter.createHistogram("latency.exponential", { unit: "s" });
  for (let number = 0; number < 50; number++) {
    histogram.record(number * 0.25, { route: "/" });
    exponential.record(number === 0 ? 1e12 : number * 0.25, { route: "/" });
  }
  meter.createObservableGauge("temperature", { unit: "Cel" }).addCallback((result) => {
    result.observe(21.5, { room: "küche" });
    result.observe(-4, { room: "cellar" });
  });
  meter.createGauge("level").record(7, ATTRIBUTES);
}

function sendLogs() {
  const logger = logsApi.getLogger("e2e.logs", "3", { schemaUrl: "https://example.com/schema" });
  const bodies = ["text", "", "世界", 42, -0.5, true, new Uint8Array([0, 255]), ["a", 1, [2]]];
  bodies.push(undefined, { map: { nested: [1, "two", { three: 3.5 }] }, empty: {} });
  bodies.forEach((body, number) =>
    logger.emit({
      timestamp: [1_700_000_000, number],
      observedTimestamp: [1_700_000_000, 999],
      severityText: "ERROR",
      severityNumber: SeverityNumber.ERROR2,
      body,
      attributes: { ...ATTRIBUTES, bytes: new Uint8Array([0, 1, 255]), map: { a: { b: [1, "x"] } } },
      eventName: number % 2 ? "e2e.event" : undefined,
    }),
  );
}

if (!(options.protocol in KINDS)) throw new Error(`no protocol ${options.protocol}`);
const sdk = new NodeSDK({
  resource: resources.resourceFromAttributes({ "service.name": "node-e2e", ...ATTRIBUTES }),
  autoDetectResources: false,
  spanProcessors: [new tracing.BatchSpanProcessor(tee(exporters("trace", "OTLPTraceExporter")))],
  metricReaders: [
    new sdkMetrics.PeriodicExportingMetricReader({
      exporter: tee(exporters("metrics", "OTLPMetricExporter")),
      exportIntervalMillis: 60_000,
    }),
  ],
  views: [
    {
      instrumentName: "latency.exponential",
      aggregation: { type: sdkMetrics.AggregationType.EXPONENTIAL_HISTOGRAM },
    },
  ],
  logRecordProcessors: [
    new logs.BatchLogRecordProcessor({ exporter: tee(exporters("logs", "OTLPLogExporter")) }),
  ],
});
sdk.start();
sendSpans();
sendMetrics();
sendLogs();
await sdk.shutdown();
if (failures.length > 0) {
  console.error(failures.join("\n"));
  process.exit(1);
}
