//! Pod-log pipelines that people run in Grafana Alloy, moved over one to one: `k8s-monitoring.yaml`
//! as Grafana's k8s-monitoring chart generates it, `eks.yaml` as a plain `ConfigMap` has it. The tests
//! run them against a fake API server and real files.
