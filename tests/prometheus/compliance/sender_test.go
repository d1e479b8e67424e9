// Runs the tests for senders of the Prometheus compliance project, in the form of a library, with
// $HEADWATER_BIN. The `run` beside this says how.
package compliance

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/prometheus/compliance/remotewrite/sender"
)

type headwater struct{ program string }

func (headwater) Name() string { return "headwater" }

func (h headwater) Run(ctx context.Context, options sender.Options) error {
	config := fmt.Sprintf(`yaml:
receivers:
  prometheus:
    config:
      scrape_configs:
        - job_name: %q
          scrape_interval: 1s
          scrape_protocols: [OpenMetricsText1.0.0]
          static_configs:
            - targets: [%q]
exporters:
  prometheus_remote_write:
    endpoint: %q
    protobuf_message: %q
service:
  telemetry:
    metrics:
      level: none
  pipelines:
    metrics:
      receivers: [prometheus]
      exporters: [prometheus_remote_write]
`, options.ScrapeTargetJobName, options.ScrapeTargetHostPort, options.RemoteWriteEndpointURL,
		options.RemoteWriteMessage)
	return sender.RunCommand(ctx, ".", nil, h.program, "--config="+config)
}

func TestSender(t *testing.T) {
	program := os.Getenv("HEADWATER_BIN")
	if program == "" {
		t.Fatal("HEADWATER_BIN names no program")
	}
	sender.RunTests(t, headwater{program}, sender.ComplianceTests())
}
