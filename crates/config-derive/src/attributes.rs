//! The `#[config(…)]` attributes.

use proc_macro2::TokenStream;
use quote::quote;
use syn::meta::ParseNestedMeta;
use syn::{Attribute, Expr, ExprLit, Lit, LitStr, Meta, Path};

/// Another spelling, and what to write today.
pub(crate) struct Alias {
    key: String,
    deprecated: Option<String>,
}

/// A key that existed once.
pub(crate) struct Removed {
    key: String,
    help: String,
    error: bool,
}

/// Attributes of a field or variant.
#[derive(Default)]
pub(crate) struct FieldAttributes {
    pub(crate) rename: Option<String>,
    pub(crate) aliases: Vec<Alias>,
    pub(crate) squash: bool,
    pub(crate) rest: bool,
    pub(crate) ignored: Option<String>,
    pub(crate) secret: bool,
    pub(crate) recursive: bool,
    pub(crate) skip: bool,
}

/// Attributes of a struct or enum.
#[derive(Default)]
pub(crate) struct TypeAttributes {
    pub(crate) validate: Option<Path>,
    pub(crate) decoded: Option<Path>,
    pub(crate) removed: Vec<Removed>,
    pub(crate) case_insensitive: bool,
}

impl FieldAttributes {
    pub(crate) fn parse(attributes: &[Attribute]) -> syn::Result<Self> {
        let mut parsed = Self::default();
        for attribute in attributes
            .iter()
            .filter(|attribute| attribute.path().is_ident("config"))
        {
            let first_alias = parsed.aliases.len();
            let mut deprecated = None;
            attribute.parse_nested_meta(|meta| {
                if meta.path.is_ident("rename") {
                    parsed.rename = Some(text(&meta)?);
                } else if meta.path.is_ident("alias") {
                    parsed.aliases.push(Alias {
                        key: text(&meta)?,
                        deprecated: None,
                    });
                } else if meta.path.is_ident("deprecated") {
                    deprecated = Some(text(&meta)?);
                } else if meta.path.is_ident("squash") {
                    parsed.squash = true;
                } else if meta.path.is_ident("rest") {
                    parsed.rest = true;
                } else if meta.path.is_ident("ignored") {
                    parsed.ignored = Some(text(&meta)?);
                } else if meta.path.is_ident("secret") {
                    parsed.secret = true;
                } else if meta.path.is_ident("recursive") {
                    parsed.recursive = true;
                } else if meta.path.is_ident("skip") {
                    parsed.skip = true;
                } else {
                    return Err(meta.error(
                        "expected rename, alias, deprecated, squash, rest, ignored, secret, \
                         recursive or skip",
                    ));
                }
                Ok(())
            })?;
            if let Some(help) = deprecated {
                if parsed.aliases.len() == first_alias {
                    return Err(syn::Error::new_spanned(
                        attribute,
                        "`deprecated` needs an `alias` in the same attribute",
                    ));
                }
                for alias in &mut parsed.aliases[first_alias..] {
                    alias.deprecated = Some(help.clone());
                }
            }
        }
        Ok(parsed)
    }

    /// Whether `word` is another spelling.
    pub(crate) fn accepts(&self, word: &str) -> bool {
        self.aliases.iter().any(|alias| alias.key == word)
    }

    pub(crate) fn alias_tokens(&self) -> TokenStream {
        let aliases = self.aliases.iter().map(|alias| {
            let key = &alias.key;
            let deprecated = option(alias.deprecated.as_deref());
            quote!(::headwater_core::config::Alias { key: #key, deprecated: #deprecated })
        });
        quote!(&[#(#aliases),*])
    }
}

impl TypeAttributes {
    pub(crate) fn parse(attributes: &[Attribute]) -> syn::Result<Self> {
        let mut parsed = Self::default();
        for attribute in attributes
            .iter()
            .filter(|attribute| attribute.path().is_ident("config"))
        {
            attribute.parse_nested_meta(|meta| {
                if meta.path.is_ident("validate") {
                    parsed.validate = Some(meta.value()?.parse()?);
                } else if meta.path.is_ident("decoded") {
                    parsed.decoded = Some(meta.value()?.parse()?);
                } else if meta.path.is_ident("case_insensitive") {
                    parsed.case_insensitive = true;
                } else if meta.path.is_ident("removed") {
                    parsed.removed.push(removed(&meta, false)?);
                } else if meta.path.is_ident("removed_error") {
                    parsed.removed.push(removed(&meta, true)?);
                } else {
                    return Err(meta.error(
                        "expected validate, decoded, case_insensitive, removed or removed_error",
                    ));
                }
                Ok(())
            })?;
        }
        Ok(parsed)
    }

    pub(crate) fn removed_tokens(&self) -> TokenStream {
        let removed = self.removed.iter().map(|Removed { key, help, error }| {
            quote!(::headwater_core::config::Removed { key: #key, help: #help, error: #error })
        });
        quote!(&[#(#removed),*])
    }
}

fn removed(meta: &ParseNestedMeta<'_>, error: bool) -> syn::Result<Removed> {
    let mut key = None;
    let mut help = None;
    meta.parse_nested_meta(|meta| {
        if meta.path.is_ident("key") {
            key = Some(text(&meta)?);
        } else if meta.path.is_ident("help") {
            help = Some(text(&meta)?);
        } else {
            return Err(meta.error("expected key or help"));
        }
        Ok(())
    })?;
    match (key, help) {
        (Some(key), Some(help)) => Ok(Removed { key, help, error }),
        _ => Err(meta.error("both `key` and `help` are needed")),
    }
}

fn text(meta: &ParseNestedMeta<'_>) -> syn::Result<String> {
    Ok(meta.value()?.parse::<LitStr>()?.value())
}

/// `Some("…")` or `None`.
pub(crate) fn option(text: Option<&str>) -> TokenStream {
    match text {
        Some(text) => quote!(::core::option::Option::Some(#text)),
        None => quote!(::core::option::Option::None),
    }
}

/// The doc comment, its lines joined, without the blank that follows `///`.
pub(crate) fn doc(attributes: &[Attribute]) -> String {
    let mut lines = Vec::new();
    for attribute in attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident("doc"))
    {
        if let Meta::NameValue(pair) = &attribute.meta
            && let Expr::Lit(ExprLit {
                lit: Lit::Str(line),
                ..
            }) = &pair.value
        {
            let line = line.value();
            lines.push(
                line.strip_prefix(' ')
                    .unwrap_or(&line)
                    .trim_end()
                    .to_owned(),
            );
        }
    }
    lines.join("\n").trim().to_owned()
}
