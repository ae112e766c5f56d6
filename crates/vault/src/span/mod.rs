//! What clients tell of their runs (`connect-wire.md` 2.7.5): kept as it came, the newest of each app, for its developers alone.

mod rows;

use crate::{Caller, Code, Error, Result, Vault, refuse};
use serde_json::{Map, Value};

/// So many are kept of one app.
const KEPT: u32 = 10_000;
const MOST_AT_ONCE: usize = 50;
const LONGEST: usize = 16 << 10;

/// A span with what tells it apart.
#[derive(Debug, Clone)]
struct Span {
    trace: String,
    /// Absent: it is told apart by nothing.
    id: Option<String>,
    body: String,
}

impl Vault {
    /// Keeps spans; those that are known already are absorbed. Gives how many were new.
    pub async fn keep_spans(&self, caller: &Caller, sent: Vec<Map<String, Value>>) -> Result<u64> {
        if !(1..=MOST_AT_ONCE).contains(&sent.len()) {
            return Err(refuse(Code::InvalidRequest, "spans holds 1 to 50 of them"));
        }
        let spans: Vec<Span> = sent.into_iter().map(Span::read).collect::<Result<_>>()?;
        let (vault, app) = (self.clone(), caller.app.clone());
        self.store
            .write_again(move |tx| {
                let mut new = 0;
                for span in &spans {
                    let number = vault.seams.number()?;
                    let id = span.id.clone().unwrap_or_else(|| format!("-{number:016x}"));
                    new += u64::from(rows::insert(tx, number, &app, span, &id)?);
                }
                rows::keep_newest(tx, &app, KEPT)?;
                Ok::<_, Error>(new)
            })
            .await
    }
}

impl Span {
    fn read(members: Map<String, Value>) -> Result<Span> {
        let refused = |field: &'static str| refuse(Code::InvalidRequest, "a span cannot be read").with("field", field);
        let text = |name: &'static str, most: usize| match members.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if !text.is_empty() && text.chars().count() <= most => Ok(Some(text.clone())),
            Some(_) => Err(refused(name)),
        };
        let trace_id = text("trace_id", 255)?.ok_or_else(|| refused("trace_id"))?;
        text("name", 255)?.ok_or_else(|| refused("name"))?;
        text("start_time", 64)?.ok_or_else(|| refused("start_time"))?;
        text("end_time", 64)?;
        text("parent_span_id", 32)?;
        let span_id = text("span_id", 32)?;
        if !members.get("attributes").is_none_or(|value| value.is_object() || value.is_null()) {
            return Err(refused("attributes"));
        }
        let body = Value::Object(members).to_string();
        if body.len() > LONGEST {
            return Err(refuse(Code::InvalidRequest, "a span has at most 16 KiB"));
        }
        Ok(Span { trace: trace_id, id: span_id, body })
    }
}

pub(crate) use rows::delete_of_app;
