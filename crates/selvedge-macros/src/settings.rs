//! What is between the brackets of the attribute.

use proc_macro2::TokenStream;
use quote::quote;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Error, Ident, Lit, LitBool, LitInt, LitStr, Token};

/// The settings that are methods of `Explorer`.
const METHODS: [&str; 8] = [
    "strategy",
    "seed",
    "max_executions",
    "max_steps",
    "max_preemptions",
    "keep_going",
    "workers",
    "name",
];

const OTHERS: [&str; 7] =
    ["max_seconds", "simplify_seconds", "memory", "time", "breaks", "require_proof", "cases"];

/// The settings that leave a part of the search out.
const BOUNDS: [&str; 3] = ["max_executions", "max_seconds", "max_preemptions"];

/// The settings of a test.
#[derive(Default)]
pub(crate) struct Settings {
    /// Calls of methods of `Explorer`.
    pub(crate) calls: Vec<TokenStream>,
    pub(crate) breaks: Option<LitStr>,
    pub(crate) require_proof: Option<LitBool>,
    pub(crate) cases: Option<LitInt>,
    /// It is bounded, and so is not to be proved.
    pub(crate) bounded: bool,
}

impl Parse for Settings {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let list = Punctuated::<Setting, Token![,]>::parse_terminated(input)?;
        let mut settings = Settings::default();
        let mut given: Vec<String> = Vec::new();
        for Setting { name, value } in list {
            let text = name.to_string();
            if given.contains(&text) {
                return Err(Error::new(name.span(), format!("`{name}` is given twice")));
            }
            settings.set(&name, &text, value)?;
            given.push(text);
        }
        Ok(settings)
    }
}

impl Settings {
    fn set(&mut self, name: &Ident, text: &str, value: Lit) -> syn::Result<()> {
        let wrong = |what: &str| Err(Error::new(value.span(), format!("`{name}` is {what}")));
        self.bounded |= BOUNDS.contains(&text);
        match (text, &value) {
            ("breaks", Lit::Str(value)) if value.value().contains(char::is_control) => {
                return wrong("a name without control characters");
            }
            ("breaks", Lit::Str(value)) => self.breaks = Some(value.clone()),
            ("breaks", _) => {
                return wrong(
                    "the name of an invariant, or a kind of failure such as \"deadlock\"",
                );
            }
            ("require_proof", Lit::Bool(value)) => self.require_proof = Some(value.clone()),
            ("require_proof", _) => return wrong("true or false"),
            ("cases", Lit::Int(value)) => self.cases = Some(value.clone()),
            ("cases", _) => return wrong("a number of inputs"),
            ("memory", Lit::Str(model)) if model.value() == "sc" => {}
            ("memory", _) => {
                return wrong("\"sc\": sequential consistency is the one memory model so far");
            }
            ("time", Lit::Str(time)) if time.value() == "untimed" => {
                self.calls.push(quote!(.time(::selvedge::core::time::Time::Untimed)));
            }
            ("time", Lit::Str(time)) if time.value() == "virtual" => {
                self.calls.push(quote!(.time(::selvedge::core::time::Time::Virtual)));
            }
            ("time", _) => return wrong("\"untimed\" or \"virtual\""),
            ("max_seconds", Lit::Int(_) | Lit::Float(_)) => self.calls.push(quote! {
                .max_duration(::core::time::Duration::from_secs_f64(#value as f64))
            }),
            ("simplify_seconds", Lit::Int(_) | Lit::Float(_)) => self.calls.push(quote! {
                .simplify_for(::core::time::Duration::from_secs_f64(#value as f64))
            }),
            ("max_seconds" | "simplify_seconds", _) => return wrong("a number of seconds"),
            (method, _) if METHODS.contains(&method) => self.calls.push(quote!(.#name(#value))),
            _ => {
                let known: Vec<&str> = METHODS.into_iter().chain(OTHERS).collect();
                let message = format!("unknown setting: it is one of {}", known.join(", "));
                return Err(Error::new(name.span(), message));
            }
        }
        Ok(())
    }
}

/// `name = value`.
struct Setting {
    name: Ident,
    value: Lit,
}

impl Parse for Setting {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let name = input.parse()?;
        input.parse::<Token![=]>()?;
        Ok(Setting { name, value: input.parse()? })
    }
}
