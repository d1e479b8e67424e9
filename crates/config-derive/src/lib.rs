//! `#[derive(Config)]`: makes a struct, or an enum of plain words, a part of a component's
//! configuration. See `headwater_core::config` for what it means.
//!
//! A struct must implement `Default`: that is what a configuration is decoded onto. The key of
//! a field is its name, its doc comment becomes the text in the table of keys.
//!
//! Attributes of a field:
//! * `#[config(rename = "key")]`: another key than the field's name;
//! * `#[config(alias = "old")]`: another spelling, accepted silently;
//!   `#[config(alias = "old", deprecated = "use `new`")]`: accepted with a warning;
//! * `#[config(squash)]`: the keys of the field's struct appear at this level;
//! * `#[config(rest)]`: a map that takes every key that no other field knows;
//! * `#[config(ignored = "why")]`: decoded and validated, but without effect;
//! * `#[config(secret)]`: never shown;
//! * `#[config(recursive)]`: its type contains the struct itself;
//! * `#[config(skip)]`: no key.
//!
//! Attributes of a struct:
//! * `#[config(validate = path::to::function)]`: called as `function(&self, &mut Validation)`;
//! * `#[config(decoded = path::to::function)]`: called as `function(&mut self, &Node)` after the
//!   section was decoded, for defaults that depend on what was written; not for squashed structs;
//! * `#[config(removed(key = "old", help = "write …"))]`: accepted with a warning;
//!   `removed_error(…)`: an error.
//!
//! Attributes of an enum: `#[config(case_insensitive)]`. The word of a variant is its name in
//! snake case; `rename` and `alias` work as on fields.

mod attributes;
mod choice;
mod section;

use proc_macro::TokenStream;
use syn::{Data, DeriveInput, parse_macro_input};

/// Implements `headwater_core::config::Config`; the crate's documentation lists the attributes.
#[proc_macro_derive(Config, attributes(config))]
pub fn derive_config(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    let expanded = match &input.data {
        Data::Struct(data) => section::expand(&input, data),
        Data::Enum(data) => choice::expand(&input, data),
        Data::Union(_) => Err(syn::Error::new_spanned(
            &input.ident,
            "`Config` can be derived for structs and enums",
        )),
    };
    expanded
        .unwrap_or_else(|error| error.to_compile_error())
        .into()
}
