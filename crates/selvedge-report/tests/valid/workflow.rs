//! A reader of the workflow files in the book.

use saphyr::{LoadableYamlNode, Yaml};

/// All strings in a workflow file, with the keys that lead to them.
#[track_caller]
pub(crate) fn strings(yaml: &str) -> Vec<(String, String)> {
    let documents = Yaml::load_from_str(yaml).expect("it is YAML");
    let mut found = Vec::new();
    collect(&documents[0], "", &mut found);
    found
}

fn collect(node: &Yaml<'_>, key: &str, found: &mut Vec<(String, String)>) {
    if let Some(text) = node.as_str() {
        found.push((key.to_owned(), text.to_owned()));
    }
    for one in node.as_vec().into_iter().flatten() {
        collect(one, key, found);
    }
    for (name, one) in node.as_mapping().into_iter().flatten() {
        collect(one, name.as_str().unwrap_or_default(), found);
    }
}
