//! The description of this API, kept by hand beside it. Tests hold it to the routes and to what is answered.

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};

const DOCUMENT: &str = include_str!("openapi.json");

/// OpenAPI 3.1, for `procura openapi`.
pub fn document() -> &'static str {
    DOCUMENT
}

/// `GET /api/v1/openapi.json`: for everybody, since it tells nothing of this server.
pub async fn show() -> Response {
    ([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], DOCUMENT).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;
    use std::collections::BTreeSet;

    fn parsed() -> Value {
        serde_json::from_str(DOCUMENT).unwrap()
    }

    #[test]
    fn the_description_names_exactly_the_routes_that_are_there() {
        let document = parsed();
        let described: BTreeSet<_> = document["paths"]
            .as_object()
            .unwrap()
            .iter()
            .flat_map(|(path, methods)| {
                methods.as_object().unwrap().keys().map(move |method| format!("{method} {path}"))
            })
            .collect();
        let there: BTreeSet<_> =
            super::super::routes().into_iter().map(|(method, path, _)| format!("{method} {path}")).collect();
        assert_eq!(described, there);
    }

    #[test]
    fn every_reference_leads_somewhere_and_every_path_parameter_is_described() {
        let document = parsed();
        let mut open = vec![&document];
        while let Some(value) = open.pop() {
            match value {
                Value::Object(members) => {
                    if let Some(target) = members.get("$ref") {
                        let pointer = target.as_str().unwrap().strip_prefix('#').unwrap();
                        assert!(document.pointer(pointer).is_some(), "{pointer}");
                    }
                    open.extend(members.values());
                }
                Value::Array(values) => open.extend(values),
                _ => {}
            }
        }
        for (path, methods) in document["paths"].as_object().unwrap() {
            let wanted = path.matches('{').count();
            for (method, operation) in methods.as_object().unwrap() {
                let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
                let described = parameters.iter().filter(|parameter| parameter["in"] == "path").count();
                assert_eq!(described, wanted, "{method} {path}");
            }
        }
    }
}
