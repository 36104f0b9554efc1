//! A strict reader of what Prometheus reads: the text format of `OpenMetrics` 1.0, as far as it is
//! written here. What a lenient one would let pass is an error.

use std::collections::BTreeMap;

/// The labels of a sample, sorted by their names.
pub(crate) type Labels = BTreeMap<String, String>;
type Parsed<T> = Result<T, String>;

/// All samples, by their names and labels.
#[derive(Debug, Default)]
pub(crate) struct Exposition(BTreeMap<(String, Labels), f64>);

/// Samples that belong together, and what is said of them.
#[derive(Debug, Default)]
struct Family {
    name: String,
    kind: String,
    unit: Option<String>,
    has_help: bool,
    /// The buckets of each histogram, in their order.
    buckets: BTreeMap<Labels, Vec<(f64, f64)>>,
}

impl Exposition {
    /// Reads a whole exposition.
    pub(crate) fn parse(text: &str) -> Parsed<Self> {
        let body = text.strip_suffix("# EOF\n").ok_or("it does not end with # EOF")?;
        let mut exposition = Self::default();
        let mut seen = Vec::new();
        let mut family = Family::default();
        for line in body.split_terminator('\n') {
            if let Some(help) = line.strip_prefix("# HELP ") {
                exposition.close(&family)?;
                let (name, text) = help.split_once(' ').ok_or(format!("no help: {line}"))?;
                let name = named(name)?;
                if text.is_empty() || seen.contains(&name) {
                    return Err(format!("no help, or {name} comes twice"));
                }
                seen.push(name.clone());
                family = Family { name, has_help: true, ..Family::default() };
            } else if let Some(described) = line.strip_prefix("# ") {
                family.describe(described)?;
            } else {
                exposition.sample(&mut family, line)?;
            }
        }
        exposition.close(&family)?;
        Ok(exposition)
    }

    /// The sample of this name with these labels.
    pub(crate) fn get<const N: usize>(&self, name: &str, labels: [(&str, &str); N]) -> Option<f64> {
        let labels = labels.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        self.0.get(&(name.to_owned(), labels)).copied()
    }

    /// The samples of this name.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = (&'a Labels, f64)> {
        let samples = self.0.iter().filter(move |((other, _labels), _value)| other == name);
        samples.map(|((_name, labels), value)| (labels, *value))
    }

    /// The values of all labels.
    pub(crate) fn label_values(&self) -> impl Iterator<Item = &str> {
        self.0.keys().flat_map(|(_name, labels)| labels.values().map(String::as_str))
    }

    fn sample(&mut self, family: &mut Family, line: &str) -> Parsed<()> {
        let end = line.find(['{', ' ']).ok_or(format!("no sample: {line}"))?;
        let (name, rest) = (named(&line[..end])?, &line[end..]);
        let (labels, value) = labels(rest)?;
        let value = value.strip_prefix(' ').ok_or(format!("no space before the value: {line}"))?;
        let value: f64 = value.parse().map_err(|_wrong| format!("no number: {line}"))?;
        family.check(&name, &labels, value).map_err(|error| format!("{error}: {line}"))?;
        if self.0.insert((name, labels), value).is_some() {
            return Err(format!("it comes twice: {line}"));
        }
        Ok(())
    }

    /// Looks whether the histograms of a family are whole.
    fn close(&self, family: &Family) -> Parsed<()> {
        for (labels, buckets) in &family.buckets {
            let rises = buckets.is_sorted_by(|one, next| one.0 < next.0 && one.1 <= next.1);
            let last = buckets.last().filter(|(bound, _count)| bound.is_infinite());
            let count = self.0.get(&(format!("{}_count", family.name), labels.clone()));
            let sum = self.0.get(&(format!("{}_sum", family.name), labels.clone()));
            if !rises || sum.is_none() || last.map(|(_bound, count)| count) != count {
                return Err(format!("{}: no whole histogram: {buckets:?}", family.name));
            }
        }
        Ok(())
    }
}

impl Family {
    /// Reads the kind or the unit, behind the help and before the samples.
    fn describe(&mut self, described: &str) -> Parsed<()> {
        let mut words = described.split(' ');
        let [what, name, value] = [(); 3].map(|()| words.next().unwrap_or_default());
        let is_mine = self.has_help && name == self.name && words.next().is_none();
        match what {
            "TYPE" if is_mine && self.kind.is_empty() => {
                if !["counter", "gauge", "histogram"].contains(&value) {
                    return Err(format!("no kind: {described}"));
                }
                value.clone_into(&mut self.kind);
            }
            "UNIT" if is_mine && self.unit.is_none() && !self.kind.is_empty() => {
                if !name.ends_with(&format!("_{value}")) {
                    return Err(format!("the unit is not in the name: {described}"));
                }
                self.unit = Some(value.to_owned());
            }
            _ => return Err(format!("out of place: {described}")),
        }
        Ok(())
    }

    /// Looks whether a sample belongs here, and is of the right kind.
    fn check(&mut self, name: &str, labels: &Labels, value: f64) -> Parsed<()> {
        let suffix = name.strip_prefix(&self.name).ok_or("another family's")?;
        let is_count = value >= 0.0 && value.fract() == 0.0;
        let is_good = match (self.kind.as_str(), suffix) {
            ("counter", "_total") | ("histogram", "_count") => is_count,
            ("gauge", "") => value.is_finite(),
            ("histogram", "_sum") => value >= 0.0,
            ("histogram", "_bucket") => {
                let mut labels = labels.clone();
                let bound = labels.remove("le").ok_or("no bound")?;
                let bound = if bound == "+Inf" { "inf" } else { &bound };
                let bound = bound.parse().map_err(|_wrong| "no bound")?;
                self.buckets.entry(labels).or_default().push((bound, value));
                is_count
            }
            _ => false,
        };
        if is_good && (suffix == "_bucket" || !labels.contains_key("le")) {
            Ok(())
        } else {
            Err("not of its kind".to_owned())
        }
    }
}

/// A name of a metric or of a label.
fn named(name: &str) -> Parsed<String> {
    let is_good = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
        && name.starts_with(|first: char| first.is_ascii_lowercase());
    if is_good { Ok(name.to_owned()) } else { Err(format!("no name: {name}")) }
}

/// The labels that a text begins with, if there are any, and its rest.
fn labels(text: &str) -> Parsed<(Labels, &str)> {
    let mut labels = Labels::new();
    let Some(mut rest) = text.strip_prefix('{') else { return Ok((labels, text)) };
    loop {
        let (name, quoted) = rest.split_once("=\"").ok_or(format!("no label: {rest}"))?;
        let (value, behind) = unquote(quoted)?;
        if labels.insert(named(name)?, value).is_some() {
            return Err(format!("a label comes twice: {name}"));
        }
        match behind.split_at_checked(1) {
            Some(("}", behind)) => return Ok((labels, behind)),
            Some((",", behind)) => rest = behind,
            _ => return Err(format!("no end of the labels: {behind}")),
        }
    }
}

/// A value up to its closing quotation mark, and what is behind that.
fn unquote(text: &str) -> Parsed<(String, &str)> {
    let (mut value, mut characters) = (String::new(), text.chars());
    loop {
        match characters.next() {
            Some('"') => return Ok((value, characters.as_str())),
            Some('\\') => value.push(match characters.next() {
                Some('n') => '\n',
                Some(escaped @ ('\\' | '"')) => escaped,
                other => return Err(format!("no escape: {other:?}")),
            }),
            Some(character) => value.push(character),
            None => return Err("no end of a value".to_owned()),
        }
    }
}

#[test]
fn the_reader_takes_what_is_right() {
    let text = "# HELP a_seconds One, \"quoted\".\n# TYPE a_seconds histogram\n\
                # UNIT a_seconds seconds\na_seconds_sum{b=\"c\\\"\\\\\\n\"} 1.5\n\
                a_seconds_count{b=\"c\\\"\\\\\\n\"} 2\na_seconds_bucket{le=\"1.0\",b=\"c\\\"\\\\\\n\"} 1\n\
                a_seconds_bucket{le=\"+Inf\",b=\"c\\\"\\\\\\n\"} 2\n\
                # HELP d D.\n# TYPE d counter\nd_total 3\n# EOF\n";
    let exposition = Exposition::parse(text).unwrap();
    assert_eq!(exposition.get("a_seconds_sum", [("b", "c\"\\\n")]), Some(1.5));
    assert_eq!(exposition.get("d_total", []), Some(3.0));
    assert_eq!(exposition.get("d", []), None);
}

#[test]
fn the_reader_takes_nothing_else() {
    let counter = |samples: &str| format!("# HELP a A.\n# TYPE a counter\n{samples}# EOF\n");
    let histogram = |samples: &str| format!("# HELP a A.\n# TYPE a histogram\n{samples}# EOF\n");
    let wrong = [
        "a 1\n".to_owned(),
        "# TYPE a counter\na_total 1\n# EOF\n".to_owned(),
        "# HELP a A.\na_total 1\n# EOF\n".to_owned(),
        "# HELP a A.\n# TYPE b counter\n# EOF\n".to_owned(),
        "# HELP a A.\n# TYPE a counter\n# UNIT a bytes\n# EOF\n".to_owned(),
        counter("a 1\n"),
        counter("b_total 1\n"),
        counter("a_total -1\n"),
        counter("a_total 1.5\n"),
        counter("a_total x\n"),
        counter("a_total  1\n"),
        counter("a_total 1 \n"),
        counter("\n"),
        counter("a_total 1\na_total 1\n"),
        counter("a_total{b=\"c\"} 1\na_total{b=\"c\"} 2\n"),
        counter("a_total{b=\"c\",b=\"d\"} 1\n"),
        counter("a_total{b=\"c\",} 1\n"),
        counter("a_total{b=\"\\c\"} 1\n"),
        counter("a_total{b=\"c} 1\n"),
        counter("a_total{} 1\n"),
        counter("a_total 1\n# HELP a A.\n"),
        histogram("a_sum 1\na_count 2\na_bucket{le=\"1\"} 2\n"),
        histogram("a_sum 1\na_count 2\na_bucket{le=\"+Inf\"} 1\n"),
        histogram("a_count 2\na_bucket{le=\"+Inf\"} 2\n"),
        histogram("a_sum 1\na_count 2\na_bucket{le=\"1\"} 3\na_bucket{le=\"+Inf\"} 2\n"),
        histogram(
            "a_sum 1\na_count 2\na_bucket{le=\"2\"} 1\na_bucket{le=\"1\"} 1\na_bucket{le=\"+Inf\"} 2\n",
        ),
    ];
    for text in wrong {
        assert!(Exposition::parse(&text).is_err(), "{text}");
    }
}
