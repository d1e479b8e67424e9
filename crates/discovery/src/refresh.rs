//! Discoveries that ask again and again.

use std::time::Duration;

use tokio::time::sleep;

use crate::report::Report;
use crate::{Health, TargetGroup, Updates};

/// The first wait after a failure; it doubles up to the interval.
const FIRST_WAIT: Duration = Duration::from_secs(1);

/// Something that can be asked for all its groups.
pub(crate) trait Source {
    /// All groups now, or why they are not known. Also says what is wrong with a part of them, if the
    /// rest is known.
    fn ask(&mut self) -> impl Future<Output = Result<Answer, String>> + Send;
}

/// What a source knows.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    /// All groups, those with an error as they were.
    pub(crate) groups: Vec<TargetGroup>,
    /// What is wrong with a part of them.
    pub(crate) error: Option<String>,
}

/// Asks at once and then every `interval`, sooner after a failure, until nobody listens.
pub(crate) async fn run(
    mut source: impl Source,
    interval: Duration,
    health: &Health,
    updates: &Updates,
) {
    let mut report = Report::default();
    let mut wait = FIRST_WAIT;
    loop {
        let answer = tokio::select! {
            answer = source.ask() => answer,
            () = updates.closed() => return,
        };
        let pause = match answer {
            Ok(answer) => {
                let failed = settle(health, &answer);
                if report.send(updates, answer.groups).await.is_err() {
                    return;
                }
                if !failed {
                    wait = FIRST_WAIT;
                }
                interval
            }
            Err(error) => {
                if health.failure(&error) {
                    tracing::error!(
                        discovery = health.name(),
                        error,
                        "Unable to refresh target groups"
                    );
                }
                let pause = wait.min(interval);
                wait = (wait * 2).min(interval);
                pause
            }
        };
        tokio::select! {
            () = sleep(pause) => {}
            () = updates.closed() => return,
        }
    }
}

/// Notes how it went; `true` if a part failed.
pub(crate) fn settle(health: &Health, answer: &Answer) -> bool {
    let targets = answer.groups.iter().map(|group| group.targets.len()).sum();
    match &answer.error {
        None => {
            health.success(targets);
            false
        }
        Some(error) => {
            if health.failure(error) {
                tracing::error!(
                    discovery = health.name(),
                    error,
                    "Unable to refresh target groups"
                );
            }
            true
        }
    }
}
