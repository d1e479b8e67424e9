#!/bin/sh
# Builds the Go collector of otelcol.yaml. Needs Go; everything comes through the Go module proxy.
# Usage: build-otelcol.sh [output directory [file]]   (default: target/peers of the repository)
# Prints the path of the binary as its last line.
set -eu

version=v0.149.0
here=$(cd "$(dirname "$0")" && pwd)
out=${1:-$here/../../../target/peers}
components=$here/${2:-otelcol.yaml}
mkdir -p "$out/bin"
out=$(cd "$out" && pwd)

if [ ! -x "$out/bin/builder" ]; then
    GOBIN="$out/bin" go install "go.opentelemetry.io/collector/cmd/builder@$version"
fi

# The builder only writes the sources: fetching and compiling are left to `go build`, which resolves
# the modules at exactly the versions named, without a `go mod tidy` over their test dependencies.
cd "$out"
CGO_ENABLED=0 "$out/bin/builder" --config "$components" --skip-get-modules --skip-compilation

cd "$out/otelcol-src"
CGO_ENABLED=0 nice -n 10 go build -mod=mod -trimpath -ldflags="-s -w" -o "$out/otelcol" .
"$out/otelcol" --version >&2
echo "$out/otelcol"
