"""A target made with the Python client library. Prints where it listens; ends when stdin does.

/metrics answers what the scraper asks for, /text always text 0.0.4.
"""

import sys
import threading
from wsgiref.simple_server import WSGIRequestHandler, make_server

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Enum,
    Gauge,
    Histogram,
    Info,
    Summary,
    make_wsgi_app,
)
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

TRACE = {"trace_id": "0af7651916cd43dd8448eb211c80319c", "span_id": "b7ad6b7169203331"}

registry = CollectorRegistry()
for collector in (GCCollector, PlatformCollector, ProcessCollector):
    collector(registry=registry)

requests = Counter("shop_requests", "Requests.\nTwo lines, a \\.", ["path", "code"], registry=registry)
requests.labels('/a "b" \\ ü', "200").inc(1027, exemplar=TRACE)
requests.labels("/", "500").inc(3)
Counter("shop_read_bytes", "Bytes.", unit="bytes", registry=registry).inc(4096.5)

Gauge("shop_queue_length", "Waiting.", registry=registry).set(-7.5)
Gauge("shop_usage_ratio", "Used.", unit="ratio", registry=registry).set(0.25)
special = Gauge("shop_special", "What floats can be.", ["of"], registry=registry)
for value in ("Inf", "-Inf", "NaN", "1e300", "5e-324", "0"):
    special.labels(value).set(float(value))

latency = Histogram(
    "shop_latency_seconds", "Time.", ["path"], unit="seconds", buckets=(0.1, 0.5, 1, 2.5), registry=registry
)
for value in (0.05, 0.05, 0.3, 0.7, 2, 9):
    latency.labels("/").observe(value, exemplar=TRACE | {"of": str(value)})
Histogram("shop_empty_seconds", "Never.", registry=registry)
sizes = Summary("shop_size_bytes", "Size.", registry=registry)
for value in (1, 2, 4):
    sizes.observe(value)

Info("shop_build", "What it is.", registry=registry).info({"version": "1.2.3", "branch": "main"})
Enum("shop_state", "How it is.", states=["starting", "running", "stopped"], registry=registry).state("running")


class Silent(WSGIRequestHandler):
    """Logs nothing."""

    def log_message(self, *_):
        pass


pages = make_wsgi_app(registry)


def application(environ, start_response):
    if environ["PATH_INFO"] == "/text":
        environ["HTTP_ACCEPT"] = "text/plain"
    return pages(environ, start_response)


server = make_server("127.0.0.1", 0, application, handler_class=Silent)
threading.Thread(target=server.serve_forever, daemon=True).start()
print("127.0.0.1:%d" % server.server_port, flush=True)
sys.stdin.read()
