//! The token of a request (RFC 6750 §2.1): in one `Authorization` header. One in the query or the body is not looked for.

use crate::refused::Refused;
use base::Secret;
use http::HeaderMap;
use http::header::AUTHORIZATION;

/// Takes the one bearer token. The header stays for whoever passes the token on, but marked, so that logs leave it out.
pub(crate) fn token(headers: &mut HeaderMap) -> Result<Secret, Refused> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let value = values.next().ok_or(Refused::absent())?;
    if values.next().is_some() {
        return Err(Refused::request("there is more than one Authorization header"));
    }
    let token = value
        .to_str()
        .ok()
        .and_then(|text| text.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim_matches(' '))
        .filter(|token| is_b64token(token))
        .map(Secret::new)
        .ok_or(Refused::request("the Authorization header holds no bearer token"))?;
    if let Some(value) = headers.get_mut(AUTHORIZATION) {
        value.set_sensitive(true);
    }
    Ok(token)
}

/// RFC 6750 §2.1. A comma, a space or a quote would let two readers find two tokens.
fn is_b64token(text: &str) -> bool {
    let body = text.trim_end_matches('=');
    !body.is_empty() && body.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn read(values: &[&'static str]) -> Result<String, String> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(AUTHORIZATION, HeaderValue::from_static(value));
        }
        let token = token(&mut headers).map_err(|refused| refused.to_string())?;
        assert!(headers.values().all(HeaderValue::is_sensitive));
        Ok(token.reveal().to_owned())
    }

    #[test]
    fn there_is_one_bearer_token_or_none() {
        assert_eq!(read(&[]).unwrap_err(), "401 invalid_token: send a delegated token as a Bearer credential");
        let two = "400 invalid_request: there is more than one Authorization header";
        assert_eq!(read(&["Bearer a", "Bearer a"]).unwrap_err(), two);
        assert_eq!(read(&["Basic YTpi", "Bearer a"]).unwrap_err(), two);
        for value in
            ["", "Bearer", "Bearer ", "Bearer =", "Basic YTpi", "Bearera", "Bearer a b", "Bearer a, Bearer b", "a"]
        {
            let none = "400 invalid_request: the Authorization header holds no bearer token";
            assert_eq!(read(&[value]).unwrap_err(), none, "{value:?}");
        }
    }

    #[test]
    fn the_scheme_is_read_in_any_case() {
        for value in ["Bearer a.b-c_d~e+f/g==", "bearer a.b-c_d~e+f/g==", "BEARER  a.b-c_d~e+f/g== "] {
            assert_eq!(read(&[value]).unwrap(), "a.b-c_d~e+f/g==");
        }
    }
}
