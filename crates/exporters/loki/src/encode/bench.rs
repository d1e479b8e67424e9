//! The encoder for benches/micro: encodes, assembles and compresses as the exporter does.

use headwater_core::pdata::Payload;
use headwater_loki::snappy::Compressor;

use super::{Encoder, Options};
use crate::Config;

/// An encoder with its buffers.
#[derive(Debug, Default)]
pub struct Bench {
    encoder: Encoder,
    options: Options,
    plain: Vec<u8>,
    compressor: Compressor,
}

impl Bench {
    /// The encoder of an exporter with this configuration.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        Self {
            options: config.options(),
            ..Self::default()
        }
    }

    /// Writes the push messages of a batch and says how long they are, plain and, if `compress`,
    /// compressed.
    pub fn encode(&mut self, payload: &Payload, compress: bool) -> (usize, usize) {
        self.encoder.encode(payload, &self.options, None);
        let (mut plain, mut compressed) = (0, 0);
        for tenant in &self.encoder.tenants {
            for part in tenant.parts(usize::MAX, 0) {
                tenant.assemble(&part, false, &mut self.plain);
                plain += self.plain.len();
                if compress {
                    let body = self.compressor.compress(&self.plain);
                    compressed += body.map_or(0, |body| body.len());
                }
            }
        }
        (plain, compressed)
    }
}
