//! Markdown tables of results: medians, and ratios with their spread.

/// A table with these headings. Empty columns are omitted.
pub(crate) struct Table {
    headings: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new(headings: &[&'static str]) -> Self {
        Self { headings: headings.to_vec(), rows: Vec::new() }
    }

    /// Adds a row: a cell for each heading.
    pub(crate) fn push(&mut self, cells: impl Into<Vec<String>>) {
        self.rows.push(cells.into());
    }

    pub(crate) fn print(&self, title: &str) {
        let is_used = |column: &usize| self.rows.iter().any(|row| !row[*column].is_empty());
        let columns: Vec<usize> = (0..self.headings.len()).filter(is_used).collect();
        let line = |cell: &dyn Fn(usize) -> String| {
            let cells: Vec<String> = columns.iter().map(|column| cell(*column)).collect();
            println!("| {} |", cells.join(" | "));
        };
        println!("\n## {title}\n");
        line(&|column| self.headings[column].to_owned());
        line(&|_column| "---:".to_owned());
        for row in &self.rows {
            line(&|column| row[column].clone());
        }
    }
}

/// The middle value; the greater of the two for an even number of values.
pub(crate) fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The median, the minimum and the maximum, as in `0.61 (0.58–0.64)`; empty without values.
pub(crate) fn spread(values: &[f64]) -> String {
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let greatest = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    match values {
        [] => String::new(),
        values => {
            let median = median(values.iter().copied());
            format!("{median:.2} ({least:.2}–{greatest:.2})")
        }
    }
}

/// A whole number in groups of three digits, as in `10 000 000`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> = digits
        .as_bytes()
        .rchunks(3)
        .rev()
        .map(|group| std::str::from_utf8(group).unwrap_or_default())
        .collect();
    groups.join(" ")
}
