"""What the script `run` needs beside a shell.

show.py ready URL                  exit 0 if URL answers with a status below 400
show.py config FILE KEY            prints one key of a ConfigMap
show.py drive COUNT URL...         sends COUNT requests to each
show.py arrived --sink LOG --hub URL [--prometheus URL] [--loki URL] [--tempo URL]
                                   asks the backends (or reads the sink's log) until everything is there, prints
                                   a table; exit 1 if something is missing after a minute
"""

import argparse
import json
import re
import sys
import time
import urllib.parse
import urllib.request

PATIENCE = 60.0


def get(url):
    with urllib.request.urlopen(url, timeout=5) as response:
        return response.read()


def query(url, **parameters):
    return json.loads(get(f"{url}?{urllib.parse.urlencode(parameters)}"))


def config(path, key):
    """A block scalar below `data:`; the manifests here are written by hand, all alike."""
    text, inside = [], False
    for line in open(path, encoding="utf-8"):
        if line.startswith(f"  {key}: |"):
            inside = True
        elif inside and line.strip() and not line.startswith("    "):
            break
        elif inside:
            text.append(line[4:] if line.strip() else "\n")
    if not text:
        sys.exit(f"{path} has no key {key}")
    return "".join(text)


def prometheus(url, expression):
    """The number of series of an instant query."""
    return len(query(f"{url}/api/v1/query", query=expression)["data"]["result"])


def loki(url, expression):
    """The number of lines of the last hour."""
    now = time.time_ns()
    data = query(
        f"{url}/loki/api/v1/query_range", query=expression, start=now - 3600 * 10**9, end=now + 10**9, limit=5000
    )["data"]
    return sum(len(stream["values"]) for stream in data["result"])


def tempo(url, expression):
    """The number of traces of the last hour."""
    now = int(time.time())
    found = query(f"{url}/api/search", q=expression, start=now - 3600, end=now + 1, limit=1000)
    return len(found.get("traces") or [])


# What the dashboards and alerts of seed 000 ask the hub for.
OWN_METRICS = [
    "otelcol_receiver_accepted_spans_total",
    "otelcol_receiver_accepted_metric_points_total",
    "otelcol_receiver_accepted_log_records_total",
    "otelcol_exporter_sent_spans_total",
    "otelcol_exporter_sent_metric_points_total",
    "otelcol_exporter_sent_log_records_total",
    "otelcol_exporter_queue_size",
]

# What its dashboards ask of a service by the label that names it, {}; of pattern C that is the instance.
SERVICE_QUERIES = [
    "sum(rate(http_server_request_duration_seconds_count{{{}}}[5m]))",
    "histogram_quantile(0.95, sum by (le) (rate(http_server_request_duration_seconds_bucket{{{}}}[5m])))",
]

# The same numbers from us and from Tempo's own generator, whose series have a label of their own.
SERIES = "service, span_name, span_kind, status_code"
GENERATED = [
    ("traces_spanmetrics_calls_total", SERIES),
    ("traces_spanmetrics_latency_count", SERIES),
    ("traces_spanmetrics_latency_bucket", f"{SERIES}, le"),
    ("traces_service_graph_request_total", "client, server"),
    ("traces_service_graph_request_client_seconds_bucket", "client, server, le"),
    ("traces_service_graph_request_server_seconds_bucket", "client, server, le"),
]


def trace_ids(url, expression):
    """The trace ids in lines of the last hour, as Grafana's derived field finds them."""
    now = time.time_ns()
    data = query(
        f"{url}/loki/api/v1/query_range", query=expression, start=now - 3600 * 10**9, end=now + 10**9, limit=100
    )["data"]
    lines = (line for stream in data["result"] for _, line in stream["values"])
    return [found[1] for line in lines if (found := re.search(TRACE_ID, line))]


def trace(url, identifier):
    """Whether Tempo has a trace."""
    return bool(json.loads(get(f"{url}/api/traces/{identifier}")).get("batches"))


TRACE_ID = r'"traceid":"([0-9a-f]{32})"'


def own_metric(url, name):
    """The number of series of the hub's own metric."""
    text = get(f"{url}/metrics").decode()
    return len(re.findall(rf"^{name}(?:{{[^}}]*}})? ", text, flags=re.M))


class Sink:
    """The log of the sink: batches as the debug exporter shows them, resource after resource."""

    def __init__(self, path):
        self.path = path

    def resources(self):
        try:
            text = open(self.path, encoding="utf-8", errors="replace").read()
        except FileNotFoundError:
            return []
        return re.split(r"(?:^|\t)Resource(?:Log|Spans|Metrics) #\d+$", text, flags=re.M)[1:]

    def trace_ids(self, name):
        resources = (resource for resource in self.resources() if name in resource)
        return [found for resource in resources for found in re.findall(TRACE_ID, resource)]

    def trace(self, identifier):
        return self.count(rf"^ +Trace ID +: {identifier}$") > 0

    def count(self, item, *patterns):
        return sum(
            len(re.findall(item, resource, flags=re.M))
            for resource in self.resources()
            if all(re.search(pattern, resource) for pattern in patterns)
        )


def answer(url, expression):
    """The number of series of an instant query whose value is a number above 0."""
    result = query(f"{url}/api/v1/query", query=expression)["data"]["result"]
    return sum(float(series["value"][1]) > 0 for series in result)


def traces_of_lines(arguments, sink, name):
    """How many of a service's lines lead to a trace that is there; 0 if one leads nowhere."""
    lines = trace_ids(arguments.loki, f'{{job="{name}"}}') if arguments.loki else sink.trace_ids(name)
    there = [trace(arguments.tempo, line) if arguments.tempo else sink.trace(line) for line in set(lines)]
    return len(there) if all(there) else 0


def checks(arguments):
    """What is expected: what is shown, and a function that counts it."""
    sink = Sink(arguments.sink)
    names = {"A": "go-api-server-pattern-a", "B": "go-api-server-pattern-b", "C": "go-api-server-pattern-c"}
    jobs = {**names, "C": "vcluster-3/go-api-server-pattern-c"}
    all_of = []

    def add(pattern, signal, what, count):
        all_of.append((pattern, signal, what, count))

    for pattern, job in jobs.items():
        expression = f'http_server_request_duration_seconds_count{{job="{job}"}}'
        if arguments.prometheus:
            add(pattern, "metrics", expression, lambda e=expression: prometheus(arguments.prometheus, e))
        else:
            name = rf"service\.name: Str\({names[pattern]}\)"
            add(
                pattern, "metrics", f"http.server.request.duration of {job}",
                lambda n=name: sink.count(r"-> Name: http[._]server[._]request[._]duration", n),
            )
    if arguments.prometheus:
        for expression in (
            'http_server_request_duration_seconds_bucket{instance=~"vcluster-3[.]go-api-server.*"}',
            'http_requests_total{job="prometheus.scrape.vcluster3",vcluster_name="vcluster-3"}',
        ):
            add("C", "metrics", expression, lambda e=expression: prometheus(arguments.prometheus, e))
        expression = f'traces_spanmetrics_calls_total{{service="{names["A"]}"}}'
        add("A", "span metrics", expression, lambda e=expression: prometheus(arguments.prometheus, e))
        labels = {pattern: f'job="{jobs[pattern]}"' for pattern in "AB"}
        labels["C"] = 'instance=~"vcluster-3[.]go-api-server.*"'
        for pattern, label in labels.items():
            for question in SERVICE_QUERIES:
                expression = question.format(label)
                add(pattern, "dashboard", expression, lambda e=expression: answer(arguments.prometheus, e))
        # One span of a request, one measurement of it.
        expression = (
            f'sum(traces_spanmetrics_calls_total{{service="{names["A"]}",span_kind="SPAN_KIND_SERVER",generated_by=""}}) == '
            f'sum(http_server_request_duration_seconds_count{{job="{names["A"]}"}})'
        )
        add("A", "span metrics", expression, lambda e=expression: prometheus(arguments.prometheus, e))
        if arguments.tempo:
            for name, labels in GENERATED:
                # Only the hub's spans, which are those of A: B and C send theirs to Tempo themselves.
                from_a = f'{labels.split(",")[0]}="{names["A"]}"'
                expression = (
                    f'sum by ({labels}) ({name}{{generated_by="tempo",{from_a}}}) == '
                    f'sum by ({labels}) ({name}{{generated_by="",{from_a}}})'
                )
                add("A", "generator", expression, lambda e=expression: prometheus(arguments.prometheus, e))
    else:
        add("C", "metrics", "http_requests_total, scraped", lambda: sink.count(r"-> Name: http_requests_total"))
        add("A", "span metrics", "traces_spanmetrics_calls_total", lambda: sink.count(r"-> Name: traces_spanmetrics_calls"))

    for pattern, name in names.items():
        if arguments.tempo:
            expression = f'{{resource.service.name="{name}"}}'
            add(pattern, "traces", expression, lambda e=expression: tempo(arguments.tempo, e))
        else:
            resource = rf"service\.name: Str\({name}\)"
            add(pattern, "traces", f"spans of {name}", lambda r=resource: sink.count(r"^Span #\d+", r))
    for pattern in "AB":
        if arguments.loki:
            expression = f'{{job="{names[pattern]}"}}'
            add(pattern, "logs", expression, lambda e=expression: loki(arguments.loki, e))
        else:
            label = rf"Str\({names[pattern]}\)"
            add(pattern, "logs", f"lines of {names[pattern]}", lambda n=label: sink.count(r"^LogRecord #\d+", n))
    for pattern in "AB":
        add(
            pattern, "log to trace", f"traces that lines of {names[pattern]} name",
            lambda n=names[pattern]: traces_of_lines(arguments, sink, n),
        )
    for name in OWN_METRICS:
        add("hub", "own metrics", name, lambda n=name: own_metric(arguments.hub, n))
    return all_of


def arrived(arguments):
    deadline = time.monotonic() + PATIENCE
    rows = checks(arguments)
    while True:
        counts = []
        for *_, count in rows:
            try:
                counts.append(count())
            except OSError:
                counts.append(0)
        if all(counts) or time.monotonic() > deadline:
            break
        time.sleep(0.5)
    print(f"{'pattern':<8} {'signal':<13} {'found':>6}  what")
    for (pattern, signal, what, _), count in sorted(zip(rows, counts), key=lambda row: row[0][0]):
        print(f"{pattern:<8} {signal:<13} {count:>6}  {what}")
    if not all(counts):
        sys.exit("not everything arrived")
    print("everything arrived")


def main():
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("ready").add_argument("url")
    command = commands.add_parser("config")
    command.add_argument("file")
    command.add_argument("key")
    command = commands.add_parser("drive")
    command.add_argument("count", type=int)
    command.add_argument("urls", nargs="+")
    command = commands.add_parser("arrived")
    command.add_argument("--sink", required=True)
    command.add_argument("--hub", required=True)
    command.add_argument("--prometheus")
    command.add_argument("--loki")
    command.add_argument("--tempo")
    arguments = parser.parse_args()
    if arguments.command == "ready":
        try:
            get(arguments.url)
        except OSError as error:
            sys.exit(str(error))
    elif arguments.command == "config":
        sys.stdout.write(config(arguments.file, arguments.key))
    elif arguments.command == "drive":
        # Longer than the services keep their metrics: a rate needs samples that differ.
        for _ in range(arguments.count):
            for url in arguments.urls:
                get(url)
            time.sleep(3 / arguments.count)
    else:
        arrived(arguments)


main()
