//! `tenant`: whose line it is.

use headwater_core::config::{Config, Validation};

use crate::entry::{Entry, Text};
use crate::pipeline::{Edit, Run, Verdict};
use crate::travel::TENANT_LABEL;

/// Arguments of `tenant`. Source: Alloy `stages.TenantConfig`.
#[derive(Debug, Clone, Default, PartialEq, Config)]
#[config(validate = Self::check)]
pub(crate) struct TenantConfig {
    /// The label that holds the tenant.
    pub(crate) label: String,
    /// The extracted value that holds the tenant.
    pub(crate) source: String,
    /// The tenant.
    pub(crate) value: String,
}

impl TenantConfig {
    fn check(&self, validation: &mut Validation<'_>) {
        let given = [&self.label, &self.source, &self.value];
        match given.iter().filter(|text| !text.is_empty()).count() {
            0 => validation.error("", "label, source or value config are required"),
            1 => return,
            _ => validation.error(
                "",
                "label, source and value are mutually exclusive: you should set source, value or \
                 label but not all",
            ),
        };
    }
}

/// Sets the tenant.
#[derive(Debug)]
pub(crate) struct Tenant(pub(crate) TenantConfig);

impl Edit for Tenant {
    fn edit<'a>(&'a self, entry: &mut Entry<'a>, _: &mut Run) -> Verdict {
        let TenantConfig {
            label,
            source,
            value,
        } = &self.0;
        let tenant = if !source.is_empty() {
            entry.extracted_text(source)
        } else if !label.is_empty() {
            entry.label(label).cloned()
        } else {
            Some(Text::Borrowed(value.as_str()))
        };
        if let Some(tenant) = tenant.filter(|tenant| !tenant.is_empty()) {
            entry.set_label(TENANT_LABEL, tenant);
        }
        Verdict::Keep
    }
}
