//! How an exporter names itself to its backend, and its backend in its metrics.

use headwater_core::BuildInfo;
use headwater_core::telemetry::Attributes;

/// The `user-agent` of exporters: `<description>/<version> (<os>/<arch>)`, in Go's names of
/// systems. Characters that a header cannot hold become `_`.
#[must_use]
pub fn user_agent(build_info: &BuildInfo) -> String {
    let os = match std::env::consts::OS {
        "macos" => "darwin",
        other => other,
    };
    let arch = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "x86" => "386",
        "aarch64" => "arm64",
        "powerpc64" => "ppc64le",
        other => other,
    };
    let BuildInfo {
        description,
        version,
        ..
    } = build_info;
    let fits = |letter: char| letter == ' ' || letter.is_ascii_graphic();
    format!("{description}/{version} ({os}/{arch})")
        .chars()
        .map(|letter| if fits(letter) { letter } else { '_' })
        .collect()
}

/// The attributes of [`crate::Exporting::destination`]: host, port if there is one, and path.
#[must_use]
pub fn destination(address: &str, port: Option<u16>, path: &str) -> Attributes {
    let mut attributes = vec![("server.address", address.to_owned())];
    attributes.extend(port.map(|port| ("server.port", port.to_string())));
    attributes.push(("url.path", path.to_owned()));
    attributes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_user_agent_fits_into_a_header() {
        let build_info = BuildInfo {
            command: "x".to_owned(),
            description: "Größe\n1".to_owned(),
            version: "0.1.0".to_owned(),
        };
        let text = user_agent(&build_info);
        assert!(text.starts_with("Gr__e_1/0.1.0 ("), "{text}");
        assert!(text.ends_with(')') && text.contains('/'), "{text}");
    }
}
