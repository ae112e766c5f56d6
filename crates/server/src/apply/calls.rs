//! The `[[managed_secret]]` and `[[policy]]` tables of a manifest: secrets that are used through the proxy, and what calls need.

use super::Server;
use super::manifest::{PolicyTable, SecretTable};
use super::sources::Sources;
use net::Door;
use vault::policy::{Need, RuleWish};
use vault::secret::{self, Inject, SecretWish};

/// A secret as a manifest declares it.
pub(super) struct PlannedSecret {
    pub(super) place: usize,
    pub(super) app: String,
    pub(super) wish: SecretWish,
}

/// A rule as a manifest declares it.
pub(super) struct PlannedRule {
    pub(super) place: usize,
    pub(super) app: String,
    pub(super) wish: RuleWish,
}

/// What a table asks for. The error names the field.
pub(super) fn planned_secret(
    place: usize,
    table: SecretTable,
    sources: &Sources<'_>,
    server: &Server<'_>,
) -> Result<PlannedSecret, (&'static str, String)> {
    let inject = Inject::parse(&table.inject);
    let wish = SecretWish {
        slug: table.slug,
        name: table.name,
        inject: inject.ok_or(("inject", "is header:NAME, query:NAME, bearer or basic".to_owned()))?,
        hosts: table.hosts,
        template: table.template,
        credential: sources.secret(&table.credential).map_err(|why| ("credential", why))?,
    };
    let door = Door::new(server.allow.to_vec());
    match secret::check(&wish, |host| door.names_host(host)) {
        Ok(()) => Ok(PlannedSecret { place, app: table.app, wish }),
        Err(vault::Error::Refused(refusal)) => {
            let named = refusal.extra.get("field").and_then(serde_json::Value::as_str);
            let field = ["name", "hosts", "credential"].into_iter().find(|field| Some(*field) == named);
            Err((field.unwrap_or("slug"), refusal.message.to_owned()))
        }
        Err(vault::Error::Fault(fault)) => Err(("slug", fault.cause().to_owned())),
    }
}

/// What a table asks for. The error names the field.
pub(super) fn planned_rule(place: usize, table: PolicyTable) -> Result<PlannedRule, (&'static str, String)> {
    let need = match (table.kind.as_str(), table.times, table.per_secs) {
        ("allow", None, None) => Need::Allow,
        ("deny", None, None) => Need::Deny,
        ("require_approval", None, None) => Need::RequireApproval,
        ("limit", Some(times), Some(per_secs)) if times > 0 && per_secs > 0 => Need::Limit { times, per_secs },
        ("limit", ..) => return Err(("times", "a limit has times and per_secs above zero".to_owned())),
        ("allow" | "deny" | "require_approval", ..) => {
            return Err(("times", "only a limit has times and per_secs".to_owned()));
        }
        _ => return Err(("kind", "is allow, deny, require_approval or limit".to_owned())),
    };
    let wish = RuleWish {
        provider: table.provider,
        agent: None,
        grant: None,
        made_by: "operator",
        need,
        matches: table.matches,
    };
    Ok(PlannedRule { place, app: table.app, wish })
}
