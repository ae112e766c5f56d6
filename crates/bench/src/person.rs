//! Somebody who registers with a passkey and says yes once, so that codes come silently from then on.

use crate::answer::{member, text, words};
use crate::passkey;
use crate::scenario::{Alg, VERIFIER};
use crate::server::Server;
use crate::wire::{Template, Wire};
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, LOCATION, ORIGIN, SET_COOKIE};
use http::{Method, Response, StatusCode};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A signed-in browser.
pub struct Person {
    wire: Wire,
    host: String,
    cookies: BTreeMap<String, String>,
    pub sub: String,
}

impl Person {
    /// Makes an account, by the endpoints that the page's script uses.
    pub async fn register(server: &Server) -> Result<Person, String> {
        let wire = Wire::open(server.address()).await?;
        let mut person = Person { wire, host: server.host(), cookies: BTreeMap::new(), sub: String::new() };
        let start = person.post_json("/api/register/start", &json!({ "handle": "bench" })).await?;
        let complete = json!({
            "tempUserId": words(&start, "/tempUserId"),
            "credential": passkey::create(start.get("options").ok_or("registering: there are no options")?, &format!("http://{}", person.host))?,
            "identity": { "displayName": "Bench", "handle": "bench" },
            "device": { "name": "Bench", "type": "computer" },
        });
        let answer = person.post_json("/api/register/complete", &complete).await?;
        words(&answer, "/identity/id").ok_or("registering: there is no identity")?.clone_into(&mut person.sub);
        Ok(person)
    }

    /// Allows the app what every later request of it will ask.
    pub async fn allow(&mut self, alg: Alg) -> Result<(), String> {
        self.say_yes(&alg.signin_path()).await.map(|_| ())
    }

    /// Lets the app use what it offers; gives the subject token of later exchanges.
    pub async fn connect(&mut self, alg: Alg) -> Result<String, String> {
        let code = self.say_yes(&alg.connect_path()).await?;
        let body = format!(
            "grant_type=authorization_code&code={code}&redirect_uri=https%3A%2F%2Fbench.example%2Fcallback&code_verifier={VERIFIER}"
        );
        let asked = Template::form(&self.host, "/api/oauth/token")?.header(AUTHORIZATION, &alg.basic())?;
        let answer = self.wire.send(asked.with(body)).await?;
        let subject = member(text(&answer)?, "\"access_token_jwt\"").ok_or("connecting: there is no subject token")?;
        Ok(subject.to_owned())
    }

    /// Opens the page and allows what it asks; gives the code.
    async fn say_yes(&mut self, path: &str) -> Result<String, String> {
        let page = self.send(Template::new(Method::GET, &self.host, path)?, Bytes::new()).await?;
        let page = String::from_utf8_lossy(page.body()).into_owned();
        let form = page
            .split("<form")
            .skip(1)
            .filter_map(|rest| rest.split("</form>").next())
            .find(|form| form.contains("name=\"decision\""));
        let form = form.ok_or_else(|| format!("the consent page is none: {page}"))?;
        let inputs = form
            .split("<input")
            .skip(1)
            .filter_map(|rest| rest.split('>').next())
            .filter(|input| input.contains("type=\"hidden\""));
        let hidden =
            inputs.filter_map(|input| Some(format!("{}={}&", attribute(input, "name")?, attribute(input, "value")?)));
        let body = hidden.collect::<String>() + "decision=allow";
        let asked = Template::form(&self.host, "/signin/decision")?.header(ORIGIN, &format!("http://{}", self.host))?;
        let answer = self.send(asked, body.into()).await?;
        let location = answer.headers().get(LOCATION).and_then(|place| place.to_str().ok()).unwrap_or_default();
        let code = location.split(['?', '&']).find_map(|pair| pair.strip_prefix("code="));
        code.map(str::to_owned).ok_or_else(|| format!("allowing: {} {location}", answer.status()))
    }

    /// What the browser sends along.
    pub fn cookie(&self) -> String {
        self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    async fn post_json(&mut self, path: &str, body: &Value) -> Result<Value, String> {
        let asked = Template::new(Method::POST, &self.host, path)?.header(CONTENT_TYPE, "application/json")?;
        let asked = asked.header(ORIGIN, &format!("http://{}", self.host))?;
        let answer = self.send(asked, body.to_string().into()).await?;
        if answer.status() != StatusCode::OK {
            return Err(format!("{path}: {} {}", answer.status(), String::from_utf8_lossy(answer.body())));
        }
        serde_json::from_slice(answer.body()).map_err(|cause| format!("{path}: {cause}"))
    }

    async fn send(&mut self, asked: Template, body: Bytes) -> Result<Response<Bytes>, String> {
        let asked = if self.cookies.is_empty() { asked } else { asked.header(COOKIE, &self.cookie())? };
        let answer = self.wire.send(asked.with(body)).await?;
        for line in answer.headers().get_all(SET_COOKIE) {
            let pair = line.to_str().ok().and_then(|line| line.split(';').next()?.split_once('='));
            if let Some((name, value)) = pair {
                self.cookies.insert(name.trim().to_owned(), value.to_owned());
            }
        }
        Ok(answer)
    }
}

/// An attribute of a tag of our own pages, whose quoting is always the same.
fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    tag.split_once(&format!(" {name}=\""))?.1.split('"').next()
}
