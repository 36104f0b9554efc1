//! The links between the pages: each names a file that exists, and where it has a fragment, a heading
//! of that page.

use std::collections::BTreeSet;
use std::fs;
use std::iter::once;
use std::path::{Path, PathBuf};

use crate::root;

/// The folders that have pages.
const FOLDERS: [&str; 2] = ["", "docs"];

#[test]
fn every_link_between_documents_resolves() {
    let pages: Vec<PathBuf> =
        FOLDERS.iter().flat_map(|folder| pages(&root().join(folder))).collect();
    let broken: Vec<String> = pages
        .iter()
        .flat_map(|page| links(page).into_iter().map(move |link| (page, link)))
        .filter(|(page, link)| !resolves(page, link))
        .map(|(page, link)| format!("{}: {link}", page.display()))
        .collect();
    assert!(broken.is_empty(), "{}", broken.join("\n"));
    assert!(pages.iter().map(|page| links(page).len()).sum::<usize>() > 0);
}

fn pages(folder: &Path) -> Vec<PathBuf> {
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    files.filter(|path| path.extension().is_some_and(|extension| extension == "md")).collect()
}

/// The targets of the links of a page that stay within the project.
fn links(page: &Path) -> Vec<String> {
    let text = prose(page).replace('\n', " ");
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    targets.filter(|target| !target.contains("://")).map(str::to_owned).collect()
}

fn resolves(page: &Path, link: &str) -> bool {
    let (path, fragment) = link.split_once('#').unwrap_or((link, ""));
    let target = if path.is_empty() { page.to_owned() } else { page.parent().unwrap().join(path) };
    target.exists() && (fragment.is_empty() || anchors(&target).contains(fragment))
}

/// The fragments of a page's headings, as GitHub makes them: equal headings are numbered.
fn anchors(page: &Path) -> BTreeSet<String> {
    let mut anchors = BTreeSet::new();
    for heading in lines(page).iter().filter(|line| line.starts_with('#')) {
        let text = heading.trim_start_matches('#').trim().to_lowercase().replace(' ', "-");
        let kept = |it: &char| it.is_alphanumeric() || matches!(it, '-' | '_');
        let anchor: String = text.chars().filter(kept).collect();
        let numbered = (1..).map(|number| format!("{anchor}-{number}"));
        let free = once(anchor.clone()).chain(numbered).find(|name| !anchors.contains(name));
        anchors.extend(free);
    }
    anchors
}

/// The text of a page without its code.
fn prose(page: &Path) -> String {
    let lines = lines(page).join("\n");
    lines.split('`').step_by(2).collect()
}

/// The lines of a page outside its blocks of code.
fn lines(page: &Path) -> Vec<String> {
    let text =
        fs::read_to_string(page).unwrap_or_else(|error| panic!("{}: {error}", page.display()));
    let mut is_code = false;
    let is_prose = |line: &&str| {
        let is_fence = line.trim_start().starts_with("```");
        is_code ^= is_fence;
        !is_code && !is_fence
    };
    text.lines().filter(is_prose).map(str::to_owned).collect()
}
