//! The derive for enums of plain words.

use proc_macro2::TokenStream;
use quote::quote;
use syn::ext::IdentExt as _;
use syn::{DataEnum, DeriveInput, Fields};

use crate::attributes::{FieldAttributes, TypeAttributes, doc};

/// The table of words and the way from and to the variants.
pub(crate) fn expand(input: &DeriveInput, data: &DataEnum) -> syn::Result<TokenStream> {
    let attributes = TypeAttributes::parse(&input.attrs)?;
    let mut choices = Vec::new();
    let mut names = Vec::new();
    let mut variants = Vec::new();
    let mut skipped = None;
    let mut zero = None;
    for variant in &data.variants {
        if !matches!(variant.fields, Fields::Unit) {
            return Err(syn::Error::new_spanned(
                variant,
                "`Config` can be derived for enums whose variants have no fields",
            ));
        }
        let attributes = FieldAttributes::parse(&variant.attrs)?;
        if attributes.skip {
            skipped = Some(quote!(_ => "",));
            continue;
        }
        let name = attributes
            .rename
            .clone()
            .unwrap_or_else(|| snake_case(&variant.ident.unraw().to_string()));
        let text = doc(&variant.attrs);
        let aliases = attributes.alias_tokens();
        choices.push(quote! {
            ::headwater_core::config::Choice { name: #name, doc: #text, aliases: #aliases }
        });
        if name.is_empty() || attributes.accepts("") {
            let variant = &variant.ident;
            zero = Some(quote! {
                fn zero() -> ::core::option::Option<Self> {
                    ::core::option::Option::Some(Self::#variant)
                }
            });
        }
        names.push(name);
        variants.push(&variant.ident);
    }
    let table = quote!(&[#(#choices),*]);
    let ident = &input.ident;
    let ignore_case = attributes.case_insensitive;
    let indices = 0..variants.len();
    Ok(quote! {
        #[automatically_derived]
        impl ::headwater_core::config::Scalar for #ident {
            fn parse(
                node: &::headwater_core::config::Node,
                cx: &mut ::headwater_core::config::DecodeContext<'_>,
            ) -> ::core::option::Option<Self> {
                match ::headwater_core::config::parse_choice(node, cx, #table, #ignore_case) {
                    #(::core::option::Option::Some(#indices) => {
                        ::core::option::Option::Some(Self::#variants)
                    })*
                    _ => ::core::option::Option::None,
                }
            }

            fn write(
                &self,
                _: ::headwater_core::config::EncodeContext,
            ) -> ::headwater_core::config::Node {
                ::headwater_core::config::Node::from(match self {
                    #(Self::#variants => #names,)*
                    #skipped
                })
            }

            fn schema() -> ::headwater_core::config::Schema {
                ::headwater_core::config::Schema::Choice(::std::vec![#(#names),*])
            }

            #zero
        }
    })
}

/// `TraceIdRatio` becomes `trace_id_ratio`.
fn snake_case(name: &str) -> String {
    let mut word = String::with_capacity(name.len() + 4);
    for (index, letter) in name.char_indices() {
        if letter.is_uppercase() && index > 0 {
            word.push('_');
        }
        word.extend(letter.to_lowercase());
    }
    word
}
