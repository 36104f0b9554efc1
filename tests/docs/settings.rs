//! The tables of `docs/settings.md`, made from `config/default.toml`: a heading for each section, and
//! a row for each key with its default and the comment above it.

use std::{env, fs};

use crate::root;

/// The tables stand between these lines of the page.
const BEGIN: &str =
    "<!-- The tables are made from config/default.toml: UPDATE_DOCS=1 cargo test --test docs -->\n";
const END: &str = "<!-- end of the tables -->\n";
const HEADER: &str = "| key | default | meaning |\n| --- | --- | --- |\n";

#[test]
fn the_settings_reference_is_current() {
    let page = root().join("docs/settings.md");
    let written = fs::read_to_string(&page).unwrap();
    let (before, rest) = written.split_once(BEGIN).expect("a line where the tables begin");
    let (_tables, after) = rest.split_once(END).expect("a line where they end");
    let defaults = fs::read_to_string(root().join("config/default.toml")).unwrap();
    let current = [before, BEGIN, &tables(&defaults), END, after].concat();
    if env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&page, current).unwrap();
    } else {
        assert!(written == current, "outdated: run `UPDATE_DOCS=1 cargo test --test docs`");
    }
}

fn tables(defaults: &str) -> String {
    let first = defaults.find("\n[").expect("a section") + 1;
    let (mut tables, mut comment) = (Vec::new(), Vec::new());
    for line in defaults[first..].lines() {
        if let Some(text) = line.strip_prefix("# ") {
            comment.push(text);
        } else if let Some(section) = line.strip_prefix('[').and_then(|it| it.strip_suffix(']')) {
            tables.push(format!("\n## {section}\n\n{HEADER}"));
        } else if let Some((key, default)) = line.split_once(" = ") {
            assert!(!comment.is_empty(), "{key} has no comment");
            let meaning = comment.join(" ").replace('|', "\\|");
            tables.push(format!("| `{key}` | `{default}` | {meaning} |\n"));
            comment.clear();
        } else {
            assert!(
                line.is_empty() && comment.is_empty(),
                "neither comment, section nor key: {line}"
            );
        }
    }
    tables.push("\n".to_owned());
    tables.concat()
}
