//! The pages of what an app offers to other apps.

use super::{APP, Sample, World, add, ago, days_ago};
use server::views::developers::*;
use server::views::*;

fn scope(name: &str, text: &str, risk: &str) -> ScopeEntry {
    ScopeEntry { name: Entry::of(name), text: Entry::of(text), risk: Entry::of(risk), ..ScopeEntry::default() }
}

fn form(world: &World) -> ResourceForm {
    ResourceForm {
        vault: None,
        key: None,
        name: Entry::of(format!("{} inference", world.app)),
        description: Entry::of(&world.sentence),
        audience: Entry::of(format!("https://{}/api", world.host)),
        runtime_endpoint: Entry::of(format!("https://{}/runtime", world.host)),
        allow_chains: false,
        open_audience: true,
        scopes: vec![
            scope("resource.access", &world.sentence, "low"),
            scope("resource.history", "Read the questions you asked before", "medium"),
        ],
        mistake: None,
        suspends: None,
        may_change: true,
    }
}

fn holder(world: &World, mode: &'static str, is_suspended: bool) -> HolderRow {
    HolderRow {
        app: world.app(),
        scope: "resource.access resource.history".into(),
        mode,
        since: days_ago(200),
        last_used: (mode == "background").then(|| ago(120)),
        is_suspended,
    }
}

fn page(world: &World) -> ResourcePage {
    let audience = format!("https://{}/api", world.host);
    let protected = Protected {
        issuer: "https://id.example.org",
        audience: &audience,
        key: "iris:inference",
        scope: "resource.access",
    };
    ResourcePage {
        frame: World::frame(),
        rail: world.team().rail(DevelopersTab::App(APP)),
        head: world.head(AppTab::Resources),
        id: "res_1".into(),
        key: "iris:inference".into(),
        audience: audience.clone(),
        title: Name::new(&format!("{} inference", world.app)),
        is_paused: false,
        form: form(world),
        metadata_url: "https://id.example.org/api/oauth/resource/iris:inference".into(),
        target_origin: Some(format!("https://{}", world.host)),
        snippets: protect(protected, "rust"),
        grants: 1_204,
        suspended: 1,
        holders: vec![holder(world, "background", false), holder(world, "user_present", true)],
        pager: Pager { newer: None, older: Some(Link::new("Older", "?before=gnt_1#grants")) },
        may_delete: true,
    }
}

/// Every page in every state that looks different.
pub fn add_all(world: &World, made: &mut Vec<Sample>) {
    let rail = || world.team().rail(DevelopersTab::App(APP));
    let row = |key: &str, name: &str, grants, is_paused| ResourceRow {
        id: "res_1".into(),
        key: key.into(),
        name: Name::new(name),
        audience: format!("https://{}/api", world.host),
        scopes: 2,
        grants,
        is_paused,
    };
    let rows = vec![row("iris:inference", &world.app, 1_204, false), row("iris:history", "Iris history", 0, true)];
    let list = AppResources {
        frame: World::frame(),
        rail: rail(),
        head: world.head(AppTab::Resources),
        rows,
        may_change: true,
    };
    add(made, "app-resources", &list);
    add(made, "app-resources-empty", &AppResources { rows: vec![], ..list.clone() });
    add(made, "app-resources-viewed", &AppResources { rows: vec![], may_change: false, ..list });

    let wrong = ScopeEntry {
        name: Entry::refused("openid", "It is a scope of sign-in: choose another word."),
        text: Entry::refused(&world.sentence, "It has between 2 and 120 characters, each of which can be seen."),
        risk: Entry::refused("none", "It is low, medium or high."),
        provider_scopes: Entry::refused("a\"", "They are the provider’s own scopes, one word each."),
        allow: Entry::refused(&world.sentence, "It names calls."),
    };
    let form = ResourceForm {
        key: Some(Entry::refused("1ris:inference", "It is taken, or looks like one that is.")),
        scopes: vec![scope("resource.access", "Ask Iris questions in your name", "low"), wrong],
        ..form(world)
    };
    let new = ResourceNew { frame: World::frame(), rail: rail(), head: world.head(AppTab::Resources), form };
    let blank = ResourceForm {
        key: Some(Entry::empty()),
        name: Entry::empty(),
        description: Entry::empty(),
        audience: Entry::empty(),
        runtime_endpoint: Entry::empty(),
        open_audience: false,
        scopes: vec![ScopeEntry { risk: Entry::of("low"), ..ScopeEntry::default() }],
        mistake: Some("Name at least one.".into()),
        ..new.form.clone()
    };
    add(made, "app-resource-new", &ResourceNew { form: blank, ..new.clone() });
    add(made, "app-resource-refused", &new);
    let vault = VaultFields {
        provider: Entry::refused("", "Choose one of the list."),
        providers: vec![("google".into(), "Google".into()), ("own".into(), Name::new(&world.app))],
    };
    let elsewhere = ResourceForm { vault: Some(vault), ..new.form.clone() };
    add(made, "app-resource-vault", &ResourceNew { form: elsewhere, ..new.clone() });

    add(made, "app-resource", &page(world));
    let asks = ResourceForm { suspends: Some(1_203), ..page(world).form };
    add(made, "app-resource-suspends", &ResourcePage { form: asks, ..page(world) });
    let nobody = ResourcePage {
        is_paused: true,
        target_origin: None,
        grants: 0,
        suspended: 0,
        holders: vec![],
        pager: Pager::default(),
        may_delete: false,
        form: ResourceForm { may_change: false, ..page(world).form },
        ..page(world)
    };
    add(made, "app-resource-viewed", &nobody);
}
