//! Credentials that a program prints. Source: Kubernetes, "client-go credential plugins".

use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use headwater_core::calendar::days_from_civil;
use serde::Deserialize;
use tokio::sync::Mutex;

use super::ClusterError;
use super::credentials::Command;

/// How long the program may take.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Credentials are asked for again this long before they expire.
const EARLY: Duration = Duration::from_secs(60);

/// What a program has printed, until it expires.
#[derive(Debug, Default)]
pub(super) struct Cache {
    known: Mutex<Option<(Command, Arc<Supplied>)>>,
    stale: std::sync::atomic::AtomicBool,
}

/// What a program has printed.
pub(super) struct Supplied {
    pub(super) token: Option<String>,
    /// A certificate and its key, in PEM.
    pub(super) certificate: Option<(String, String)>,
    expires: Option<SystemTime>,
}

impl std::fmt::Debug for Supplied {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Supplied")
            .field("expires", &self.expires)
            .finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct ExecCredential {
    status: Option<Status>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    token: Option<String>,
    client_certificate_data: Option<String>,
    client_key_data: Option<String>,
    expiration_timestamp: Option<String>,
}

impl Cache {
    /// What `command` prints, or printed while that is valid.
    pub(super) async fn get(&self, command: &Command) -> Result<Arc<Supplied>, ClusterError> {
        use std::sync::atomic::Ordering::Relaxed;
        let mut known = self.known.lock().await;
        let refused = self.stale.swap(false, Relaxed);
        if let Some((of, supplied)) = &*known
            && of == command
            && !refused
            && supplied.is_valid()
        {
            return Ok(Arc::clone(supplied));
        }
        let supplied = run(command).await.map_err(|reason| ClusterError::Exec {
            command: command.program.clone(),
            reason,
        })?;
        let supplied = Arc::new(supplied);
        *known = Some((command.clone(), Arc::clone(&supplied)));
        Ok(supplied)
    }

    /// The next call runs the program again.
    pub(super) fn forget(&self) {
        self.stale.store(true, std::sync::atomic::Ordering::Relaxed);
    }
}

impl Supplied {
    fn is_valid(&self) -> bool {
        self.expires.is_none_or(|at| at > SystemTime::now() + EARLY)
    }
}

async fn run(command: &Command) -> Result<Supplied, String> {
    let asked = serde_json::json!({
        "kind": "ExecCredential",
        "apiVersion": command.api_version,
        "spec": { "interactive": false },
    });
    let child = tokio::process::Command::new(&command.program)
        .args(&command.arguments)
        .envs(
            command
                .environment
                .iter()
                .map(|(name, value)| (name, value)),
        )
        .env("KUBERNETES_EXEC_INFO", asked.to_string())
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(TIMEOUT, child).await;
    let output = output.map_err(|_| format!("it took more than {} s", TIMEOUT.as_secs()))?;
    let output = output.map_err(|error| error.to_string())?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{}: {}", output.status, said.trim()));
    }
    // What it printed may be secret, so the error of the parser is not shown.
    let printed: ExecCredential = serde_json::from_slice(&output.stdout)
        .map_err(|_| "it printed no ExecCredential".to_owned())?;
    let status = printed.status.ok_or("its answer has no `status`")?;
    let certificate = status.client_certificate_data.zip(status.client_key_data);
    if status.token.is_none() && certificate.is_none() {
        return Err("it printed neither a token nor a certificate with its key".to_owned());
    }
    let expires = status.expiration_timestamp.as_deref().map(|text| {
        parse_time(text).ok_or_else(|| format!("expirationTimestamp {text:?} is no time"))
    });
    Ok(Supplied {
        token: status.token,
        certificate,
        expires: expires.transpose()?,
    })
}

/// A time as RFC 3339 has it: `2026-01-02T03:04:05Z`, perhaps with a fraction and an offset.
fn parse_time(text: &str) -> Option<SystemTime> {
    let (date, time) = text.split_once(['T', 't'])?;
    let mut date = date.splitn(3, '-').map(str::parse::<i64>);
    let (year, month, day) = (date.next()?.ok()?, date.next()?.ok()?, date.next()?.ok()?);
    let zone = time.find(['Z', 'z', '+', '-'])?;
    let (clock, zone) = time.split_at(zone);
    let clock = clock.split('.').next()?;
    let mut clock = clock.splitn(3, ':').map(str::parse::<i64>);
    let (hour, minute, second) = (
        clock.next()?.ok()?,
        clock.next()?.ok()?,
        clock.next()?.ok()?,
    );
    let offset = match zone.split_at(1) {
        ("Z" | "z", "") => 0,
        (sign, offset) => {
            let (hours, minutes) = offset.split_once(':')?;
            let minutes = hours.parse::<i64>().ok()? * 60 + minutes.parse::<i64>().ok()?;
            if sign == "-" { -minutes } else { minutes }
        }
    };
    let in_range = (1970..10_000).contains(&year)
        && (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && (0..24).contains(&hour)
        && (0..60).contains(&minute)
        && (0..=60).contains(&second);
    if !in_range {
        return None;
    }
    let days = days_from_civil(year, u32::try_from(month).ok()?, u32::try_from(day).ok()?);
    let seconds = ((days * 24 + hour) * 60 + minute - offset) * 60 + second;
    let since = Duration::from_secs(u64::try_from(seconds).ok()?);
    SystemTime::UNIX_EPOCH.checked_add(since)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::{Cache, Command, parse_time};

    fn shell(script: &str) -> Command {
        Command {
            program: "sh".to_owned(),
            arguments: vec!["-c".to_owned(), script.to_owned()],
            environment: vec![("GREETING".to_owned(), "hello".to_owned())],
            api_version: "client.authentication.k8s.io/v1".to_owned(),
        }
    }

    #[test]
    fn times_are_read_with_fraction_and_offset() {
        for (text, expected) in [
            ("1970-01-01T00:00:00Z", Some(0)),
            ("2024-02-29T12:00:00Z", Some(1_709_208_000)),
            ("2026-11-21T05:55:38.25Z", Some(1_795_240_538)),
            ("2026-11-21T07:55:38+02:00", Some(1_795_240_538)),
            ("2026-11-20T23:55:38-06:00", Some(1_795_240_538)),
            ("2026-11-21", None),
            ("2026-13-21T00:00:00Z", None),
            ("yesterday", None),
        ] {
            let time = parse_time(text).map(|time| {
                let since = time.duration_since(SystemTime::UNIX_EPOCH);
                since.unwrap().as_secs()
            });
            assert_eq!(time, expected, "{text}");
        }
    }

    #[tokio::test]
    async fn a_program_runs_once_until_its_token_expires_or_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let count = folder.path().join("count");
        let script = |expires: &str| {
            shell(&format!(
                r#"echo x >> {count:?}; echo "{{\"status\":{{\"token\":\"$GREETING\"{expires}}}}}""#
            ))
        };
        let runs = || std::fs::read_to_string(&count).unwrap().lines().count();
        let cache = Cache::default();
        for _ in 0..3 {
            let supplied = cache.get(&script("")).await.unwrap();
            assert_eq!(supplied.token.as_deref(), Some("hello"));
        }
        assert_eq!(runs(), 1);
        cache.forget();
        cache.get(&script("")).await.unwrap();
        assert_eq!(runs(), 2);
        let expired = script(r#",\"expirationTimestamp\":\"2020-01-01T00:00:00Z\""#);
        for _ in 0..2 {
            cache.get(&expired).await.unwrap();
        }
        assert_eq!(runs(), 4);
    }

    #[tokio::test]
    async fn what_went_wrong_is_said_without_what_was_printed() {
        for (script, expected) in [
            ("echo oops >&2; exit 3", "oops"),
            ("echo sesame", "no ExecCredential"),
            ("echo '{}'", "no `status`"),
            (r#"echo '{"status":{}}'"#, "neither a token"),
        ] {
            let error = Cache::default().get(&shell(script)).await.unwrap_err();
            let error = error.to_string();
            assert!(error.contains(expected), "{error}");
            assert!(!error.contains("sesame"), "{error}");
        }
        let mut missing = shell("");
        missing.program = "/no/such/program".to_owned();
        let error = Cache::default().get(&missing).await.unwrap_err();
        assert!(error.to_string().contains("/no/such/program"), "{error}");
    }

    #[test]
    fn a_supplied_token_is_used_only_while_valid() {
        let in_an_hour = SystemTime::now() + Duration::from_secs(3600);
        let supplied = |expires| super::Supplied {
            token: None,
            certificate: None,
            expires,
        };
        assert!(supplied(None).is_valid());
        assert!(supplied(Some(in_an_hour)).is_valid());
        assert!(!supplied(Some(SystemTime::now())).is_valid());
    }
}
