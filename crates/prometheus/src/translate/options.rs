//! What can be chosen about a translation.

use super::custom::ExplicitHistograms;
use super::names::{LabelRule, Strategy};

/// Which resource attributes become labels of every series.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum ResourceLabels {
    /// None besides those that `job` and `instance` are made of.
    #[default]
    None,
    /// All of them.
    All {
        /// But `service.name`, `service.namespace` and `service.instance.id`.
        except_service: bool,
    },
    /// Those whose names match.
    Matching {
        /// Patterns with `*` and `?`. A name must match one.
        included: Vec<String>,
        /// Patterns with `*` and `?`. A name must match none.
        excluded: Vec<String>,
    },
}

impl ResourceLabels {
    /// Those that `included` names and `excluded` does not. Where only `excluded` is given all others;
    /// none where neither is.
    #[must_use]
    pub fn matching(included: &[String], excluded: &[String]) -> Self {
        if included.is_empty() && excluded.is_empty() {
            return Self::None;
        }
        let all = || vec!["*".to_owned()];
        Self::Matching {
            included: if included.is_empty() {
                all()
            } else {
                included.to_vec()
            },
            excluded: excluded.to_vec(),
        }
    }

    /// Whether the attribute becomes a label.
    #[must_use]
    pub fn includes(&self, name: &str) -> bool {
        match self {
            Self::None => false,
            Self::All { except_service } => !(*except_service && is_service(name)),
            Self::Matching { included, excluded } => {
                let any = |patterns: &[String]| patterns.iter().any(|p| matches(p, name));
                any(included) && !any(excluded)
            }
        }
    }
}

/// Whether `job` and `instance` are made of the attribute.
pub(super) fn is_service(name: &str) -> bool {
    matches!(
        name,
        "service.name" | "service.namespace" | "service.instance.id"
    )
}

/// Whether `text` matches a pattern in which `*` stands for anything and `?` for one letter.
fn matches(pattern: &str, text: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let text: Vec<char> = text.chars().collect();
    let (mut p, mut t) = (0, 0);
    // Where to go on after the last star if what follows it does not fit.
    let mut star = None;
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(letter) if *letter == '?' || *letter == text[t] => {
                p += 1;
                t += 1;
            }
            _ => {
                let Some((at, taken)) = star else {
                    return false;
                };
                star = Some((at, taken + 1));
                p = at + 1;
                t = taken + 1;
            }
        }
    }
    pattern[p..].iter().all(|letter| *letter == '*')
}

/// What can be chosen about a translation.
#[derive(Debug, Clone)]
pub struct Options {
    /// What every metric's name begins with, without the `_` that follows.
    pub namespace: String,
    /// How names are translated.
    pub strategy: Strategy,
    /// Whether each letter that a label may not have becomes a `_`, and not runs of them one, as in the
    /// Collector's `prometheus` exporter. A `_` in front stays, too.
    pub each_underscore: bool,
    /// Labels of every series that does not have them; names as Prometheus has them.
    pub external_labels: Vec<(String, String)>,
    /// Whether `otel_scope_name`, `otel_scope_version` and the scope's attributes become labels.
    pub scope_labels: bool,
    /// Whether each resource gets a `target_info`.
    pub target_info: bool,
    /// Which resource attributes become labels.
    pub resource_labels: ResourceLabels,
    /// Which form histograms with explicit bounds get.
    pub explicit_histograms: ExplicitHistograms,
    /// Whether requests of 1.0 carry metadata. Those of 2.0 always do.
    pub metadata: bool,
    /// How many series are remembered with their encoded labels. What goes beyond is forgotten,
    /// which costs time when it comes again, and nothing else. The texts of all labels may take
    /// 256 bytes for each.
    pub series_cache_size: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            namespace: String::new(),
            strategy: Strategy::ESCAPED_WITH_SUFFIXES,
            each_underscore: false,
            external_labels: Vec::new(),
            scope_labels: true,
            target_info: true,
            resource_labels: ResourceLabels::None,
            explicit_histograms: ExplicitHistograms::Classic,
            metadata: false,
            series_cache_size: 1_000_000,
        }
    }
}

impl Options {
    /// How labels are named.
    #[must_use]
    pub const fn label_rule(&self) -> LabelRule {
        match self.strategy.label_rule() {
            LabelRule::Escape if self.each_underscore => LabelRule::EscapeEach,
            rule => rule,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_whole_names() {
        for (pattern, text, fits) in [
            ("k8s.*", "k8s.pod.name", true),
            ("k8s.*", "xk8s.pod", false),
            ("*.name", "k8s.pod.name", true),
            ("*.name", "name", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("*", "", true),
            ("a*b*c", "a1b2b3c", true),
            ("", "a", false),
        ] {
            assert_eq!(matches(pattern, text), fits, "{pattern} {text}");
        }
    }

    #[test]
    fn service_attributes_can_be_left_out() {
        let all = ResourceLabels::All {
            except_service: true,
        };
        assert!(all.includes("host.name") && !all.includes("service.name"));
        let some = ResourceLabels::Matching {
            included: vec!["k8s.*".to_owned()],
            excluded: vec!["*.uid".to_owned()],
        };
        assert!(some.includes("k8s.pod.name") && !some.includes("k8s.pod.uid"));
        assert!(!some.includes("host.name"));
        let others = ResourceLabels::matching(&[], &["*.uid".to_owned()]);
        assert!(others.includes("host.name") && !others.includes("k8s.pod.uid"));
        assert_eq!(ResourceLabels::matching(&[], &[]), ResourceLabels::None);
    }
}
