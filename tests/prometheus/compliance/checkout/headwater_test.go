// For the tests of a checkout of the compliance project: the `run` beside puts this file among them.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"github.com/prometheus/compliance/remotewrite/sender/targets"
)

func init() {
	registeredTargets["headwater"] = runHeadwater
}

// Starts $HEADWATER_BIN, ends it as Ctrl-C does after the time that the test gives it.
func runHeadwater(options targets.TargetOptions) error {
	config := fmt.Sprintf(`yaml:
receivers:
  prometheus:
    config:
      scrape_configs:
        - job_name: test
          scrape_interval: 1s
          scrape_protocols: [OpenMetricsText1.0.0, PrometheusText0.0.4]
          static_configs:
            - targets: [%q]
processors:
  batch:
    timeout: 4s
    send_batch_max_size: 8192
exporters:
  prometheus_remote_write:
    endpoint: %q
    protobuf_message: io.prometheus.write.v2.Request
    send_metadata: true
    # The page is to come out as it is.
    add_metric_suffixes: false
    disable_scope_info: true
    target_info:
      enabled: false
service:
  telemetry:
    metrics:
      level: none
  pipelines:
    metrics:
      receivers: [prometheus]
      processors: [batch]
      exporters: [prometheus_remote_write]
`, strings.TrimPrefix(options.ScrapeTarget, "http://"), options.ReceiveEndpoint)
	command := exec.Command(os.Getenv("HEADWATER_BIN"), "--config="+config)
	if os.Getenv("DEBUG") != "" {
		command.Stdout, command.Stderr = os.Stdout, os.Stdout
	}
	if err := command.Start(); err != nil {
		return err
	}
	time.AfterFunc(options.Timeout, func() { command.Process.Signal(syscall.SIGINT) })
	return command.Wait()
}
