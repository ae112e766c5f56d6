//! The developers' pages about what an app has in the vault.

use super::{APP, Sample, World, add, ago, days_ago};
use server::views::developers::*;
use server::views::*;

fn key(world: &World, is_over: bool) -> KeyLine {
    KeyLine {
        id: "0190".into(),
        name: Name::new(&world.app),
        hint: "alter_rk_gqtr".into(),
        scopes: "agents:admin grants:write proxy:execute".into(),
        kind: if is_over { "Derived" } else { "" },
        made: days_ago(200),
        last_used: is_over.then(|| ago(120)),
        ends: Some(days_ago(-3)),
        is_over,
        can_rotate: !is_over,
    }
}

fn provider(world: &World, state: &'static str) -> ProviderLine {
    ProviderLine {
        id: "google".into(),
        tile: Tile::app("google", &Name::new(&world.app), None).small(),
        name: Name::new(&world.app),
        category: "calendar",
        host: world.host.clone(),
        state,
        is_refused: !state.is_empty(),
    }
}

fn events() -> Vec<EventChoice> {
    vec![
        EventChoice { name: "grant.created", is_chosen: true },
        EventChoice { name: "grant.revoked", is_chosen: false },
    ]
}

/// Every page in every state that looks different.
pub fn add_all(world: &World, made: &mut Vec<Sample>) {
    let rail = || world.team().rail(DevelopersTab::App(APP));
    let pager = || Pager { newer: None, older: Some(Link::new("Older", "?before=1")) };
    let keys = AppKeys {
        frame: World::frame(),
        rail: rail(),
        head: world.head(AppTab::Keys),
        rows: vec![key(world, false), key(world, true)],
        fresh: Some(FreshKey { value: "alter_rk_gqtrlo4x3zgh3keo7g4v5k_qrwatk".into() }),
        name: Entry::refused(&world.sentence, "A name has 1 to 255 characters."),
        reaches_all: false,
        verbs: vec![KeyVerbs { resource: "grants", chosen: "write".into() }],
        actions: vec![("proxy:execute", true), ("tokens:retrieve", false)],
        mistake: Some("Choose at least one thing that the key may do.".into()),
        may_change: true,
    };
    add(made, "app-keys-none", &AppKeys { rows: vec![], fresh: None, may_change: false, ..keys.clone() });
    add(made, "app-keys", &keys);

    let providers = AppProviders {
        frame: World::frame(),
        rail: rail(),
        head: world.head(AppTab::Providers),
        ready: vec![provider(world, "Your credentials")],
        others: vec![provider(world, "")],
    };
    add(made, "app-providers", &providers);
    add(made, "app-providers-none", &AppProviders { ready: vec![], ..providers });
    let scope = ProviderScopeChoice {
        name: "https://www.googleapis.com/auth/calendar.readonly".into(),
        text: Name::new(&world.sentence),
        is_high: true,
        is_allowed: true,
        is_default: false,
    };
    let one = AppProvider {
        frame: World::frame(),
        rail: rail(),
        head: world.head(AppTab::Providers),
        provider: provider(world, "Your credentials"),
        docs: "https://developers.google.com/identity".into(),
        callback: "https://id.example.org/connect/callback/google".into(),
        is_oauth: true,
        is_own: true,
        refused_since: Some(days_ago(3)),
        client_id: Entry::of(&world.app),
        has_secret: true,
        client_secret: Entry::empty(),
        scopes: vec![scope],
        inputs: vec![("shop".into(), "Shop".into(), Entry::of(&world.host))],
        mistake: Some("inputs: shop is not of its form".into()),
        tested: Some(("It does not know these credentials (invalid_client).".into(), false)),
        may_change: true,
    };
    add(made, "app-provider", &one);
    add(made, "app-provider-key", &AppProvider { is_oauth: false, is_own: false, tested: None, ..one });

    let agent = |status| AgentLine {
        id: "0190".into(),
        name: Name::new(&world.app),
        key: "scheduler".into(),
        kind: "agent",
        status,
        scopes: vec![("google".into(), "calendar.read calendar.write".into())],
        made: days_ago(200),
        last_used: Some(ago(120)),
        keys: vec![key(world, false), key(world, true)],
    };
    let agents = AppAgents {
        frame: World::frame(),
        rail: rail(),
        head: world.head(AppTab::Agents),
        rows: vec![agent("active"), agent("inactive"), agent("revoked")],
        pager: pager(),
        may_change: true,
    };
    add(made, "app-agents", &agents);
    add(made, "app-agents-none", &AppAgents { rows: vec![], ..agents });

    let linked = LinkedRow {
        tile: Tile::app("google", &"Google".into(), None).small(),
        provider: "Google".into(),
        account: Name::new(&world.address),
        person: format!("@{}", world.handle),
        scopes: "calendar.read calendar.write".into(),
        trouble: Some("the provider refused the refresh token"),
        since: days_ago(200),
        last_used: Some(ago(120)),
    };
    let connections = AppConnections {
        frame: World::frame(),
        rail: rail(),
        head: world.head(AppTab::Connections),
        rows: vec![linked.clone(), LinkedRow { trouble: None, ..linked }],
        pager: pager(),
    };
    add(made, "app-connections", &connections);
    add(made, "app-connections-none", &AppConnections { rows: vec![], ..connections });

    let issuer = AppIdentityProvider {
        frame: World::frame(),
        rail: rail(),
        head: world.head(AppTab::IdentityProvider),
        is_set: true,
        issuer: Entry::of(format!("https://{}", world.host)),
        audience: Entry::of(&world.sentence),
        jwks_uri: Entry::empty(),
        claims: [
            ("subject_claim", "Subject", Entry::of("sub")),
            ("email_claim", "E-mail", Entry::of("email")),
            ("name_claim", "Name", Entry::of("name")),
            ("groups_claim", "Groups", Entry::of("groups")),
        ],
        mistake: Some("The issuer is an https address.".into()),
        may_change: true,
    };
    add(made, "app-identity-provider", &issuer);

    let hook = WebhookRow {
        id: "whk_1".into(),
        url: format!("https://{}/hooks/{}", world.host, world.sentence),
        events: "every event".into(),
        is_off: true,
        since: days_ago(200),
    };
    let hooks = AppWebhooks {
        frame: World::frame(),
        rail: rail(),
        head: world.head(AppTab::Webhooks),
        rows: vec![hook],
        url: Entry::refused(&world.sentence, "Url is an https address without user, password and fragment."),
        events: events(),
        may_change: true,
    };
    add(made, "app-webhooks", &hooks);
    add(made, "app-webhooks-none", &AppWebhooks { rows: vec![], may_change: false, ..hooks });
    let delivery = |state, next: bool| DeliveryRow {
        id: format!("evt_{state}"),
        event: "connection.reauth_required".into(),
        state,
        outcome: "answered 500: it was not accepted".into(),
        attempts: 3,
        next: next.then(|| ago(-60)),
        when: ago(120),
        body: format!("{{\n  \"account\": \"{}\"\n}}", world.sentence),
    };
    let filter = |text: &str, is_current| Filter { text: text.into(), url: "?show=dead".into(), is_current };
    let webhook = AppWebhook {
        frame: World::frame(),
        rail: rail(),
        head: world.head(AppTab::Webhooks),
        id: "whk_1".into(),
        url: Entry::of(format!("https://{}/hooks", world.host)),
        events: events(),
        is_on: true,
        fresh: Some(FreshSecret { value: "whsec_0123456789abcdef".into() }),
        filters: vec![filter("Every delivery", true), filter("Dead", false)],
        deliveries: vec![delivery("waiting", true), delivery("delivered", false), delivery("dead", false)],
        pager: pager(),
        may_change: true,
    };
    add(made, "app-webhook-none", &AppWebhook { deliveries: vec![], fresh: None, ..webhook.clone() });
    add(made, "app-webhook", &webhook);
}
