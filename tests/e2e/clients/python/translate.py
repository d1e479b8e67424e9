"""Translates OTLP requests between protobuf and JSON with protobuf's own JSON mapping.

    translate.py decode|encode traces|metrics|logs <in >out

OTLP differs from that mapping in one thing: ids are hex, not base64.
"""

import base64
import json
import sys

from google.protobuf import json_format
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

MESSAGES = {
    "traces": ExportTraceServiceRequest,
    "metrics": ExportMetricsServiceRequest,
    "logs": ExportLogsServiceRequest,
}
IDS = {"traceId", "spanId", "parentSpanId"}


def ids(value, translate):
    """`value` with every id translated."""
    if isinstance(value, list):
        return [ids(item, translate) for item in value]
    if isinstance(value, dict):
        return {
            key: translate(item) if key in IDS else ids(item, translate)
            for key, item in value.items()
        }
    return value


def main():
    verb, signal = sys.argv[1:]
    message = MESSAGES[signal]()
    data = sys.stdin.buffer.read()
    if verb == "decode":
        to_base64 = lambda text: base64.b64encode(bytes.fromhex(text)).decode()
        json_format.ParseDict(ids(json.loads(data), to_base64), message)
        sys.stdout.buffer.write(message.SerializeToString())
    else:
        message.ParseFromString(data)
        to_hex = lambda text: base64.b64decode(text).hex()
        value = ids(json_format.MessageToDict(message, use_integers_for_enums=True), to_hex)
        sys.stdout.buffer.write(json.dumps(value, ensure_ascii=False).encode())


main()
