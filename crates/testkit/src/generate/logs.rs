//! Application log records, half of them within a trace.

use headwater_core::pdata::wire::put_len_field;

use super::Generator;
use super::put::{Value, any_value, attribute, fixed32, fixed64, message, text, varint};

impl Generator {
    pub(super) fn log_records(&mut self, count: usize, out: &mut Vec<u8>) {
        for index in 0..count {
            message(out, 2, |out| self.log_record(index, out));
        }
    }

    fn log_record(&mut self, index: usize, out: &mut Vec<u8>) {
        let time = self.time();
        let user = self.below(100_000);
        let (number, severity) = if self.below(10) == 0 {
            (17, "ERROR")
        } else {
            (9, "INFO")
        };
        let line = format!("order of user {user:05} accepted, payment authorised by the provider");
        fixed64(out, 1, time);
        varint(out, 2, number);
        text(out, 3, severity);
        message(out, 5, |out| any_value(out, &line.as_str().into()));
        attribute(
            out,
            6,
            "log.file.path",
            "/var/log/pods/shop_checkout/app/0.log".into(),
        );
        attribute(out, 6, "log.iostream", "stdout".into());
        attribute(
            out,
            6,
            "enduser.id",
            format!("user-{user:05}").as_str().into(),
        );
        attribute(out, 6, "code.line.number", Value::Int(10 + user % 400));
        attribute(out, 6, "app.amount", Value::Double(user as f64 / 8.0));
        if index.is_multiple_of(2) {
            fixed32(out, 8, 1);
            put_len_field(out, 9, &self.bytes::<16>());
            put_len_field(out, 10, &self.bytes::<8>());
        }
        fixed64(out, 11, time + 1_000);
    }
}
