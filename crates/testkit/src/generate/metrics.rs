//! Metrics of all five kinds in turn, up to five points each.

use headwater_core::pdata::wire::{put_len_field, put_varint};

use super::Generator;
use super::put::{Value, attribute, double, fixed64, message, text, varint};

/// Names, units and the field of `Metric` that holds the data.
const METRICS: [(&str, &str, u32); 5] = [
    ("process.memory.usage", "By", 5),
    ("http.server.request.count", "{request}", 7),
    ("http.server.request.duration", "s", 9),
    ("rpc.client.duration", "ms", 10),
    ("go.gc.pause", "s", 11),
];

const POINTS_PER_METRIC: usize = 5;

impl Generator {
    pub(super) fn metrics(&mut self, points: usize, out: &mut Vec<u8>) {
        let mut left = points;
        for index in 0.. {
            if left == 0 {
                return;
            }
            let here = left.min(POINTS_PER_METRIC);
            left -= here;
            let (name, unit, data) = METRICS[index % METRICS.len()];
            message(out, 2, |out| {
                text(out, 1, name);
                text(out, 2, "What the process reports about itself.");
                text(out, 3, unit);
                message(out, data, |out| {
                    for _ in 0..here {
                        message(out, 1, |out| self.point(data, out));
                    }
                    if matches!(data, 7 | 9 | 10) {
                        varint(out, 2, 2);
                    }
                    if data == 7 {
                        varint(out, 3, 1);
                    }
                });
            });
        }
    }

    fn point(&mut self, data: u32, out: &mut Vec<u8>) {
        let time = self.time();
        let attributes = match data {
            5 | 7 | 11 => 7,
            9 => 9,
            _ => 1,
        };
        let route = format!("/api/v1/orders/{}", self.below(100));
        attribute(out, attributes, "http.route", route.as_str().into());
        attribute(out, attributes, "http.request.method", "GET".into());
        attribute(
            out,
            attributes,
            "http.response.status_code",
            Value::Int(200),
        );
        fixed64(out, 2, time - 60_000_000_000);
        fixed64(out, 3, time);
        match data {
            5 => double(out, 4, self.below(1 << 30) as f64 / 4.0),
            7 => fixed64(out, 6, self.below(1 << 30)),
            9 => self.histogram(out),
            10 => self.exponential_histogram(out),
            _ => self.summary(out),
        }
    }

    fn histogram(&mut self, out: &mut Vec<u8>) {
        let counts: [u64; 12] = std::array::from_fn(|_| self.below(50));
        fixed64(out, 4, counts.iter().sum());
        double(out, 5, self.below(10_000) as f64 / 16.0);
        put_len_field(out, 6, &counts.map(u64::to_le_bytes).concat());
        let bounds: [f64; 11] = std::array::from_fn(|i| 0.005 * f64::from(1 << i));
        put_len_field(out, 7, &bounds.map(f64::to_le_bytes).concat());
        double(out, 11, 0.001);
        double(out, 12, 9.5);
    }

    fn exponential_histogram(&mut self, out: &mut Vec<u8>) {
        let counts: [u64; 20] = std::array::from_fn(|_| self.below(300));
        fixed64(out, 4, counts.iter().sum());
        double(out, 5, 1234.5);
        varint(out, 6, 6);
        message(out, 8, |out| {
            varint(out, 1, 7);
            let mut packed = Vec::new();
            for count in counts {
                put_varint(&mut packed, count);
            }
            put_len_field(out, 2, &packed);
        });
        message(out, 9, |_| {});
    }

    fn summary(&mut self, out: &mut Vec<u8>) {
        fixed64(out, 4, self.below(1000));
        double(out, 5, 17.25);
        for quantile in [0.5, 0.9, 0.99] {
            let value = self.below(1000) as f64 / 1000.0;
            message(out, 6, |out| {
                double(out, 1, quantile);
                double(out, 2, value);
            });
        }
    }
}
