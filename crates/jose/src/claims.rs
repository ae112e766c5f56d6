//! The claims of a token whose signature, kind and times have been checked.

use serde_json::{Map, Value};

/// Verified claims. Only [`crate::verify`] makes them.
#[derive(Debug, Clone, PartialEq)]
pub struct Claims(Map<String, Value>);

impl Claims {
    pub(crate) fn new(members: Map<String, Value>) -> Claims {
        Claims(members)
    }

    /// A claim, whatever it holds.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// A claim that is a text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name)?.as_str()
    }

    /// A claim that is an integer: `1.0` and `"1"` are not.
    pub fn int(&self, name: &str) -> Option<i64> {
        self.get(name)?.as_i64()
    }

    /// The audiences: the one text of `aud`, or each of its array.
    pub fn audiences(&self) -> impl Iterator<Item = &str> {
        audiences(&self.0)
    }

    /// All of them.
    pub fn into_map(self) -> Map<String, Value> {
        self.0
    }
}

pub(crate) fn audiences(members: &Map<String, Value>) -> impl Iterator<Item = &str> {
    let aud = members.get("aud");
    let many = aud.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    aud.and_then(Value::as_str).into_iter().chain(many)
}
