//! `validate`.

use headwater_config::{render_human, render_json};

use super::arguments::{Arguments, ErrorFormat};
use super::{Context, FINE, Streams, WRONG_USAGE};
use crate::collector::load_checked;

impl Context {
    /// Silent if there is nothing to say; warnings do not fail.
    pub(super) fn validate(&self, arguments: &Arguments, streams: &mut Streams<'_>) -> u8 {
        let Some(source) = self.source(arguments, streams) else {
            return WRONG_USAGE;
        };
        let build_info = self.distribution.build_info();
        match load_checked(&source, &self.registry, &build_info) {
            Ok(loaded) => {
                streams.report(&match arguments.error_format {
                    ErrorFormat::Human => render_human(&loaded.diagnostics, streams.color),
                    ErrorFormat::Json => render_json(&loaded.diagnostics),
                });
                FINE
            }
            Err(error) => streams.config_error(arguments, &error),
        }
    }
}
