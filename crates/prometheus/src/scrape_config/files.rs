//! `scrape_config_files`: more jobs in files of their own.

use std::fs;
use std::path::{Path, PathBuf};

use headwater_config::{parse_yaml, render_human};
use headwater_core::config::{
    Config, DecodeContext, Diagnostics, Node, Origin, Source, SourceKind, Validation,
};

use super::{HttpClientConfig, ScrapeConfig, TlsConfig};
use crate::glob::glob;
use crate::text::Text;

/// A file that was read.
pub(super) struct File {
    pub(super) path: PathBuf,
    pub(super) configs: Vec<ScrapeConfig>,
}

/// What such a file holds.
#[derive(Debug, Clone, Default, Config)]
struct Content {
    /// The jobs.
    scrape_configs: Vec<ScrapeConfig>,
}

/// Reads every file that a pattern matches; a pattern that matches none is no mistake.
pub(super) fn load(patterns: &[Text]) -> Result<Vec<File>, String> {
    let mut files = Vec::new();
    for pattern in patterns {
        let paths = glob(pattern).map_err(|error| {
            format!(
                "error retrieving scrape config files for {:?}: {error}",
                pattern.as_str()
            )
        })?;
        for path in paths {
            let text = fs::read_to_string(&path).map_err(|error| format!("{path:?}: {error}"))?;
            let mut configs = parse(&path, &text)?;
            let folder = path.parent().unwrap_or(Path::new(""));
            for config in &mut configs {
                set_folder(config, folder);
            }
            files.push(File { path, configs });
        }
    }
    Ok(files)
}

fn parse(path: &Path, text: &str) -> Result<Vec<ScrapeConfig>, String> {
    let source = Source::new(SourceKind::File, path.display().to_string(), text);
    let mut diagnostics = Diagnostics::new();
    let node: Node = parse_yaml(&source, &mut diagnostics).unwrap_or_default();
    let mut content = Content::default();
    content.decode(
        &node,
        &mut DecodeContext::new(&mut diagnostics, "", &Origin::Default),
    );
    content.validate(&mut Validation::new(
        &mut diagnostics,
        "",
        &Origin::Default,
        Some(&node),
    ));
    if diagnostics.has_errors() {
        return Err(format!("{path:?}:\n{}", render_human(&diagnostics, false)));
    }
    Ok(content.scrape_configs)
}

/// Relative paths in a file begin at the file's folder.
fn set_folder(config: &mut ScrapeConfig, folder: &Path) {
    set_client_folder(&mut config.http, folder);
    let discovery = &mut config.discovery;
    for file in &mut discovery.file_sd_configs {
        for path in &mut file.files {
            join(path, folder);
        }
    }
    for http in &mut discovery.http_sd_configs {
        set_client_folder(&mut http.http, folder);
    }
    for kubernetes in &mut discovery.kubernetes_sd_configs {
        join(&mut kubernetes.kubeconfig_file, folder);
        set_client_folder(&mut kubernetes.http, folder);
    }
}

fn set_client_folder(client: &mut HttpClientConfig, folder: &Path) {
    set_tls_folder(&mut client.tls_config, folder);
    join(&mut client.bearer_token_file, folder);
    if let Some(basic) = &mut client.basic_auth {
        join(&mut basic.username_file, folder);
        join(&mut basic.password_file, folder);
    }
    if let Some(authorization) = &mut client.authorization {
        join(&mut authorization.credentials_file, folder);
    }
    if let Some(oauth2) = &mut client.oauth2 {
        join(&mut oauth2.client_secret_file, folder);
        set_tls_folder(&mut oauth2.tls_config, folder);
    }
    let headers = std::mem::take(&mut client.http_headers);
    client.http_headers = headers
        .into_iter()
        .map(|(name, mut header)| {
            for path in &mut header.files {
                join(path, folder);
            }
            (name, header)
        })
        .collect();
}

fn set_tls_folder(tls: &mut TlsConfig, folder: &Path) {
    for path in [&mut tls.ca_file, &mut tls.cert_file, &mut tls.key_file] {
        join(path, folder);
    }
}

fn join(path: &mut Text, folder: &Path) {
    if !path.is_empty() && Path::new(&**path).is_relative() {
        *path = folder.join(&**path).to_string_lossy().as_ref().into();
    }
}
