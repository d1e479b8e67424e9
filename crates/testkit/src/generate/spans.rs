//! Server and client spans of a web shop.

use headwater_core::pdata::wire::put_len_field;

use super::Generator;
use super::put::{Value, attribute, fixed32, fixed64, message, text, varint};

impl Generator {
    pub(super) fn spans(&mut self, count: usize, out: &mut Vec<u8>) {
        let mut trace_id = self.bytes::<16>();
        for index in 0..count {
            if index.is_multiple_of(8) {
                trace_id = self.bytes();
            }
            message(out, 2, |out| self.span(index, &trace_id, out));
        }
    }

    fn span(&mut self, index: usize, trace_id: &[u8], out: &mut Vec<u8>) {
        let start = self.time();
        let end = start + 1_000_000 + self.below(500_000_000);
        let route = self.pick(&[
            "/api/v1/orders/{id}",
            "/api/v1/cart",
            "/api/v1/products/{id}",
        ]);
        let method = self.pick(&["GET", "POST", "PUT"]);
        let failed = self.below(50) == 0;
        let order = self.below(1_000_000);
        put_len_field(out, 1, trace_id);
        put_len_field(out, 2, &self.bytes::<8>());
        if !index.is_multiple_of(8) {
            put_len_field(out, 4, &self.bytes::<8>());
        }
        text(out, 5, &format!("{method} {route}"));
        varint(out, 6, 2 + self.below(2));
        fixed64(out, 7, start);
        fixed64(out, 8, end);
        let port = 8080 + self.below(4);
        attribute(out, 9, "http.request.method", method.into());
        attribute(out, 9, "http.route", route.into());
        attribute(
            out,
            9,
            "url.path",
            format!("/api/v1/orders/{order:06}/items").as_str().into(),
        );
        let status = if failed { 503 } else { 200 };
        attribute(out, 9, "http.response.status_code", Value::Int(status));
        attribute(out, 9, "server.address", "shop.example.com".into());
        attribute(out, 9, "server.port", Value::Int(port));
        let agent = format!(
            "Mozilla/5.0 (X11; Linux x86_64) ExampleShop/4.2.{}",
            order % 250
        );
        attribute(out, 9, "user_agent.original", agent.as_str().into());
        attribute(
            out,
            9,
            "app.cache.hit",
            Value::Bool(order.is_multiple_of(2)),
        );
        if index % 16 == 3 {
            message(out, 11, |out| {
                fixed64(out, 1, end);
                text(out, 2, "exception");
                attribute(out, 3, "exception.type", "TimeoutError".into());
            });
        }
        if index % 16 == 5 {
            let (trace, span) = (self.bytes::<16>(), self.bytes::<8>());
            message(out, 13, |out| {
                put_len_field(out, 1, &trace);
                put_len_field(out, 2, &span);
                fixed32(out, 6, 0x101);
            });
        }
        message(out, 15, |out| {
            if failed {
                text(out, 2, "upstream is unavailable");
                varint(out, 3, 2);
            }
        });
        fixed32(out, 16, 0x101);
    }
}
