//! Reads Prometheus' text format 0.0.4, as our library writes it, and refuses names that
//! `promtool check metrics` warns of. Our labels need no escapes, so these are refused, too.

use std::collections::BTreeMap;

/// The labels of a sample, sorted by their names.
pub(crate) type Labels = BTreeMap<String, String>;
type Parsed<T> = Result<T, String>;

/// Forbidden parts of names: metric types, and units that are abbreviated or not base units.
const BAD_PARTS: &str = "counter gauge histogram summary milliseconds microseconds nanoseconds minutes \
    hours days weeks kilobytes megabytes gigabytes bits s ms us ns sec b kb mb gb tb pb m h d";

/// All samples, by their names and labels.
#[derive(Debug, Default)]
pub(crate) struct Exposition(BTreeMap<(String, Labels), f64>);

impl Exposition {
    /// Reads a whole exposition.
    pub(crate) fn parse(text: &str) -> Parsed<Self> {
        let mut exposition = Self::default();
        let mut families = Vec::new();
        let (mut name, mut kind) = ("", "");
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            let read = if let Some(help) = line.strip_prefix("# HELP ") {
                name = help.split_once(' ').filter(|(_name, text)| !text.is_empty()).ok_or(line)?.0;
                let described = lines.next().and_then(|line| line.strip_prefix("# TYPE "));
                let described = described.and_then(|described| described.strip_prefix(name));
                kind = described.and_then(|kind| kind.strip_prefix(' ')).ok_or(line)?;
                let is_new = !families.contains(&name);
                families.push(name);
                is_new && is_good_family(name, kind)
            } else {
                exposition.read(name, kind, line).is_some()
            };
            if !read {
                return Err(line.to_owned());
            }
        }
        Ok(exposition)
    }

    /// The sample of this name with these labels.
    pub(crate) fn get<const N: usize>(&self, name: &str, labels: [(&str, &str); N]) -> Option<f64> {
        let labels = labels.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        self.0.get(&(name.to_owned(), labels)).copied()
    }

    /// The samples of this name.
    pub(crate) fn all(&self, name: &str) -> impl Iterator<Item = (&Labels, f64)> {
        let samples = self.0.iter().filter(move |((other, _labels), _value)| other == name);
        samples.map(|((_name, labels), value)| (labels, *value))
    }

    /// The values of all labels.
    pub(crate) fn label_values(&self) -> impl Iterator<Item = &str> {
        self.0.keys().flat_map(|(_name, labels)| labels.values().map(String::as_str))
    }

    /// Reads a sample of a family; `None` if it is malformed or repeats the labels of another.
    fn read(&mut self, family: &str, kind: &str, line: &str) -> Option<()> {
        let (series, value) = line.split_once(' ')?;
        let (name, labels) = match series.split_once('{') {
            Some((name, labels)) => (name, read_labels(labels.strip_suffix('}')?)?),
            None => (series, Labels::new()),
        };
        let has_bound = labels.contains_key("le");
        let is_good = match (kind, name.strip_prefix(family)?) {
            ("histogram", "_bucket") => has_bound,
            ("counter" | "gauge", "") | ("histogram", "_sum" | "_count") => !has_bound,
            _ => false,
        };
        let value = value.parse().ok().filter(|_value| is_good)?;
        self.0.insert((name.to_owned(), labels), value).is_none().then_some(())
    }
}

fn is_good_family(name: &str, kind: &str) -> bool {
    ["counter", "gauge", "histogram"].contains(&kind)
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
        && name.ends_with("_total") == (kind == "counter")
        && !["_count", "_sum", "_bucket"].iter().any(|suffix| name.ends_with(suffix))
        && !name.split('_').any(|part| BAD_PARTS.split(' ').any(|bad| bad == part))
}

fn read_labels(text: &str) -> Option<Labels> {
    let mut labels = Labels::new();
    for label in text.split(',') {
        let (name, value) = label.split_once("=\"")?;
        let value = value.strip_suffix('"').filter(|value| !value.contains(['"', '\\']))?;
        if labels.insert(name.to_owned(), value.to_owned()).is_some() {
            return None;
        }
    }
    Some(labels)
}

#[test]
fn the_parser_accepts_a_valid_exposition() {
    let text = "# HELP a_seconds One, \"quoted\".\n# TYPE a_seconds histogram\n\
                a_seconds_bucket{a=\"/{c}\",le=\"+Inf\"} 2\na_seconds_sum{a=\"/{c}\"} 1.5\n\
                # HELP c_total C.\n# TYPE c_total counter\nc_total 3\n";
    let exposition = Exposition::parse(text).unwrap();
    assert_eq!(exposition.get("a_seconds_sum", [("a", "/{c}")]), Some(1.5));
    assert_eq!(exposition.get("c_total", []), Some(3.0));
    assert_eq!(exposition.get("c", []), None);
}

#[test]
fn the_parser_refuses_invalid_expositions() {
    let read = |name, kind, samples| {
        Exposition::parse(&format!("# HELP {name} A.\n# TYPE {name} {kind}\n{samples}"))
    };
    read("a", "gauge", "").unwrap();
    for name in ["a_total", "a_count", "a_ms", "a_gauge", "A"] {
        read(name, "gauge", "").unwrap_err();
    }
    read("a", "counter", "").unwrap_err();
    read("a", "untyped", "").unwrap_err();
    read("a_total", "counter", "a_total{c=\"\"} 1\na_total{c=\"d\"} 2").unwrap();
    let wrong = "a 1;b_total 1;a_total;a_total x;a_total  1;a_total 1\na_total 1;a_total{} 1;\
                 a_total{c=\"\"} 1\na_total{c=\"\"} 2;a_total{c=\"\",c=\"\"} 1;a_total{c=\"\",} 1;\
                 a_total{c=\"\\\"} 1;a_total{c=\"} 1;a_total{le=\"1\"} 1;# TYPE a_total counter;\
                 # HELP a_total A.\n# TYPE a_total counter";
    for samples in wrong.split(';') {
        read("a_total", "counter", samples).unwrap_err();
    }
    for sample in ["a 1", "a_bucket 1", "a_sum{le=\"1\"} 1"] {
        read("a", "histogram", sample).unwrap_err();
    }
    for text in
        ["a 1", "# HELP a A.\na 1", "# HELP a \n# TYPE a gauge", "# HELP a A.\n# TYPE b gauge"]
    {
        Exposition::parse(text).unwrap_err();
    }
}
