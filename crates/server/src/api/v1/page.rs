//! Lists, a page at a time: `limit` and `cursor` in the query, `items` and `next_cursor` in the answer.

use super::problem::Problem;
use crate::edge::body::pairs;
use serde_json::{Value, json};
use std::collections::BTreeMap;

const MOST: u32 = 100;
const USUAL: u32 = 50;

/// Which part of a list is wanted.
#[derive(Debug)]
pub struct Query {
    fields: BTreeMap<String, String>,
    pub limit: u32,
}

impl Query {
    /// Reads the query; only the named filters are known.
    pub fn read(query: Option<&str>, filters: &[&str]) -> Result<Query, Problem> {
        let unreadable = || Problem::invalid_request("the query string cannot be read");
        let mut fields = BTreeMap::new();
        for (name, value) in pairs(query.unwrap_or_default().as_bytes()).ok_or_else(unreadable)? {
            if !filters.contains(&name.as_str()) && !matches!(name.as_str(), "limit" | "cursor") {
                return Err(Problem::invalid_request("the query string has an unknown parameter"));
            }
            if value.contains('\0') || fields.insert(name, value).is_some() {
                return Err(unreadable());
            }
        }
        let limit = match fields.remove("limit") {
            None => USUAL,
            Some(text) => text
                .parse()
                .ok()
                .filter(|limit| (1..=MOST).contains(limit))
                .ok_or_else(|| Problem::invalid_request("limit is between 1 and 100"))?,
        };
        Ok(Query { fields, limit })
    }

    /// A filter.
    pub fn take(&mut self, name: &str) -> Option<String> {
        self.fields.remove(name)
    }

    /// Where the last page ended; empty for the first page.
    pub fn cursor(&self) -> &str {
        self.fields.get("cursor").map_or("", String::as_str)
    }

    /// A cursor that is a row number, where lists go from the newest to the oldest.
    pub fn number_cursor(&self) -> Result<i64, Problem> {
        match self.cursor() {
            "" => Ok(i64::MAX),
            text => text.parse().map_err(|_| Problem::invalid_request("cursor is none that this list gave")),
        }
    }

    /// How many rows to read to know whether there are more.
    pub fn one_more(&self) -> u32 {
        self.limit + 1
    }

    /// The answer: at most `limit` items, and where the next page begins if there is one.
    pub fn answer<T>(&self, mut rows: Vec<T>, cursor: impl Fn(&T) -> String, item: impl Fn(&T) -> Value) -> Value {
        let has_more = rows.len() > self.limit as usize;
        rows.truncate(self.limit as usize);
        let next = rows.last().filter(|_| has_more).map(cursor);
        json!({ "items": rows.iter().map(item).collect::<Vec<_>>(), "next_cursor": next })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_ends_when_there_is_no_more() {
        let query = Query::read(Some("limit=2&cursor=b"), &[]).unwrap();
        assert_eq!((query.limit, query.cursor()), (2, "b"));
        let answer = |rows: Vec<i32>| query.answer(rows, ToString::to_string, |row| json!(row));
        assert_eq!(answer(vec![1, 2, 3]), json!({ "items": [1, 2], "next_cursor": "2" }));
        assert_eq!(answer(vec![1, 2]), json!({ "items": [1, 2], "next_cursor": null }));
        for bad in ["limit=0", "limit=101", "limit=x", "limit=1&limit=2", "page=2", "cursor=%ff"] {
            assert!(Query::read(Some(bad), &["app"]).is_err(), "{bad}");
        }
        assert!(Query::read(Some("cursor=x"), &[]).unwrap().number_cursor().is_err());
    }
}
