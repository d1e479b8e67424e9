//! Work on the bytes of a request: count, validate, concat, split, JSON.
#![expect(
    clippy::expect_used,
    reason = "a benchmark without its input has nothing to measure"
)]

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use headwater_benches_micro::{ITEMS, request};
use headwater_core::Signal;
use headwater_core::pdata::validate::{Level, validate};
use headwater_core::pdata::{Payload, count_items, json, split_bytes, split_items, take_items};

const LEVELS: [(&str, Level); 2] = [
    ("validate-structure", Level::Structure),
    ("validate-strict", Level::Strict),
];

fn walk(c: &mut Criterion) {
    for signal in Signal::ALL {
        let request = request(signal);
        let mut group = c.benchmark_group("count");
        group.throughput(Throughput::Elements(ITEMS as u64));
        group.bench_with_input(
            BenchmarkId::from_parameter(signal),
            &request,
            |b, request| {
                b.iter(|| count_items(signal, request));
            },
        );
        group.finish();
        for (name, level) in LEVELS {
            let mut group = c.benchmark_group(name);
            group.throughput(Throughput::Elements(ITEMS as u64));
            group.bench_with_input(
                BenchmarkId::from_parameter(signal),
                &request,
                |b, request| {
                    b.iter(|| validate(signal, request, level));
                },
            );
            group.finish();
        }
    }
}

/// A batch of 8,192 items out of requests of 200.
fn batch(c: &mut Criterion) {
    const BATCH: usize = 8192;
    let mut group = c.benchmark_group("batch");
    let requests = BATCH.div_ceil(ITEMS);
    group.throughput(Throughput::Elements(BATCH as u64));
    for signal in Signal::ALL {
        let request = request(signal);
        let gather = || {
            let mut all = Payload::new();
            for _ in 0..requests {
                all.append(Payload::counted(request.clone(), ITEMS));
            }
            all
        };
        group.bench_function(BenchmarkId::new("concat", signal), |b| b.iter(gather));
        group.bench_function(BenchmarkId::new("take", signal), |b| {
            b.iter_batched(
                gather,
                |mut all| (take_items(signal, &mut all, BATCH), all),
                BatchSize::SmallInput,
            );
        });
    }
    group.finish();
}

/// One request of 200 items into parts of 64, each part with its own resource and scope.
fn split(c: &mut Criterion) {
    let mut group = c.benchmark_group("split");
    group.throughput(Throughput::Elements(ITEMS as u64));
    for signal in Signal::ALL {
        let payload = Payload::counted(request(signal), ITEMS);
        group.bench_with_input(BenchmarkId::new("items", signal), &payload, |b, payload| {
            b.iter(|| split_items(signal, payload.clone(), 64));
        });
        let max = payload.len() / 3;
        group.bench_with_input(BenchmarkId::new("bytes", signal), &payload, |b, payload| {
            b.iter(|| split_bytes(signal, payload.clone(), max));
        });
    }
    group.finish();
}

fn json_both_ways(c: &mut Criterion) {
    let mut group = c.benchmark_group("json");
    group.throughput(Throughput::Elements(ITEMS as u64));
    for signal in Signal::ALL {
        let payload = Payload::from(request(signal));
        let mut text = Vec::new();
        json::to_json(signal, &payload, &mut text).expect("the request is valid");
        group.bench_with_input(BenchmarkId::new("out", signal), &payload, |b, payload| {
            let mut out = Vec::with_capacity(text.len());
            b.iter(|| {
                out.clear();
                json::to_json(signal, payload, &mut out)
            });
        });
        group.bench_with_input(BenchmarkId::new("in", signal), &text, |b, text| {
            b.iter(|| json::from_json(signal, text));
        });
    }
    group.finish();
}

criterion_group!(pdata, walk, batch, split, json_both_ways);
criterion_main!(pdata);
