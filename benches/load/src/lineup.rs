//! The collectors of a comparison, and the order in which they are measured.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use tempfile::TempDir;

use crate::collector::{CollectorSpec, pin};
use crate::error::LoadError;
use crate::report::Row;
use crate::{print, process};

/// Which collectors are compared, where they run and how often each is measured: the flags that all
/// comparisons share. Each has its own words for what it fills in and what else takes part.
#[derive(Debug, Args)]
pub(crate) struct Lineup {
    /// The collectors, in the order of the table.
    #[arg(long = "collector")]
    pub(crate) collectors: Vec<CollectorSpec>,
    /// Configurations in another syntax: a collector's name and the folder of its templates.
    #[arg(long = "templates", value_parser = templates)]
    pub(crate) templates: Vec<(String, PathBuf)>,
    /// Measurements of each collector; the table has medians.
    #[arg(long, default_value_t = 1, display_order = LAST)]
    pub(crate) repeat: usize,
    /// CPUs of the collectors.
    #[arg(long, value_delimiter = ',', display_order = LAST + 1)]
    pub(crate) collector_cpus: Vec<usize>,
    /// CPUs of whatever else takes part.
    #[arg(long, value_delimiter = ',', display_order = LAST + 2)]
    pub(crate) harness_cpus: Vec<usize>,
}

/// Behind the flags of the comparison itself.
const LAST: usize = 900;

impl Lineup {
    /// Binds this process to its CPUs, prints what machine it is, and makes a folder for what
    /// collectors need and write.
    ///
    /// # Errors
    /// A CPU that does not exist, or no folder.
    pub(crate) fn begin(&self) -> Result<TempDir, LoadError> {
        print(format_args!("{}", process::machine()));
        pin(&self.harness_cpus).map_err(LoadError::io("bind the harness to its CPUs"))?;
        tempfile::tempdir().map_err(LoadError::io("create a folder"))
    }

    /// Measures every collector in `case`: repetitions outermost and their order turned around
    /// every time, so that a machine that changes its speed does so for all. `measure` is told how
    /// many measurements of the case came before.
    ///
    /// # Errors
    /// The first one of `measure`.
    pub(crate) async fn measure<C: Clone, S>(
        &self,
        case: &C,
        mut measure: impl AsyncFnMut(&CollectorSpec, usize) -> Result<S, LoadError>,
    ) -> Result<Vec<Row<C, S>>, LoadError> {
        let row = |spec: &CollectorSpec| Row {
            case: case.clone(),
            collector: spec.name.clone(),
            samples: Vec::new(),
        };
        let mut rows: Vec<Row<C, S>> = self.collectors.iter().map(row).collect();
        let mut before = 0;
        for round in 0..self.repeat.max(1) {
            let mut order: Vec<usize> = (0..rows.len()).collect();
            if round % 2 == 1 {
                order.reverse();
            }
            for index in order {
                let sample = measure(&self.collectors[index], before).await?;
                rows[index].samples.push(sample);
                before += 1;
            }
        }
        Ok(rows)
    }

    /// Writes the configuration of a collector into `folder` and adds its path, as `config`, to
    /// the values of the placeholders. `fill` makes it of them and of the collector's own template
    /// `file`, if there is a folder of templates for it.
    ///
    /// # Errors
    /// A template that cannot be read, or a folder that cannot be written to.
    pub(crate) fn configure(
        &self,
        spec: &CollectorSpec,
        file: &str,
        folder: &Path,
        mut values: BTreeMap<&'static str, String>,
        fill: impl FnOnce(Option<&str>, &BTreeMap<&'static str, String>) -> String,
    ) -> Result<BTreeMap<&'static str, String>, LoadError> {
        let own = self.templates.iter().find(|(name, _)| *name == spec.name);
        let template = match own.map(|(_, templates)| templates.join(file)) {
            None => None,
            Some(path) => Some(
                fs::read_to_string(&path)
                    .map_err(LoadError::io(format!("read {}", path.display())))?,
            ),
        };
        let path = folder.join(format!("{}.yaml", spec.name));
        fs::write(&path, fill(template.as_deref(), &values))
            .map_err(LoadError::io(format!("write {}", path.display())))?;
        values.insert("config", path.display().to_string());
        Ok(values)
    }
}

fn templates(text: &str) -> Result<(String, PathBuf), String> {
    let (name, folder) = text.split_once('=').ok_or("want NAME=FOLDER")?;
    Ok((name.to_owned(), folder.into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collector::fill;

    fn lineup(repeat: usize, templates: Vec<(String, PathBuf)>) -> Lineup {
        Lineup {
            collectors: ["a=/bin/a", "b=/bin/b", "c=/bin/c"]
                .map(|text| text.parse().unwrap())
                .into(),
            templates,
            repeat,
            collector_cpus: Vec::new(),
            harness_cpus: Vec::new(),
        }
    }

    #[tokio::test]
    async fn every_other_round_goes_the_other_way() {
        let mut order = String::new();
        let rows = lineup(3, Vec::new())
            .measure(&"case", async |spec, before| {
                order.push_str(&spec.name);
                Ok(before)
            })
            .await
            .unwrap();
        assert_eq!(order, "abccbaabc");
        let samples = rows.iter().map(|row| row.samples.as_slice());
        assert!(samples.eq([[0, 5, 6], [1, 4, 7], [2, 3, 8]]));
        assert_eq!((rows[2].case, rows[2].collector.as_str()), ("case", "c"));
    }

    #[test]
    fn a_collector_with_templates_gets_its_own_configuration() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("hub.yaml"), "own {{port}}").unwrap();
        let lineup = lineup(1, vec![("b".to_owned(), folder.path().to_owned())]);
        for (index, expected) in [(0, "all 4317"), (1, "own 4317")] {
            let values = BTreeMap::from([("port", "4317".to_owned())]);
            let values = lineup.configure(
                &lineup.collectors[index],
                "hub.yaml",
                folder.path(),
                values,
                |template, values| fill(template.unwrap_or("all {{port}}"), values),
            );
            let written = fs::read_to_string(&values.unwrap()["config"]).unwrap();
            assert_eq!(written, expected);
        }
    }
}
