# One line per recipe. `just` lists them.

default:
    @just --list

# Everything that the gate runs.
ci:
    .ci/run

# Type-check the workspace.
check:
    cargo check --workspace --all-targets

# The tests, as the README says.
test:
    cargo test --workspace

# Clippy, warnings denied.
lint:
    cargo clippy --workspace --all-targets -- -D warnings

# Format.
fmt:
    cargo fmt --all

# Licences, sources, duplicates, advisories (installs cargo-deny into target/ the first time).
deny *checks:
    [ -x target/deny/bin/cargo-deny ] || cargo install cargo-deny --version 0.19.9 --locked --root target/deny
    PATH="target/deny/bin:$PATH" cargo deny check {{checks}}

# API documentation.
doc:
    cargo doc --workspace --no-deps

# Build a distribution: `just build pattern-a`.
build name:
    cargo run --release -p builder -- build distributions/{{name}}/manifest.toml

# Build and start a distribution on its embedded configuration.
run name:
    cargo run --release -p builder -- run distributions/{{name}}/manifest.toml

# End-to-end tests with real SDKs and real binaries.
e2e:
    tests/e2e/run

# Build the Go collector that the comparisons use, once.
peers:
    benches/load/peers/build-otelcol.sh

# Differential and interoperability tests against the Go collector (`just peers` first).
e2e-peers:
    tests/e2e/run peers

# Pushes to a real Loki: `LOKI_BIN=… just e2e-loki`.
e2e-loki:
    tests/backends/run loki_gives_back

# Traces to a real Tempo: `TEMPO_BIN=… just e2e-tempo`.
e2e-tempo:
    tests/backends/run tempo_gives_back

# Every real backend there is: `LOKI_BIN=… TEMPO_BIN=… PROMETHEUS_BIN=… just e2e-backends`.
e2e-backends:
    tests/backends/run
    cargo test -p prometheus-tests
    examples/three-patterns/run

# Build the Go collector with contrib's Prometheus components, once; a quarter of an hour.
peers-prometheus:
    benches/load/peers/build-otelcol.sh target/peers-prometheus otelcol-prometheus.yaml

# What others make of the same targets: the Go collector (`just peers-prometheus` first) and the agent.
prometheus-peers:
    PROMCOL_BIN="${PROMCOL_BIN:-$PWD/target/peers-prometheus/otelcol}" \
        PROMETHEUS_BIN="${PROMETHEUS_BIN:-$(tests/prometheus/install)/prometheus}" \
        NODE_EXPORTER_BIN="$(tests/prometheus/install)/prometheus-node-exporter" \
        cargo test -p prometheus-tests -p headwater-exporter-prometheus-remote-write --test all differential

# The compliance project's tests for senders of remote write: `just build headwater` first.
compliance:
    HEADWATER_BIN="${HEADWATER_BIN:-target/distributions/headwater/headwater}" \
        tests/prometheus/compliance/run

# Micro-benchmarks.
bench:
    cargo bench -p headwater-benches-micro

# Load comparison: see benches/load/README.md for the flags.
load *flags:
    cargo run --release -p headwater-load -- run {{flags}}

# Fuzz for ten minutes a target: `just fuzz`, `just fuzz wire json`.
fuzz *targets:
    FUZZ_SECONDS="${FUZZ_SECONDS:-600}" fuzz/run {{targets}}
