//! The table of keys that stands in the README of a component.

use headwater_core::config::Config;

/// The keys of a configuration as a Markdown table: key, type, default, what it does.
#[must_use]
pub fn keys_table<T: Config>() -> String {
    let mut table = String::from("| Key | Type | Default | |\n| --- | --- | --- | --- |\n");
    for row in T::type_schema().rows() {
        let default = match row.default.as_str() {
            "" => String::new(),
            default => format!("`{}`", default.replace('|', "\\|").replace('`', "'")),
        };
        let doc = row.doc.replace("\\|", "|").replace('|', "\\|");
        table.push_str(&format!(
            "| `{}` | {} | {default} | {doc} |\n",
            row.key, row.kind
        ));
    }
    table
}
