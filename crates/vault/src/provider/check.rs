//! Whether a descriptor is whole: each rule a small function, each wrong a sentence.

use super::{AuthKind, IdentitySource, Provider, plain};
use base::is_deceptive;
use std::collections::HashSet;
use url::Url;

const LONGEST_TEXT: usize = 90;
const LONGEST_NAME: usize = 60;

/// Everything that is wrong.
pub(super) fn wrongs(provider: &Provider) -> Vec<String> {
    let mut wrongs = Vec::new();
    let mut demand = |is_so: bool, sentence: &str| {
        if !is_so {
            wrongs.push(sentence.to_owned());
        }
    };
    let is_id = |id: &str| {
        !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    };
    demand(is_id(&provider.id), "id: has lowercase letters, digits and -");
    demand(
        is_line(&provider.name, LONGEST_NAME),
        "name: is a line of at most 60 characters, each of which can be seen",
    );
    demand(
        provider.auth.inputs.iter().all(|input| is_line(&input.text, LONGEST_TEXT)),
        "inputs: each says what it is in a line of words",
    );
    demand(is_https(&provider.docs), "docs: is an https address");
    demand(!provider.hosts.is_empty(), "hosts: name at least one");
    let is_named = |host: &String| is_host(host) || provider.is_plain(host);
    demand(provider.hosts.iter().all(is_named), "hosts: are names, with *. in front for one label");
    demand(
        provider.base_path.is_empty() || (provider.base_path.starts_with('/') && !provider.base_path.ends_with('/')),
        "base_path: begins with / and does not end with it",
    );
    demand(inputs_fit(provider), "inputs: every {name} has one, and every one is used");
    check_auth(provider, &mut demand);
    check_identity(provider, &mut demand);
    check_scopes(provider, &mut demand);
    wrongs
}

fn check_auth(provider: &Provider, demand: &mut impl FnMut(bool, &str)) {
    let auth = &provider.auth;
    let urls = [&auth.authorize_url, &auth.token_url, &auth.revoke_url, &auth.issuer];
    let is_safe = |url: &String| is_https(url) || plain::host_of(url).is_some_and(|host| provider.is_plain(&host));
    demand(urls.into_iter().flatten().all(is_safe), "auth: its addresses are https");
    let is_oauth = auth.kind.is_oauth();
    demand(is_oauth == auth.authorize_url.is_some(), "auth.authorize_url: is there for OAuth alone");
    demand(is_oauth == auth.token_url.is_some(), "auth.token_url: is there for OAuth alone");
    demand(is_oauth == auth.client_auth.is_some(), "auth.client_auth: is there for OAuth alone");
    demand(auth.issuer.is_some() || auth.kind != AuthKind::Oidc, "auth.issuer: is missing for oidc");
    demand(is_oauth || auth.issuer.is_none(), "auth.issuer: is there for OAuth alone");
    let is_place = |place: &str| {
        place.split_once(':').is_some_and(|(kind, name)| matches!(kind, "header" | "query") && !name.is_empty())
    };
    demand(
        (auth.kind == AuthKind::ApiKey) == auth.place.is_some() && auth.place.as_deref().is_none_or(is_place),
        "auth.place: is header:NAME or query:NAME, for API keys alone",
    );
    let is_pointer = |path: &Option<String>| path.as_deref().is_none_or(|path| path.starts_with('/'));
    let paths = &auth.response;
    let all = [&paths.access_token, &paths.refresh_token, &paths.scope, &paths.expires_in, &paths.error];
    demand(all.into_iter().all(is_pointer), "auth.response: holds JSON pointers");
    let lifetimes_fit = auth.refresh.as_ref().is_none_or(|refresh| {
        refresh.default_lifetime_secs > 0 && refresh.idle_lifetime_secs.is_none_or(|secs| secs > 0)
    });
    demand(lifetimes_fit, "auth.refresh: its lifetimes are longer than nothing");
}

fn check_identity(provider: &Provider, demand: &mut impl FnMut(bool, &str)) {
    let Some(identity) = &provider.identity else {
        // A key may not say whose it is; somebody who allows something is always somebody.
        return demand(!provider.auth.kind.is_oauth(), "identity: says which account it is");
    };
    demand(
        identity.pointer.starts_with('/') && identity.label.starts_with('/'),
        "identity: its places are JSON pointers",
    );
    let is_asked = identity.source == IdentitySource::Url;
    demand(is_asked == identity.url.is_some(), "identity.url: is there when it is asked for");
    if let Some(url) = &identity.url {
        let host = url.strip_prefix("https://").and_then(|rest| rest.split(['/', '?']).next()).unwrap_or_default();
        let is_ours = provider.hosts.iter().any(|pattern| pattern == host || host_fits(pattern, host));
        let is_plain = plain::host_of(url).is_some_and(|host| provider.is_plain(&host));
        demand((is_ours && !provider.is_plain(host)) || is_plain, "identity.url: lies on one of the hosts");
    }
    let method = identity.method.as_deref();
    demand(method.is_none_or(|method| matches!(method, "GET" | "POST")), "identity.method: is GET or POST");
}

fn check_scopes(provider: &Provider, demand: &mut impl FnMut(bool, &str)) {
    let names: HashSet<&str> = provider.scopes.iter().map(|scope| scope.name.as_str()).collect();
    demand(names.len() == provider.scopes.len(), "scopes: no name stands twice");
    let implied = provider.scopes.iter().flat_map(|scope| &scope.implies);
    demand(implied.into_iter().all(|name| names.contains(name.as_str())), "scopes: what is implied is named too");
    let patterns = provider.scopes.iter().flat_map(|scope| &scope.allow);
    demand(
        patterns.into_iter().all(|text| crate::policy::Pattern::parse(text).is_some()),
        "scopes: allow holds patterns like GET /v3/events/**",
    );
    let reads_well = |text: &str| {
        is_line(text, LONGEST_TEXT) && text.chars().next().is_some_and(char::is_uppercase) && !text.ends_with('.')
    };
    demand(
        provider.scopes.iter().all(|scope| !scope.name.is_empty() && reads_well(&scope.text)),
        "scopes: each has a name and a line of words",
    );
}

/// Words on a page in which nothing hides or turns around what stands beside it (threat 174).
fn is_line(text: &str, longest: usize) -> bool {
    !text.trim().is_empty() && text.chars().count() <= longest && !text.chars().any(is_deceptive)
}

/// An https address, with `{name}` where an input goes.
fn is_https(text: &str) -> bool {
    let plain = text.replace(['{', '}'], "");
    let url = Url::parse(&plain).ok();
    url.is_some_and(|url| {
        url.scheme() == "https" && url.username().is_empty() && url.password().is_none() && url.fragment().is_none()
    })
}

fn is_host(pattern: &str) -> bool {
    let name = pattern.strip_prefix("*.").unwrap_or(pattern).replace(['{', '}'], "");
    let is_name = name
        .bytes()
        .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.' | b'_'));
    // A whole top-level domain would be everybody's.
    let labels = name.split('.').filter(|label| !label.is_empty()).count();
    is_name && (labels >= 2 || pattern.starts_with('{'))
}

/// True for the host itself, or for one label before a `*.suffix`.
pub(crate) fn host_fits(pattern: &str, host: &str) -> bool {
    match pattern.strip_prefix("*.") {
        None => pattern == host,
        Some(suffix) => host
            .strip_suffix(suffix)
            .and_then(|rest| rest.strip_suffix('.'))
            .is_some_and(|label| !label.is_empty() && !label.contains('.')),
    }
}

/// Every `{name}` has an input; an input may also be for a quirk alone.
fn inputs_fit(provider: &Provider) -> bool {
    let auth = &provider.auth;
    let names: HashSet<&str> = auth.inputs.iter().map(|input| input.name.as_str()).collect();
    let identity = provider.identity.as_ref().and_then(|identity| identity.url.as_ref());
    let verify = provider.verify.as_ref().map(|verify| &verify.path);
    let urls = [&auth.authorize_url, &auth.token_url, &auth.issuer].into_iter().flatten();
    let texts = provider.hosts.iter().chain(urls).chain(identity).chain(verify);
    let used =
        texts.flat_map(|text| text.split('{').skip(1).filter_map(|rest| rest.split_once('}').map(|(name, _)| name)));
    names.len() == auth.inputs.len() && used.into_iter().all(|name| names.contains(name))
}
