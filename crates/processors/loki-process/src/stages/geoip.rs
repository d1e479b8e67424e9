//! `geoip`: what a MaxMind database knows of an address.

#[cfg(feature = "geoip")]
mod database;
#[cfg(feature = "geoip")]
mod lookup;
#[cfg(feature = "geoip")]
mod record;

use headwater_core::ComponentError;
use headwater_core::config::{Config, OrderedMap, Validation};

use crate::build::check_required;
use crate::jmespath::Expression;
use crate::pipeline::Edit;

/// What kind of database it is, which decides what is extracted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Config)]
pub(crate) enum DbType {
    /// Networks: number and organization of the autonomous system.
    Asn,
    /// Cities: what `country` has, and city, place, postal code, time zone and subdivision.
    City,
    /// Countries: country and continent.
    Country,
}

/// Arguments of `geoip`. Source: Alloy `stages.GeoIPConfig`.
#[derive(Debug, Clone, Default, PartialEq, Config)]
#[config(validate = Self::check)]
pub(crate) struct GeoipConfig {
    /// The file of the database, `.mmdb`; read once, at the start. Required.
    pub(crate) db: String,
    /// The extracted value that holds the address. Required.
    pub(crate) source: String,
    /// What is extracted: what databases of that kind hold. Without it, `custom_lookups` only.
    pub(crate) db_type: Option<DbType>,
    /// Further values to extract: JMESPath expressions by name, evaluated on the address's record;
    /// empty means the name.
    pub(crate) custom_lookups: OrderedMap<Option<String>>,
}

impl GeoipConfig {
    fn check(&self, validation: &mut Validation<'_>) {
        if !cfg!(feature = "geoip") {
            validation.error("", NOT_BUILT_IN).help(
                "in the manifest of the distribution, write `loki_process = [\"geoip\"]` under \
                 `[features.processors]`",
            );
        }
        check_required(validation, "db", &self.db);
        check_required(validation, "source", &self.source);
        if self.db_type.is_none() && self.custom_lookups.is_empty() {
            validation
                .error("db_type", "`db_type` or `custom_lookups` need to be set")
                .help("write `db_type: city`, `asn` or `country`");
        }
        for (name, text) in self.texts() {
            if let Err(error) = Expression::compile(text) {
                let key = format!("custom_lookups::{name}");
                validation.error(&key, format!("could not compile JMES expression: {error}"));
            }
        }
    }

    /// Names and expressions of the custom lookups.
    fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.custom_lookups.iter().map(|(name, text)| {
            let text = text.as_deref().filter(|text| !text.is_empty());
            (name, text.unwrap_or(name))
        })
    }

    /// Opens the database.
    #[cfg(feature = "geoip")]
    pub(crate) fn build(&self) -> Result<Box<dyn Edit>, ComponentError> {
        lookup::Geoip::new(self).map(|stage| -> Box<dyn Edit> { Box::new(stage) })
    }

    /// Cannot be reached: the configuration was refused.
    #[cfg(not(feature = "geoip"))]
    pub(crate) fn build(&self) -> Result<Box<dyn Edit>, ComponentError> {
        Err(ComponentError::new(NOT_BUILT_IN))
    }
}

/// Why the stage is refused without the feature.
const NOT_BUILT_IN: &str =
    "this program is built without the stage `geoip` (feature `geoip` of `loki_process`)";
