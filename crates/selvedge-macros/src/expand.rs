//! What becomes of the function.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::{Error, Expr, FnArg, Ident, ItemFn, LitStr, Meta, Pat, RangeLimits, Type};

use crate::settings::Settings;

pub(crate) fn test(settings: TokenStream, item: TokenStream) -> syn::Result<TokenStream> {
    let settings: Settings = syn::parse2(settings)?;
    let ItemFn { attrs, vis, mut sig, block } = syn::parse2(item)?;
    if let Some(keyword) = sig.asyncness {
        return Err(Error::new_spanned(keyword, "a test that is explored is not async"));
    }
    let inputs = sig.inputs.iter_mut().map(Input::take_from).collect::<syn::Result<Vec<_>>>()?;
    if let (Some(cases), true) = (&settings.cases, inputs.is_empty()) {
        return Err(Error::new_spanned(cases, "a test without arguments has no inputs"));
    }
    let (name, arguments, output) = (&sig.ident, &sig.inputs, &sig.output);
    let flags = [
        ("bounded", settings.bounded || !inputs.is_empty()),
        ("should_panic", attrs.iter().any(|attr| attr.path().is_ident("should_panic"))),
    ];
    let mark = mark(name, settings.breaks.as_ref(), &flags);
    let Settings { calls, require_proof, cases, .. } = settings;
    let require_proof = require_proof.is_some_and(|value| value.value);
    let test = quote! {
        ::selvedge::__private::Test {
            mark: #mark,
            directory: ::core::env!("CARGO_MANIFEST_DIR"),
            require_proof: #require_proof,
        }
    };
    let explorer = quote!(::selvedge::Explorer::new() #(#calls)*);
    let run = if inputs.is_empty() {
        quote! {
            #test.run(#explorer, || ::selvedge::__private::Ends::end(explored()));
        }
    } else {
        let cases = option(cases.as_ref());
        let values: Vec<_> = (0..inputs.len()).map(|i| format_ident!("input_{i}")).collect();
        let strategies = inputs.iter().map(|input| &input.strategy);
        let show = inputs.iter().map(|input| format!("{} = {{:?}}", input.name));
        let show = show.collect::<Vec<_>>().join(", ");
        quote! {
            ::selvedge::__private::test_with_inputs(
                #test,
                #explorer,
                #cases,
                (#(#strategies,)*),
                |(#(#values,)*)| ::std::format!(#show, #(#values),*),
                |(#(#values,)*)| ::selvedge::__private::Ends::end(explored(#(#values),*)),
            );
        }
    };
    Ok(quote! {
        #[::core::prelude::v1::test]
        #(#attrs)*
        #vis fn #name() {
            fn explored(#arguments) #output #block
            #run
        }
    })
}

/// The string by which `cargo selvedge` finds the test in its executable:
/// `selvedge_engines::test::Mark` reads it.
fn mark(name: &Ident, breaks: Option<&LitStr>, flags: &[(&str, bool)]) -> TokenStream {
    let version = env!("CARGO_PKG_VERSION");
    let expected =
        breaks.map_or_else(|| "holds".to_owned(), |name| format!("breaks {}", name.value()));
    let flags: Vec<&str> = flags.iter().filter(|(_, on)| *on).map(|(flag, _)| *flag).collect();
    let flags = flags.join(" ");
    // The line of the function's name, and not that of the attribute.
    let (file, line) = (
        quote_spanned!(name.span()=> ::core::file!()),
        quote_spanned!(name.span()=> ::core::line!()),
    );
    quote! {
        ::core::concat!(
            "\u{1}selvedge-test 1\u{1}", #version,
            "\u{1}", ::core::env!("CARGO_PKG_NAME"),
            "\u{1}", ::core::module_path!(), "::", ::core::stringify!(#name),
            "\u{1}", #file, ":", #line,
            "\u{1}", #expected,
            "\u{1}", #flags, "\u{2}",
        )
    }
}

fn option<T: quote::ToTokens>(value: Option<T>) -> TokenStream {
    match value {
        Some(value) => quote!(::core::option::Option::Some(#value)),
        None => quote!(::core::option::Option::None),
    }
}

/// An argument of a test.
struct Input {
    name: String,
    strategy: TokenStream,
}

impl Input {
    /// Reads an argument, and takes its `#[strategy(...)]` away.
    fn take_from(argument: &mut FnArg) -> syn::Result<Input> {
        if !cfg!(feature = "proptest") {
            let message = "arguments are inputs to be drawn: switch on the feature `proptest` of \
                           selvedge";
            return Err(Error::new_spanned(argument, message));
        }
        let FnArg::Typed(argument) = argument else {
            return Err(Error::new_spanned(argument, "a test is no method"));
        };
        let Pat::Ident(name) = &*argument.pat else {
            return Err(Error::new_spanned(&argument.pat, "an input has a name"));
        };
        let name = name.ident.to_string();
        let ty = &argument.ty;
        let (mine, others) = std::mem::take(&mut argument.attrs)
            .into_iter()
            .partition(|attr| attr.path().is_ident("strategy"));
        let mine: Vec<syn::Attribute> = mine;
        argument.attrs = others;
        let strategy = match mine.as_slice() {
            [] => quote!(::selvedge::__private::proptest::arbitrary::any::<#ty>()),
            [one] => match &one.meta {
                Meta::List(list) => typed(list.parse_args()?, ty),
                other => {
                    let message = "a strategy is given as `#[strategy(1..60)]`";
                    return Err(Error::new_spanned(other, message));
                }
            },
            [_, second, ..] => {
                return Err(Error::new_spanned(second, "an input has one strategy"));
            }
        };
        Ok(Input { name, strategy })
    }
}

/// A range is one of the argument's type: `1..60` would be of `i32`.
fn typed(strategy: Expr, ty: &Type) -> TokenStream {
    let Expr::Range(range) = &strategy else {
        return quote!(#strategy);
    };
    let name = match (&range.start, &range.limits, &range.end) {
        (Some(_), RangeLimits::HalfOpen(_), Some(_)) => "Range",
        (Some(_), RangeLimits::Closed(_), Some(_)) => "RangeInclusive",
        (Some(_), _, None) => "RangeFrom",
        (None, RangeLimits::HalfOpen(_), Some(_)) => "RangeTo",
        (None, RangeLimits::Closed(_), Some(_)) => "RangeToInclusive",
        (None, _, None) => return quote!(#strategy),
    };
    let name = format_ident!("{name}");
    quote! {{
        let range: ::core::ops::#name<#ty> = #strategy;
        range
    }}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn error(settings: &str, item: &str) -> String {
        let parse = |text: &str| text.parse().expect("tokens");
        test(parse(settings), parse(item)).expect_err("an error").to_string()
    }

    const PLAIN: &str = "fn t() {}";

    #[test]
    fn what_is_between_the_brackets_is_checked() {
        assert!(error("sed = 7", PLAIN).starts_with("unknown setting: it is one of strategy, "));
        assert!(error("sed = 7", PLAIN).contains("breaks, require_proof, cases"));
        assert_eq!(error("seed = 7, seed = 8", PLAIN), "`seed` is given twice");
        assert_eq!(
            error("memory = \"c11\"", PLAIN),
            "`memory` is \"sc\": sequential consistency is the one memory model so far"
        );
        assert_eq!(
            error("breaks = 7", PLAIN),
            "`breaks` is the name of an invariant, or a kind of failure such as \"deadlock\""
        );
        assert_eq!(
            error("breaks = \"a\\u{1}b\"", PLAIN),
            "`breaks` is a name without control characters"
        );
        assert_eq!(error("require_proof = 1", PLAIN), "`require_proof` is true or false");
        assert_eq!(error("max_seconds = \"1\"", PLAIN), "`max_seconds` is a number of seconds");
        assert_eq!(
            error("simplify_seconds = true", PLAIN),
            "`simplify_seconds` is a number of seconds"
        );
        assert_eq!(error("cases = 7", PLAIN), "a test without arguments has no inputs");
        assert_eq!(error("", "async fn t() {}"), "a test that is explored is not async");
    }

    #[cfg(not(feature = "proptest"))]
    #[test]
    fn arguments_need_the_feature() {
        let error = error("", "fn t(n: u8) {}");
        assert!(error.contains("the feature `proptest`"), "{error}");
    }

    #[cfg(feature = "proptest")]
    #[test]
    fn arguments_are_checked() {
        assert_eq!(error("", "fn t(&self) {}"), "a test is no method");
        assert_eq!(error("", "fn t((a, b): (u8, u8)) {}"), "an input has a name");
        assert_eq!(
            error("", "fn t(#[strategy] n: u8) {}"),
            "a strategy is given as `#[strategy(1..60)]`"
        );
        assert_eq!(
            error("", "fn t(#[strategy(0..1)] #[strategy(0..2)] n: u8) {}"),
            "an input has one strategy"
        );
        assert_eq!(error("cases = true", "fn t(n: u8) {}"), "`cases` is a number of inputs");
    }
}
