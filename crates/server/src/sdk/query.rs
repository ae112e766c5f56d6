//! The fields of a query string, each of them once.

use crate::edge::alter::SdkError;
use crate::edge::body::pairs;
use std::collections::BTreeMap;
use vault::Code;

/// The fields, by name. What nobody asks for is ignored.
pub struct Fields(BTreeMap<String, String>);

impl Fields {
    /// Reads the query string.
    pub fn read(query: Option<&str>) -> Result<Fields, SdkError> {
        let unreadable = || SdkError::new(Code::InvalidRequest, "the query string cannot be read");
        let mut fields = BTreeMap::new();
        for (name, value) in pairs(query.unwrap_or_default().as_bytes()).ok_or_else(unreadable)? {
            if name.contains('\0') || value.contains('\0') || fields.insert(name, value).is_some() {
                return Err(unreadable());
            }
        }
        Ok(Fields(fields))
    }

    /// A text that may be absent.
    pub fn text(&mut self, name: &str) -> Option<String> {
        self.0.remove(name)
    }

    /// A whole number that may be absent.
    pub fn number(&mut self, name: &str) -> Result<Option<i64>, SdkError> {
        let read =
            |text: String| text.parse().map_err(|_| SdkError::invalid(name, "a field of the query is no whole number"));
        self.0.remove(name).map(read).transpose()
    }

    /// True or false; absent is false.
    pub fn flag(&mut self, name: &str) -> Result<bool, SdkError> {
        match self.0.remove(name).as_deref() {
            None | Some("false" | "False" | "0") => Ok(false),
            Some("true" | "True" | "1") => Ok(true),
            Some(_) => Err(SdkError::invalid(name, "a field of the query is neither true nor false")),
        }
    }

    /// Which part of a list is wanted: how many, and after how many.
    pub fn page(&mut self, usual: u32, most: u32) -> Result<(u32, u32), SdkError> {
        let limit = self.number("limit")?.unwrap_or(i64::from(usual));
        let offset = self.number("offset")?.unwrap_or(0);
        let limit = u32::try_from(limit).ok().filter(|limit| (1..=most).contains(limit));
        let limit = limit.ok_or_else(|| SdkError::invalid("limit", "limit is out of range"))?;
        let offset = u32::try_from(offset).map_err(|_| SdkError::invalid("offset", "offset is out of range"))?;
        Ok((limit, offset))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_out_of_range_or_said_twice_is_refused() {
        assert_eq!(Fields::read(Some("limit=5&offset=2")).unwrap().page(100, 500).unwrap(), (5, 2));
        assert_eq!(Fields::read(None).unwrap().page(100, 500).unwrap(), (100, 0));
        for bad in ["limit=0", "limit=501", "limit=x", "offset=-1", "limit=99999999999999999999"] {
            assert!(Fields::read(Some(bad)).unwrap().page(100, 500).is_err(), "{bad}");
        }
        for bad in ["a=1&a=2", "a=%00", "a=%ff", "%zz"] {
            assert!(Fields::read(Some(bad)).is_err(), "{bad}");
        }
        assert!(Fields::read(Some("force=maybe")).unwrap().flag("force").is_err());
    }
}
