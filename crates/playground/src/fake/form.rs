//! Parameters of a query or a form, each at most once (RFC 6749 §3.1, §3.2).

use std::collections::HashMap;

#[derive(Debug, Default)]
pub(super) struct Form(HashMap<String, String>);

/// A parameter stands there twice.
#[derive(Debug)]
pub(super) struct Twice;

impl Form {
    pub(super) fn read(text: &[u8]) -> Result<Form, Twice> {
        let mut form = Form::default();
        for (name, value) in url::form_urlencoded::parse(text) {
            if form.0.insert(name.into_owned(), value.into_owned()).is_some() {
                return Err(Twice);
            }
        }
        Ok(form)
    }

    /// A parameter without a value counts as left out (RFC 6749 §3.1).
    pub(super) fn find(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// A number that must not be above `most`. Nothing when it is no number or too large.
    pub(super) fn number(&self, name: &str, usual: u64, most: u64) -> Option<u64> {
        self.find(name).map_or(Some(usual), |text| text.parse().ok()).filter(|number| *number <= most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_stands_once_and_an_empty_one_not_at_all() {
        let form = Form::read(b"a=1&b=&c=x+y%21").unwrap();
        assert_eq!(
            (form.find("a"), form.find("b"), form.find("c"), form.find("d")),
            (Some("1"), None, Some("x y!"), None)
        );
        assert!(Form::read(b"a=1&a=1").is_err());
        assert_eq!((form.number("a", 9, 9), form.number("d", 9, 9), form.number("a", 9, 0)), (Some(1), Some(9), None));
        assert_eq!(form.number("c", 9, 9), None);
    }
}
