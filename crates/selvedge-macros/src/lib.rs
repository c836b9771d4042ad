//! The attribute `#[selvedge::test]`.

use proc_macro::TokenStream;
use quote::quote;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Ident, ItemFn, Lit, Token, parse_macro_input};

/// Makes a test of a function: every behaviour of it is explored, as by
/// `selvedge::model`, and the test fails with the report if one of them fails.
///
/// Settings of the exploration may be given: `strategy`, `seed`,
/// `max_executions`, `max_steps`, `max_preemptions`, `keep_going`, `name`, as
/// the methods of `selvedge::Explorer` of those names. The `SELVEDGE_*`
/// variables set what is not given.
///
/// ```ignore
/// #[selvedge::test]
/// fn every_interleaving() { /* ... */ }
///
/// #[selvedge::test(strategy = "random", seed = 7, max_executions = 1000)]
/// fn a_thousand_random_ones() { /* ... */ }
/// ```
#[proc_macro_attribute]
pub fn test(settings: TokenStream, item: TokenStream) -> TokenStream {
    let settings =
        parse_macro_input!(settings with Punctuated::<Setting, Token![,]>::parse_terminated);
    let ItemFn { attrs, vis, sig, block } = parse_macro_input!(item as ItemFn);
    let argument = sig.inputs.first().map(|argument| {
        syn::Error::new_spanned(argument, "a test that is explored takes no arguments")
    });
    let keyword = sig
        .asyncness
        .map(|keyword| syn::Error::new_spanned(keyword, "a test that is explored is not async"));
    if let Some(error) = argument.or(keyword) {
        return error.to_compile_error().into();
    }
    let calls = settings.iter().map(|Setting { name, value }| quote!(.#name(#value)));
    let (name, output) = (&sig.ident, &sig.output);
    quote! {
        #[::core::prelude::v1::test]
        #(#attrs)*
        #vis fn #name() {
            fn explored() #output #block
            ::selvedge::__private::check(
                ::selvedge::Explorer::new() #(#calls)*,
                || { explored(); },
            );
        }
    }
    .into()
}

/// `name = value`.
struct Setting {
    name: Ident,
    value: Lit,
}

const SETTINGS: [&str; 7] =
    ["strategy", "seed", "max_executions", "max_steps", "max_preemptions", "keep_going", "name"];

impl Parse for Setting {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let name: Ident = input.parse()?;
        if !SETTINGS.iter().any(|known| name == known) {
            let message = format!("unknown setting: it is one of {}", SETTINGS.join(", "));
            return Err(syn::Error::new(name.span(), message));
        }
        input.parse::<Token![=]>()?;
        Ok(Setting { name, value: input.parse()? })
    }
}
