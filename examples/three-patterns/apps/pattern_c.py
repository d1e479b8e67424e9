"""The service of pattern C: no SDK, only a page of metrics for whoever scrapes it.

Answers GET / and GET /metrics on 127.0.0.1:PORT.
"""

import os
import sys
import signal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import Counter, exposition

requests = Counter("http_requests", "How many requests were served.", ["route"])


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path.startswith("/metrics"):
            encoder, content_type = exposition.choose_encoder(self.headers.get("Accept", ""))
            from prometheus_client import REGISTRY

            self.send_response(200)
            self.send_header("Content-Type", content_type)
            self.end_headers()
            self.wfile.write(encoder(REGISTRY))
            return
        requests.labels(route="/").inc()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"pattern C\n")

    def log_message(self, *_):
        pass


signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
