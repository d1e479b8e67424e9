// A target made with the Go client library. Prints where it listens; ends when stdin does.
//
// /metrics answers what the scraper asks for, /text always text 0.0.4 and /openmetrics always
// OpenMetrics. /native has native histograms and /names names of UTF-8.
package main

import (
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

var trace = prometheus.Labels{
	"trace_id": "0af7651916cd43dd8448eb211c80319c",
	"span_id":  "b7ad6b7169203331",
}

// What every application shows.
func classic() *prometheus.Registry {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewBuildInfoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))

	requests := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "shop_requests_total", Help: "Requests.\nTwo lines, a \\.",
	}, []string{"path", "code"})
	requests.WithLabelValues("/a \"b\" \\ ü", "200").(prometheus.ExemplarAdder).AddWithExemplar(1027, trace)
	requests.WithLabelValues("/", "500").Add(3)

	special := prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "shop_special", Help: "What floats can be.",
	}, []string{"of"})
	for name, value := range map[string]float64{
		"Inf": math.Inf(1), "-Inf": math.Inf(-1), "NaN": math.NaN(), "large": 1e300, "small": 5e-324,
	} {
		special.WithLabelValues(name).Set(value)
	}

	latency := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "shop_latency_seconds", Help: "Time.", Buckets: []float64{0.1, 0.5, 1, 2.5},
	}, []string{"path"})
	for _, value := range []float64{0.05, 0.05, 0.3, 0.7, 2, 9} {
		latency.WithLabelValues("/").(prometheus.ExemplarObserver).ObserveWithExemplar(value, trace)
	}

	sizes := prometheus.NewSummary(prometheus.SummaryOpts{
		Name: "shop_size_bytes", Help: "Size.",
		Objectives: map[float64]float64{0.5: 0.05, 0.99: 0.001, 1: 0},
	})
	empty := prometheus.NewSummary(prometheus.SummaryOpts{
		Name: "shop_empty_bytes", Help: "Never.", Objectives: map[float64]float64{0.5: 0.05},
	})
	for _, value := range []float64{1, 2, 4} {
		sizes.Observe(value)
	}
	untyped := prometheus.NewUntypedFunc(prometheus.UntypedOpts{
		Name: "shop_untyped", Help: "Of no type.",
	}, func() float64 { return 12 })
	registry.MustRegister(requests, special, latency, sizes, empty, untyped)
	return registry
}

// Native histograms: alone, besides classic buckets, with negative values, coarse, without any value.
func native() *prometheus.Registry {
	registry := prometheus.NewRegistry()
	histogram := func(name string, factor float64, buckets []float64, values ...float64) {
		histogram := prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: name, Help: "A histogram.", Buckets: buckets, NativeHistogramBucketFactor: factor,
		})
		registry.MustRegister(histogram)
		for _, value := range values {
			// One exemplar for each time is kept.
			time.Sleep(2 * time.Millisecond)
			histogram.(prometheus.ExemplarObserver).ObserveWithExemplar(value, trace)
		}
	}
	values := []float64{0, 0.001, 0.05, 0.05, 0.3, 0.7, 2, 9, 9, 1000}
	histogram("shop_native_seconds", 1.1, nil, values...)
	histogram("shop_both_seconds", 1.1, []float64{0.1, 0.5, 1}, values...)
	histogram("shop_negative", 1.1, nil, -1000, -9, -9, -0.5, 0, 3)
	histogram("shop_coarse_bytes", 4, nil, 1, 1024, 1<<20)
	histogram("shop_fine_bytes", 1.003, nil, 100, 101, 102, 103)
	histogram("shop_empty_seconds", 1.1, nil)
	return registry
}

// Names that only UTF-8 allows.
func names() *prometheus.Registry {
	registry := prometheus.NewRegistry()
	requests := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "shop.requests.größe", Help: "With dots.",
	}, []string{"http.route", "code"})
	requests.WithLabelValues("/{id}", "200").Add(5)
	gauge := prometheus.NewGauge(prometheus.GaugeOpts{Name: "a gauge/with \"quotes\"", Help: "Quoted."})
	gauge.Set(2.5)
	histogram := prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "shop.latency", Help: "Time.", Buckets: []float64{0.5, 1},
	})
	histogram.Observe(0.7)
	registry.MustRegister(requests, gauge, histogram)
	return registry
}

// Serves a registry as the scraper asks for it, or as `accept` says.
func page(registry *prometheus.Registry, accept string) http.Handler {
	handler := promhttp.HandlerFor(registry, promhttp.HandlerOpts{
		EnableOpenMetrics:                   true,
		EnableOpenMetricsTextCreatedSamples: true,
	})
	return http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		if accept != "" {
			request.Header.Set("Accept", accept)
		}
		handler.ServeHTTP(writer, request)
	})
}

func main() {
	shown := classic()
	http.Handle("/metrics", page(shown, ""))
	http.Handle("/text", page(shown, "text/plain;version=0.0.4"))
	http.Handle("/openmetrics", page(shown, "application/openmetrics-text;version=1.0.0"))
	http.Handle("/native", page(native(), ""))
	http.Handle("/names", page(names(), ""))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	go http.Serve(listener, nil)
	fmt.Println(listener.Addr())
	io.Copy(io.Discard, os.Stdin)
}
