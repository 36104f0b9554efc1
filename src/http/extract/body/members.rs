//! The members of a JSON object, with unparsed values. Only the names are copied, so whatever a body
//! holds, its members take no more memory than it has bytes.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The maximum number of members, more than any valid request has.
pub(super) const MEMBERS: usize = 16;

/// The members of an object in their order, including repeated ones.
pub(super) struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'a> Members<'a> {
    /// Removes the members of this name. Returns the first value, and whether there were more.
    pub(super) fn take(&mut self, name: &str) -> (Option<&'a str>, bool) {
        let mut found = self.0.extract_if(.., |(member, _)| member == name);
        (found.next().map(|(_, value)| value.get()), found.count() > 0)
    }

    /// Whether no members are left.
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
