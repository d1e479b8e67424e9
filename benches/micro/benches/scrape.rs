//! The two halves of a scrape whose series are known: from a body to samples, from samples to OTLP.
#![expect(
    clippy::expect_used,
    reason = "a benchmark without its input has nothing to measure"
)]

use std::fmt::Write as _;
use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use headwater_prometheus::exposition::Format;
use headwater_receiver_prometheus::bench::Scrape;

/// Half of them counters and gauges, half of them those of histograms with 14 series.
const SERIES: usize = 50_000;
const BUCKETS: usize = 12;

/// A text body with six labels a series, 140 bytes a line.
fn body(tick: usize) -> String {
    let mut body = String::new();
    write(&mut body, tick).expect("a string takes everything");
    body
}

fn write(body: &mut String, tick: usize) -> std::fmt::Result {
    let labels = |n: usize| {
        format!(
            "method=\"GET\",path=\"/api/v1/resource/{}\",pod=\"checkout-7f9c6d5b8-x2x9k\",status=\"{}\",\
             zone=\"eu-central-1a\"",
            n % 100,
            200 + n % 5
        )
    };
    for n in 0..SERIES / 2 {
        let (family, labels) = (n / 100, labels(n));
        let (kind, value) = if n < SERIES / 4 {
            ("counter", n + tick * 7)
        } else {
            ("gauge", (n + tick) % 1000)
        };
        if n % 100 == 0 {
            writeln!(body, "# TYPE shop_number_{family}_total {kind}")?;
        }
        writeln!(body, "shop_number_{family}_total{{{labels}}} {value}")?;
    }
    for n in 0..SERIES / 2 / (BUCKETS + 2) {
        let (family, labels) = (n / 100, labels(n));
        if n % 100 == 0 {
            writeln!(body, "# TYPE shop_seconds_{family} histogram")?;
        }
        let name = format!("shop_seconds_{family}");
        for bucket in 1..=BUCKETS {
            let le = if bucket == BUCKETS {
                "+Inf".to_owned()
            } else {
                (bucket as f64 / 4.0).to_string()
            };
            let value = (tick + n) * bucket;
            writeln!(body, "{name}_bucket{{{labels},le=\"{le}\"}} {value}")?;
        }
        writeln!(body, "{name}_sum{{{labels}}} {}.5", tick * n)?;
        writeln!(body, "{name}_count{{{labels}}} {}", (tick + n) * BUCKETS)?;
    }
    Ok(())
}

fn scrape(c: &mut Criterion) {
    let bodies: Vec<String> = (0..4).map(body).collect();
    let mut scrape = Scrape::default();
    let mut turn = 0;
    let mut read = |scrape: &mut Scrape| {
        turn += 1;
        let body = bodies[turn % bodies.len()].as_bytes();
        scrape.read(body, Format::Text).expect("a valid body")
    };
    let samples = read(&mut scrape);
    scrape.write();
    let mut group = c.benchmark_group("scrape");
    group.sample_size(20);
    group.throughput(Throughput::Elements(samples as u64));
    group.bench_function("read", |b| b.iter(|| read(&mut scrape)));
    group.bench_function("write", |b| {
        b.iter_custom(|times| {
            let mut spent = Duration::ZERO;
            for _ in 0..times {
                read(&mut scrape);
                let began = Instant::now();
                black_box(scrape.write());
                spent += began.elapsed();
            }
            spent
        });
    });
    group.finish();
}

criterion_group!(benches, scrape);
criterion_main!(benches);
