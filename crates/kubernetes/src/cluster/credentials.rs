//! Who asks.

use std::fmt;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;

use super::ClusterError;

/// Text that is not shown, or a file that holds it. Files are read whenever they are needed, so what
/// replaces them counts at once.
#[derive(Clone, PartialEq, Eq)]
pub enum Secret {
    /// The text itself.
    Text(String),
    /// A file; white space around its content does not count.
    File(PathBuf),
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(_) => f.write_str("[REDACTED]"),
            Self::File(path) => path.fmt(f),
        }
    }
}

impl Secret {
    pub(super) fn read(&self, what: &'static str) -> Result<String, ClusterError> {
        match self {
            Self::Text(text) => Ok(text.clone()),
            Self::File(path) => match std::fs::read_to_string(path) {
                Ok(text) => Ok(text.trim().to_owned()),
                Err(error) => Err(ClusterError::Read {
                    what,
                    path: path.clone(),
                    error,
                }),
            },
        }
    }
}

/// Who asks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Credentials {
    /// Nobody, or whoever the TLS certificate says.
    #[default]
    None,
    /// A header `Authorization`: its first word, and the rest.
    Authorization(String, Secret),
    /// User and password.
    Basic(Secret, Secret),
    /// What a program prints.
    #[cfg(feature = "kubeconfig")]
    Exec(Box<Command>),
}

/// A program that prints credentials. Source: Kubernetes, `client.authentication.k8s.io`.
#[cfg(feature = "kubeconfig")]
#[derive(Clone, PartialEq, Eq)]
pub struct Command {
    /// The program.
    pub program: String,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// Variables added to its environment.
    pub environment: Vec<(String, String)>,
    /// The version of the API in which it answers.
    pub api_version: String,
}

/// Arguments and variables may be secret.
#[cfg(feature = "kubeconfig")]
impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Command")
            .field("program", &self.program)
            .finish_non_exhaustive()
    }
}

impl Credentials {
    /// A token.
    #[must_use]
    pub fn bearer(token: Secret) -> Self {
        Self::Authorization("Bearer".to_owned(), token)
    }

    pub(super) fn header(&self) -> Result<Option<HeaderValue>, ClusterError> {
        let text = match self {
            Self::None => return Ok(None),
            Self::Authorization(kind, rest) => {
                format!("{kind} {}", rest.read("the token")?)
            }
            Self::Basic(user, password) => {
                let user = user.read("the user name")?;
                let password = password.read("the password")?;
                format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
            }
            #[cfg(feature = "kubeconfig")]
            Self::Exec(_) => return Ok(None),
        };
        value("the token", &text).map(Some)
    }
}

/// A header's value that is not shown.
pub(crate) fn value(what: &str, text: &str) -> Result<HeaderValue, ClusterError> {
    let value = HeaderValue::from_str(text);
    let mut value = value.map_err(|_| ClusterError::Header(what.to_owned()))?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::{Credentials, Secret};

    #[test]
    fn a_token_file_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        let credentials = Credentials::bearer(Secret::File(path.clone()));
        let error = credentials.header().unwrap_err().to_string();
        assert!(error.starts_with("cannot read the token"), "{error}");
        for token in ["one", "two"] {
            std::fs::write(&path, format!("{token}\n")).unwrap();
            let header = credentials.header().unwrap().unwrap();
            assert_eq!(header.to_str().unwrap(), format!("Bearer {token}"));
            assert!(header.is_sensitive());
        }
    }

    #[test]
    fn user_and_password_are_one_header() {
        let text = |text: &str| Secret::Text(text.to_owned());
        let basic = Credentials::Basic(text("Aladdin"), text("open sesame"));
        let header = basic.header().unwrap().unwrap();
        // Source of the pair: RFC 7617, section 2.
        assert_eq!(header, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
        assert_eq!(format!("{basic:?}"), "Basic([REDACTED], [REDACTED])");
    }
}
