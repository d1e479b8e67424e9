//! The derive for structs.

use proc_macro2::TokenStream;
use quote::quote;
use syn::ext::IdentExt as _;
use syn::{DataStruct, DeriveInput, Fields};

use crate::attributes::{FieldAttributes, TypeAttributes, doc, option};

/// The table of the struct and the access to its fields by index.
pub(crate) fn expand(input: &DeriveInput, data: &DataStruct) -> syn::Result<TokenStream> {
    let Fields::Named(fields) = &data.fields else {
        return Err(syn::Error::new_spanned(
            &input.ident,
            "`Config` can be derived for structs with named fields",
        ));
    };
    let attributes = TypeAttributes::parse(&input.attrs)?;
    let mut infos = Vec::new();
    let mut shared = Vec::new();
    let mut exclusive = Vec::new();
    let mut index = 0_usize;
    for field in &fields.named {
        let attributes = FieldAttributes::parse(&field.attrs)?;
        let Some(name) = &field.ident else { continue };
        if attributes.skip {
            continue;
        }
        let key = attributes
            .rename
            .clone()
            .unwrap_or_else(|| name.unraw().to_string());
        let kind = match (attributes.squash, attributes.rest) {
            (false, false) => quote!(Key),
            (true, false) => quote!(Squash),
            (false, true) => quote!(Rest),
            (true, true) => {
                return Err(syn::Error::new_spanned(name, "either `squash` or `rest`"));
            }
        };
        let text = doc(&field.attrs);
        let aliases = attributes.alias_tokens();
        let ignored = option(attributes.ignored.as_deref());
        let (secret, recursive) = (attributes.secret, attributes.recursive);
        infos.push(quote! {
            ::headwater_core::config::FieldInfo {
                key: #key,
                doc: #text,
                kind: ::headwater_core::config::FieldKind::#kind,
                aliases: #aliases,
                secret: #secret,
                ignored: #ignored,
                recursive: #recursive,
            }
        });
        shared.push(quote!(#index => ::core::option::Option::Some(&self.#name)));
        exclusive.push(quote!(#index => ::core::option::Option::Some(&mut self.#name)));
        index += 1;
    }
    let ident = &input.ident;
    let name = ident.to_string();
    let text = doc(&input.attrs);
    let removed = attributes.removed_tokens();
    let check = attributes.validate.as_ref().map(|function| {
        quote! {
            fn check(&self, validation: &mut ::headwater_core::config::Validation<'_>) {
                #function(self, validation);
            }
        }
    });
    let (impl_generics, type_generics, where_clause) = input.generics.split_for_impl();
    let decoded = attributes
        .decoded
        .as_ref()
        .map(|function| quote!(#function(value, node);));
    let config_impl = config_impl(input, decoded.as_ref());
    Ok(quote! {
        #config_impl

        #[automatically_derived]
        impl #impl_generics ::headwater_core::config::Fields for #ident #type_generics
        #where_clause
        {
            fn info(&self) -> &'static ::headwater_core::config::StructInfo {
                static INFO: ::headwater_core::config::StructInfo =
                    ::headwater_core::config::StructInfo {
                        name: #name,
                        doc: #text,
                        fields: &[#(#infos),*],
                        removed: #removed,
                    };
                &INFO
            }

            fn field(
                &self,
                index: usize,
            ) -> ::core::option::Option<&dyn ::headwater_core::config::Config> {
                match index {
                    #(#shared,)*
                    _ => ::core::option::Option::None,
                }
            }

            fn field_mut(
                &mut self,
                index: usize,
            ) -> ::core::option::Option<&mut dyn ::headwater_core::config::Config> {
                match index {
                    #(#exclusive,)*
                    _ => ::core::option::Option::None,
                }
            }

            #check
        }
    })
}

/// The part that is the same for every struct.
fn config_impl(input: &DeriveInput, decoded: Option<&TokenStream>) -> TokenStream {
    let ident = &input.ident;
    let (impl_generics, type_generics, where_clause) = input.generics.split_for_impl();
    quote! {
        #[automatically_derived]
        impl #impl_generics ::headwater_core::config::Config for #ident #type_generics
        #where_clause
        {
            fn decode(
                &mut self,
                node: &::headwater_core::config::Node,
                cx: &mut ::headwater_core::config::DecodeContext<'_>,
            ) {
                let value = self;
                ::headwater_core::config::decode_struct(value, node, cx);
                #decoded
            }

            fn from_node(
                node: &::headwater_core::config::Node,
                cx: &mut ::headwater_core::config::DecodeContext<'_>,
            ) -> ::core::option::Option<Self> {
                let mut value = <Self as ::core::default::Default>::default();
                <Self as ::headwater_core::config::Config>::decode(&mut value, node, cx);
                ::core::option::Option::Some(value)
            }

            fn encode(
                &self,
                cx: ::headwater_core::config::EncodeContext,
            ) -> ::headwater_core::config::Node {
                ::headwater_core::config::encode_struct(self, cx)
            }

            fn schema(&self) -> ::headwater_core::config::Schema {
                ::headwater_core::config::struct_schema(self)
            }

            fn type_schema() -> ::headwater_core::config::Schema {
                ::headwater_core::config::struct_schema(
                    &<Self as ::core::default::Default>::default(),
                )
            }

            fn validate(&self, validation: &mut ::headwater_core::config::Validation<'_>) {
                ::headwater_core::config::validate_struct(self, validation);
            }

            fn fields(
                &self,
            ) -> ::core::option::Option<&dyn ::headwater_core::config::Fields> {
                ::core::option::Option::Some(self)
            }

            fn fields_mut(
                &mut self,
            ) -> ::core::option::Option<&mut dyn ::headwater_core::config::Fields> {
                ::core::option::Option::Some(self)
            }
        }
    }
}
