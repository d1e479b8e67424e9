//! Role `ingress`: a target per path of a rule.

use headwater_discovery::TargetGroup;
use headwater_prometheus::Labels;

use super::attached::set_namespace;
use super::{ADDRESS, Attach, Lookup, NAMESPACE, Targets, group_of, set, set_meta};
use crate::objects::Ingress;

impl Targets for Ingress {
    const SOURCE: &'static str = "ingress/";

    fn group(&self, attach: Attach, lookup: &mut dyn Lookup) -> TargetGroup {
        let mut group = group_of(self);
        let meta = &self.metadata;
        group.labels.set(NAMESPACE, &meta.namespace);
        if let Some(class) = self.class_name() {
            set(&mut group.labels, "ingress_class_name", class);
        }
        set_meta(&mut group.labels, "ingress", meta);
        set_namespace(&mut group.labels, &meta.namespace, attach, lookup);
        for rule in self.rules() {
            let secure = self.tls_hosts().any(|pattern| covers(pattern, &rule.host));
            let scheme = if secure { "https" } else { "http" };
            for path in rule.paths() {
                let mut labels = Labels::new();
                labels.set(ADDRESS, &rule.host);
                set(&mut labels, "ingress_scheme", scheme);
                set(&mut labels, "ingress_host", &rule.host);
                set(&mut labels, "ingress_path", path);
                group.targets.push(labels);
            }
        }
        group
    }
}

/// Whether a certificate for `pattern` is one for `host`: a first `*` stands for one part of a name.
fn covers(pattern: &str, host: &str) -> bool {
    if pattern == host {
        return true;
    }
    match (pattern.split_once('.'), host.split_once('.')) {
        (Some(("*", of_pattern)), Some((_, of_host))) => of_pattern == of_host,
        // `*` alone stands for any name of one part.
        (None, None) => pattern == "*",
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::covers;

    #[test]
    fn a_wildcard_stands_for_exactly_one_part() {
        for (pattern, host, expected) in [
            ("example.com", "example.com", true),
            ("*.example.com", "a.example.com", true),
            ("*.example.com", "a.b.example.com", false),
            ("*.example.com", "example.com", false),
            ("*.example.com", "*.example.com", true),
            ("a.*.com", "a.b.com", false),
            ("*", "host", true),
            ("*", "host.example", false),
            ("", "host", false),
            ("", "", true),
        ] {
            assert_eq!(covers(pattern, host), expected, "{pattern} {host}");
        }
    }
}
