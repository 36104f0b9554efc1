//! The rooms of `src` and what they may import: a room imports from lower rooms and from rooms beside it,
//! never from a higher one, and no two rooms, files or folders of a room import each other.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The rooms, and how high each is.
const ROOMS: [(&str, u8); 10] = [
    ("cli", 6),
    ("server", 5),
    ("http", 4),
    ("janitor", 3),
    ("crypto", 3),
    ("store", 3),
    ("metrics", 2),
    ("config", 1),
    ("domain", 0),
    ("runtime", 0),
];

/// The table of routes. It names all handlers, and they name its paths.
const TABLE: [&str; 2] = ["http", "routes"];

/// A path of modules, without `crate`.
type Module = Vec<String>;

fn height(room: &str) -> u8 {
    let found = ROOMS.iter().find(|(name, _height)| *name == room);
    found.unwrap_or_else(|| panic!("src/{room}: add it to the rooms of this test")).1
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let (folders, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    let mut files: Vec<_> =
        files.into_iter().filter(|file| file.extension().is_some_and(|it| it == "rs")).collect();
    files.extend(folders.iter().flat_map(|folder| self::files(folder)));
    files
}

/// The code of a file: without comments, and without the tests at its end.
fn code(file: &Path) -> String {
    let text = fs::read_to_string(file).unwrap();
    let code = text.split("#[cfg(test)]").next().unwrap();
    code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// The paths that `tree` names, as in `{a::b, c::{d, e}}`, each after `prefix`.
fn leaves(prefix: &[String], tree: &str, found: &mut Vec<Module>) {
    let tree = tree.trim();
    let Some(inner) = tree.strip_prefix('{').and_then(|tree| tree.strip_suffix('}')) else {
        let (first, rest) = tree.split_once("::").unwrap_or((tree, ""));
        let name = first.split_whitespace().next().unwrap_or_default().to_owned();
        let path = [prefix, &[name]].concat();
        if rest.is_empty() {
            found.push(path);
        } else {
            leaves(&path, rest, found);
        }
        return;
    };
    let mut depth = 0;
    let branches = inner.split(|character| {
        depth += i32::from(character == '{') - i32::from(character == '}');
        character == ',' && depth == 0
    });
    branches.filter(|branch| !branch.trim().is_empty()).for_each(|it| leaves(prefix, it, found));
}

/// The modules that `code`, which is that of `module`, imports from this crate.
fn imports(module: &[String], code: &str) -> Vec<Module> {
    let starts = ["crate::", "super::"].into_iter().flat_map(|it| code.match_indices(it));
    let mut found = Vec::new();
    for (start, _) in starts.filter(|(start, _)| !code[..*start].ends_with([':', '$'])) {
        let rest = &code[start..];
        let mut depth = 0;
        let end = rest.find(|character: char| {
            depth += i32::from(character == '{') - i32::from(character == '}');
            let is_path = character.is_alphanumeric() || "_:{}".contains(character);
            depth == 0 && !is_path || depth < 0
        });
        leaves(&[], &rest[..end.unwrap_or(rest.len())], &mut found);
    }
    found.iter().map(|path| absolute(module, path)).collect()
}

fn absolute(module: &[String], path: &[String]) -> Module {
    let ups = path.iter().take_while(|name| *name == "super").count();
    let base = if ups == 0 { &[] } else { &module[..module.len() - ups] };
    let rest = path[ups.max(1)..].iter().filter(|name| *name != "self" && *name != "*");
    base.iter().chain(rest).cloned().collect()
}

/// Every import: which module has it, and what it imports.
fn all_imports() -> Vec<(Module, Module)> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let files = files(&src);
    let modules = files.iter().map(|file| {
        let path = file.strip_prefix(&src).unwrap().with_extension("");
        let module: Module = path.iter().map(|name| name.to_str().unwrap().to_owned()).collect();
        (module, code(file))
    });
    let modules = modules.filter(|(module, _code)| !["lib", "main"].contains(&&*module[0]));
    let found = modules.flat_map(|(module, code)| {
        let imports = imports(&module, &code).into_iter().filter(|import| !import.is_empty());
        imports.map(|import| (module.clone(), import)).collect::<Vec<_>>()
    });
    found.collect()
}

#[test]
fn no_room_imports_from_a_higher_one() {
    let all = all_imports();
    assert!(all.len() > 300, "{} imports found: are they read?", all.len());
    let upward: Vec<_> = all
        .iter()
        .filter(|(module, import)| height(&import[0]) > height(&module[0]))
        .map(|(module, import)| format!("{} imports {}", module.join("/"), import.join("::")))
        .collect();
    assert!(upward.is_empty(), "{upward:#?}");
}

#[test]
fn no_two_rooms_and_no_two_parts_of_a_room_import_each_other() {
    let all = all_imports();
    for parts in 1..=2 {
        let arrows: BTreeSet<(&[String], &[String])> = all
            .iter()
            .filter(|(module, import)| module.len() >= parts && import.len() >= parts)
            .map(|(module, import)| (&module[..parts], &import[..parts]))
            .filter(|(from, to)| from != to && *from != TABLE && is_module(from) && is_module(to))
            .collect();
        let mutual: Vec<_> =
            arrows.iter().filter(|(from, to)| from < to && arrows.contains(&(to, from))).collect();
        assert!(mutual.is_empty(), "they import each other: {mutual:#?}");
    }
}

fn is_module(path: &[String]) -> bool {
    let file = path.iter().fold(PathBuf::from("src"), |path, name| path.join(name));
    Path::new(env!("CARGO_MANIFEST_DIR")).join(file).with_extension("rs").is_file()
}

#[test]
fn no_file_has_more_than_300_lines() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let long: Vec<_> = ["src", "tests", "benches"]
        .iter()
        .flat_map(|folder| files(&root.join(folder)))
        .map(|file| (fs::read_to_string(&file).unwrap().lines().count(), file))
        .filter(|(lines, _file)| *lines > 300)
        .collect();
    assert!(long.is_empty(), "{long:#?}");
}
