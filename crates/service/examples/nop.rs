//! The smallest distribution: receives nothing, sends it nowhere. The process tests run it.

use std::process::ExitCode;

use headwater_connector_forward as _;
use headwater_exporter_nop as _;
use headwater_receiver_nop as _;
use headwater_service::Distribution;

fn main() -> ExitCode {
    headwater_service::main(Distribution {
        command: "nop",
        description: "The smallest distribution",
        version: "1.2.3",
        default_config: Some(include_str!("nop.yaml")),
    })
}
