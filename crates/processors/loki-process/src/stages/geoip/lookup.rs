//! The stage.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use headwater_core::ComponentError;
use headwater_logs::Value as RecordValue;
use maxminddb::{LookupResult, MaxMindDbError};

use super::database::{Database, open};
use super::record::{Asn, City, Country, Place, Tree};
use super::{DbType, GeoipConfig};
use crate::entry::Entry;
use crate::jmespath::Expression;
use crate::pipeline::{Edit, Run, Verdict};
use crate::stages::json::simple;
use crate::value::Value;

/// Extracts what a database knows of an address.
#[derive(Debug)]
pub(super) struct Geoip {
    database: Arc<Database>,
    path: String,
    source: String,
    db_type: Option<DbType>,
    custom: Vec<(String, Expression)>,
    /// Whether it was said that the database is damaged.
    complained: AtomicBool,
}

impl Geoip {
    pub(super) fn new(config: &GeoipConfig) -> Result<Self, ComponentError> {
        let mut custom = Vec::new();
        for (name, text) in config.texts() {
            let expression = Expression::compile(text)
                .map_err(|error| ComponentError::with_source(format!("compile {text:?}"), error))?;
            custom.push((name.to_owned(), expression));
        }
        Ok(Self {
            database: open(&config.db)?,
            path: config.db.clone(),
            source: config.source.clone(),
            db_type: config.db_type,
            custom,
            complained: AtomicBool::new(false),
        })
    }

    fn look_up<'a>(&'a self, address: IpAddr, entry: &mut Entry<'a>) -> Result<(), MaxMindDbError> {
        let found = self.database.lookup(address)?;
        match self.db_type {
            Some(DbType::Asn) => extract_asn(&found.decode()?.unwrap_or_default(), entry),
            Some(DbType::City) => extract_city(&found.decode()?.unwrap_or_default(), entry),
            Some(DbType::Country) => extract_country(&found.decode()?.unwrap_or_default(), entry),
            None => {}
        }
        self.extract_custom(&found, entry)
    }

    fn extract_custom<'a>(
        &'a self,
        found: &LookupResult<'a, Vec<u8>>,
        entry: &mut Entry<'a>,
    ) -> Result<(), MaxMindDbError> {
        if self.custom.is_empty() {
            return Ok(());
        }
        let record = found.decode::<Tree<'a>>()?;
        // Expressions see null where there is no record, as upstream: `a || 'none'` finds something.
        let record = record.map_or(RecordValue::Null, |tree| tree.0);
        for (name, expression) in &self.custom {
            match expression.search(&record).as_deref() {
                Ok(RecordValue::Null) | Err(_) => {}
                Ok(value) => entry.extract(name.as_str(), simple(value, &|text| text)),
            }
        }
        Ok(())
    }
}

impl Edit for Geoip {
    fn edit<'a>(&'a self, entry: &mut Entry<'a>, _: &mut Run) -> Verdict {
        let text = entry.extracted_text(&self.source);
        let Some(address) = text.and_then(|text| text.parse::<IpAddr>().ok()) else {
            return Verdict::Keep;
        };
        // `::ffff:192.0.2.1` is the address of IPv4, as upstream.
        match self.look_up(address.to_canonical(), entry) {
            // An address of IPv6, and a database without.
            Ok(()) | Err(MaxMindDbError::InvalidInput { .. }) => {}
            Err(error) => {
                if !self.complained.swap(true, Ordering::Relaxed) {
                    tracing::warn!(
                        db = self.path,
                        %address,
                        %error,
                        "Stage geoip cannot read a record of its database: lines whose records \
                         cannot be read pass as they are"
                    );
                }
            }
        }
        Verdict::Keep
    }
}

// What databases of each kind hold. Source of the names: Alloy, `stages/geoip.go`.

fn extract_asn<'a>(record: &Asn<'a>, entry: &mut Entry<'a>) {
    let number = record.autonomous_system_number;
    if number != 0 {
        entry.extract("geoip_autonomous_system_number", Value::Int(number));
    }
    text(
        entry,
        "geoip_autonomous_system_organization",
        record.autonomous_system_organization,
    );
}

fn extract_city<'a>(record: &City<'a>, entry: &mut Entry<'a>) {
    text(entry, "geoip_city_name", record.city.names.en);
    nation(&record.country, &record.continent, entry);
    text(entry, "geoip_postal_code", record.postal.code);
    text(entry, "geoip_timezone", record.location.time_zone);
    if let Some(subdivision) = record.subdivisions.last() {
        text(entry, "geoip_subdivision_name", subdivision.names.en);
        text(entry, "geoip_subdivision_code", subdivision.iso_code);
    }
    let (latitude, longitude) = (record.location.latitude, record.location.longitude);
    if latitude != 0.0 || longitude != 0.0 {
        entry.extract("geoip_location_latitude", Value::Float(latitude));
        entry.extract("geoip_location_longitude", Value::Float(longitude));
    }
}

fn extract_country<'a>(record: &Country<'a>, entry: &mut Entry<'a>) {
    nation(&record.country, &record.continent, entry);
}

fn nation<'a>(country: &Place<'a>, continent: &Place<'a>, entry: &mut Entry<'a>) {
    text(entry, "geoip_country_name", country.names.en);
    text(entry, "geoip_country_code", country.iso_code);
    text(entry, "geoip_continent_name", continent.names.en);
    text(entry, "geoip_continent_code", continent.code);
}

fn text<'a>(entry: &mut Entry<'a>, name: &'static str, value: &'a str) {
    if !value.is_empty() {
        entry.extract(name, value);
    }
}
