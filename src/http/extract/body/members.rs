//! The members of a JSON object, each as the text of its value. Nothing is copied but their names, so a
//! body takes no more memory than it has bytes, whatever it holds.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The most members of an object: more than any request has.
pub(super) const MEMBERS: usize = 16;

/// The members of an object in their order, doubled ones too.
pub(super) struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'a> Members<'a> {
    /// Takes out those of this name; returns the first, and whether there were more.
    pub(super) fn take(&mut self, name: &str) -> (Option<&'a str>, bool) {
        let mut found = self.0.extract_if(.., |(member, _)| member == name);
        (found.next().map(|(_, value)| value.get()), found.count() > 0)
    }

    /// Whether there is none, or none left.
    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an object with at most {MEMBERS} members")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
        let mut members = Members(Vec::new());
        while let Some(member) = map.next_entry()? {
            if members.0.len() == MEMBERS {
                return Err(A::Error::invalid_length(MEMBERS + 1, &self));
            }
            members.0.push(member);
        }
        Ok(members)
    }
}
