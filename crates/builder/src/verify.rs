//! Asks a built program what it holds, and compares that with what it was built from.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};

use headwater_config::Resolver;
use headwater_core::ComponentKind;
use thiserror::Error;

use crate::plan::Plan;

/// Why a built program is not what its manifest says.
#[derive(Debug, Error)]
pub enum VerifyError {
    /// It could not be started.
    #[error("cannot run {}", program.display())]
    Start {
        /// The program.
        program: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It does not say what it holds.
    #[error("`{} components` failed ({status})", program.display())]
    Failed {
        /// The program.
        program: PathBuf,
        /// How it ended.
        status: ExitStatus,
    },
    /// It holds other components than it was built from.
    #[error(
        "the program does not hold what the manifest names{}{}",
        list("; missing", missing),
        list("; not asked for", extra)
    )]
    Different {
        /// What it lacks, as `kind type`.
        missing: Vec<String>,
        /// What nobody asked for.
        extra: Vec<String>,
    },
}

fn list(what: &str, names: &[String]) -> String {
    if names.is_empty() {
        String::new()
    } else {
        format!("{what}: {}", names.join(", "))
    }
}

/// Runs `program components` and compares the answer with `plan`.
///
/// # Errors
/// [`VerifyError`] when the program does not run, or holds something else: a component crate
/// whose `Cargo.toml` does not tell the truth, or that does not register its factory.
pub fn verify(plan: &Plan, program: &Path) -> Result<(), VerifyError> {
    let answer = Command::new(program)
        .arg("components")
        .output()
        .map_err(|source| VerifyError::Start {
            program: program.to_owned(),
            source,
        })?;
    if !answer.status.success() {
        return Err(VerifyError::Failed {
            program: program.to_owned(),
            status: answer.status,
        });
    }
    compare(plan, &String::from_utf8_lossy(&answer.stdout))
}

/// Compares the output of `components` with `plan`.
///
/// # Errors
/// [`VerifyError::Different`].
pub fn compare(plan: &Plan, answer: &str) -> Result<(), VerifyError> {
    let held = held(answer);
    let asked: BTreeSet<String> = plan
        .components
        .iter()
        .filter_map(|linked| Some(format!("{} {}", linked.kind, linked.type_name.as_ref()?)))
        .collect();
    let missing: Vec<String> = asked.difference(&held).cloned().collect();
    // A crate from elsewhere may register what it likes.
    let open = plan
        .components
        .iter()
        .any(|linked| linked.type_name.is_none());
    let extra: Vec<String> = held.difference(&asked).filter(|_| !open).cloned().collect();
    if missing.is_empty() && extra.is_empty() {
        Ok(())
    } else {
        Err(VerifyError::Different { missing, extra })
    }
}

fn held(answer: &str) -> BTreeSet<String> {
    // What is printed is a document, not a configuration: no `${…}` is expected in it.
    let tree = Resolver::new().uri(format!("yaml:{answer}")).resolve().root;
    let mut held = BTreeSet::new();
    for kind in ComponentKind::ALL {
        let items = tree.lookup(kind.section()).and_then(|list| list.as_seq());
        for item in items.unwrap_or_default() {
            if let Some(name) = item.lookup("name").and_then(|name| name.as_text()) {
                held.insert(format!("{kind} {name}"));
            }
        }
    }
    held
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{CrateSource, LinkedComponent};

    fn plan(components: &[(ComponentKind, &str)]) -> Plan {
        let linked = |(kind, name): &(ComponentKind, &str)| LinkedComponent {
            kind: *kind,
            type_name: Some((*name).to_owned()),
            aliases: Vec::new(),
            package: (*name).to_owned(),
            library: (*name).to_owned(),
            source: CrateSource::Version("1".into()),
            features: Vec::new(),
            known_features: None,
            uses_transport: false,
        };
        Plan {
            name: "a".into(),
            description: String::new(),
            version: "1".into(),
            config: None,
            components: components.iter().map(linked).collect(),
            service: CrateSource::Version("1".into()),
            allocator_crate: CrateSource::Version("1".into()),
            transport: None,
            allocator: Default::default(),
            tls: Default::default(),
            profile: Default::default(),
        }
    }

    const ANSWER: &str = "buildinfo:\n    command: a\nreceivers:\n    - name: otlp\n      \
        module: x\nexporters:\n    - name: debug\n";

    #[test]
    fn a_program_must_hold_exactly_what_was_asked_for() {
        let (otlp, debug) = (
            (ComponentKind::Receiver, "otlp"),
            (ComponentKind::Exporter, "debug"),
        );
        assert!(compare(&plan(&[otlp, debug]), ANSWER).is_ok());
        let error = compare(&plan(&[otlp, (ComponentKind::Processor, "batch")]), ANSWER);
        assert_eq!(
            error.unwrap_err().to_string(),
            "the program does not hold what the manifest names; missing: processor batch; \
             not asked for: exporter debug"
        );
    }
}
