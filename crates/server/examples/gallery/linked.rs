//! The pages about accounts at other services.

use super::{Sample, World, add, ago, days_ago};
use server::views::account::*;
use server::views::*;

fn holder(world: &World, is_through: bool) -> Holder {
    let agent = |passed_on_by| HolderAgent {
        name: Name::new(&world.app),
        deed: "see your calendar".into(),
        passed_on_by,
        last_used: None,
        until: Some(days_ago(-30)),
        end_url: "/account/access/3/end".into(),
    };
    Holder {
        app: world.app(),
        deed: "see your calendar and change your calendar".into(),
        through: is_through.then(|| Through { name: Name::new(&world.app), is_away: true, is_suspended: true }),
        since: days_ago(200),
        last_used: Some(ago(120)),
        until: is_through.then(|| days_ago(-30)),
        end_url: "/account/access/2/end".into(),
        agents: if is_through { vec![] } else { vec![agent(None), agent(Some(Name::new(&world.person)))] },
    }
}

fn connection(world: &World, id: &str, is_well: bool) -> ConnectionRow {
    ConnectionRow {
        id: id.into(),
        tile: Tile::app("google", &"Google".into(), None),
        provider: "Google".into(),
        host: "accounts.google.com".into(),
        account: Name::new(&world.address),
        may: May {
            lines: vec![
                Line::new(Risk::Sees, "See your calendar"),
                Line::new(Risk::Changes, "Change your calendar"),
                Line::new(Risk::Acts, &world.sentence),
            ],
        },
        holders: if is_well { vec![holder(world, false), holder(world, true)] } else { vec![] },
        since: days_ago(200),
        last_used: is_well.then(|| ago(120)),
        trouble: (!is_well)
            .then(|| "This has to be connected again: Google no longer accepts what is kept here.".into()),
        can_repair: true,
    }
}

fn call(world: &World, is_refused: bool) -> CallRow {
    CallRow {
        app: Name::new(&world.app),
        agent: is_refused.then(|| Name::new(&world.person)),
        deed: if is_refused { "wanted to delete something at" } else { "read from" },
        provider: "Google".into(),
        account: Some(Name::new(&world.address)),
        place: format!("GET www.googleapis.com/calendar/v3/{}", world.sentence),
        outcome: "done (200)".into(),
        is_refused,
        is_told: !is_refused,
        reason: Some(Name::new(&world.sentence)),
        when: ago(120),
    }
}

/// Every page in every state that looks different.
pub fn add_all(world: &World, made: &mut Vec<Sample>) {
    let rail = |tab| world.holder().rail(tab);
    let connections = Connections {
        frame: World::frame(),
        rail: rail(AccountTab::Connections),
        rows: vec![connection(world, "con_1", true), connection(world, "con_2", false)],
        trouble: Some("You said no there, so nothing has changed."),
        pager: Pager { newer: None, older: Some(Link::new("Older", "?before=con_1")) },
    };
    add(made, "connections", &connections);
    add(made, "connections-none", &Connections { rows: vec![], trouble: None, pager: Pager::default(), ..connections });
    let deed = AgentDeed {
        deed: "see your calendar".into(),
        provider: "Google".into(),
        account: Name::new(&world.address),
        until: Some(days_ago(-30)),
    };
    let agent = AgentRow {
        name: Name::new(&world.person),
        app: world.app(),
        is_suspended: true,
        deeds: vec![deed.clone(), deed],
        last_call: Some(ago(120)),
        calls_url: "/account/calls?agent=1".into(),
        end_url: "/account/agents/1/end".into(),
    };
    let agents = Agents { frame: World::frame(), rail: rail(AccountTab::Agents), rows: vec![agent] };
    add(made, "agents", &agents);
    add(made, "agents-none", &Agents { rows: vec![], ..agents });
    let filter = |text: &str, is_current| Filter { text: text.into(), url: "/account/calls".into(), is_current };
    let calls = Calls {
        frame: World::frame(),
        rail: rail(AccountTab::Calls),
        filters: vec![filter("Every call", true), filter("Refused", false)],
        only: Some(Name::new(&world.app)),
        rows: vec![call(world, false), call(world, true)],
        pager: Pager::default(),
    };
    add(made, "calls", &calls);
    add(made, "calls-none", &Calls { rows: vec![], only: None, ..calls });
}
