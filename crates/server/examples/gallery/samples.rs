//! Every page in each of its states, filled with something to look at. Used by the gallery and by the tests of the pages.

#![allow(clippy::wildcard_imports)] // nearly every page and part is in here

#[path = "connect.rs"]
mod connect;
#[path = "linked.rs"]
mod linked;
#[path = "resources.rs"]
mod resources;

use base::Time;
use server::views::account::*;
use server::views::developers::*;
use server::views::*;

/// One page in one state.
pub struct Sample {
    /// Of the file: `consent`, `consent-hostile`.
    pub name: &'static str,
    pub html: String,
    pub headers: Headers,
}

/// What people and apps call themselves in the samples.
pub struct World {
    pub app: String,
    pub host: String,
    pub person: String,
    pub handle: String,
    pub address: String,
    pub device: String,
    pub sentence: String,
}

impl World {
    /// As it should be.
    pub fn friendly() -> World {
        World {
            app: "Acme Notes".into(),
            host: "notes.acme.test".into(),
            person: "Ada Moreau".into(),
            handle: "ada".into(),
            address: "ada@moreau.example".into(),
            device: "Firefox on Linux".into(),
            sentence: "You let Acme Notes know your name and e-mail".into(),
        }
    }

    /// Everything that others write tries to become a page of its own.
    pub fn hostile() -> World {
        let attack = r#""><script>alert(1)</script><img src=x onerror=alert(1) style="x">{{7*7}}'"#;
        World {
            app: format!("App{attack}"),
            host: format!("host{attack}"),
            person: format!("Person{attack}"),
            handle: format!("handle{attack}"),
            address: format!("mail{attack}"),
            device: format!("Device{attack}"),
            sentence: format!("Sentence{attack}"),
        }
    }

    /// As long as it can get.
    pub fn long() -> World {
        World {
            app: "Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichenverwaltung für Oberösterreich und Umgebung".into(),
            host: "a-very-long-host-name-that-nobody-would-choose-but-somebody-will.department.example.test:8461".into(),
            person: "Maria del Carmen Concepción Fernández-Villaverde y Ruiz de la Prada".into(),
            handle: "maria_del_carmen_concepcion_1234".into(),
            address: "maria.del.carmen.concepcion.fernandez-villaverde@a-long-mail-domain.example".into(),
            device: "A browser with an unusually long name, version 120.1.4 beta, on OpenBSD".into(),
            sentence: "You let Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichenverwaltung know your name, picture and e-mail".into(),
        }
    }
}

const NOW: Time = Time::from_ms(1_794_992_400_000);

fn ago(secs: i64) -> Moment {
    Moment::seen_from(NOW.plus_secs(-secs), NOW)
}

fn days_ago(days: i64) -> Moment {
    ago(days * 86_400)
}

impl World {
    fn frame() -> Frame {
        let links = vec![Link::new("Help", "/help"), Link::new("Privacy", "/privacy")];
        Frame { links, ..Frame::at("id.example.org").with_csrf("csrf_0123456789") }
    }

    fn app(&self) -> Who {
        Who::app("app_0123456789abcdef0123456789abcdef", &self.app, &self.host, None)
    }

    fn persona(&self, id: &str, name: &str, email: Email, is_chosen: bool) -> Persona {
        let name = Name::new(name);
        Persona {
            id: id.into(),
            tile: Tile::person(id, &name, None),
            name,
            handle: self.handle.clone(),
            email,
            is_chosen,
        }
    }

    fn ada(&self) -> Persona {
        self.persona("2f1e0d3c-0001", &self.person, Email::Verified(self.address.clone()), true)
    }

    fn holder(&self) -> AccountHolder {
        let (name, handle) = (Name::new(&self.person), self.handle.clone());
        AccountHolder { identity: "2f1e0d3c-0001".into(), name, handle, picture: None, apps: 6, is_developer: true }
    }

    fn team(&self) -> Team {
        let apps = vec![(APP.to_owned(), Name::new(&self.app)), ("app_2".to_owned(), Name::new("Iris"))];
        Team { id: "org_1".into(), name: "Acme Inc.".into(), apps, others: vec![] }
    }

    fn lines(&self, scopes: &[&str]) -> May {
        May { lines: scopes.iter().map(|scope| scope_line(scope, &Email::Verified(self.address.clone()))).collect() }
    }

    fn consent(&self) -> Consent {
        Consent {
            frame: World::frame(),
            app: self.app(),
            action: "/signin/consent".into(),
            flow: "flow_1".into(),
            personas: vec![self.ada()],
            switch_url: None,
            may: self.lines(&["openid", "profile", "email", "offline_access"]),
            add_email_url: None,
            notes: vec![],
        }
    }

    fn login(&self) -> Login {
        Login {
            frame: World::frame(),
            app: Some(self.app()),
            reason: LoginReason::NobodyYet,
            return_to: "/signin?flow=flow_1".into(),
            register_url: Some("/register?return_to=%2Fsignin%3Fflow%3Dflow_1".into()),
            approval_url: "/login/approval".into(),
            recovery_url: "/recover".into(),
            handle: String::new(),
            mistake: None,
        }
    }

    fn waiting(state: ApprovalState) -> Waiting {
        Waiting {
            frame: World::frame(),
            state,
            request: "req_1".into(),
            code: "4821 9034".into(),
            expires: Moment::seen_from(NOW.plus_secs(300), NOW),
            open_at: "id.example.org/approve".into(),
            action: "/login/approval/finish".into(),
            return_to: "/account".into(),
            login_url: "/login".into(),
        }
    }

    fn events(&self) -> Vec<Event> {
        let device = Some(Name::new(&self.device));
        let event = |sentence: &str, secs, weight| Event {
            sentence: sentence.to_owned(),
            device: device.clone(),
            place: Some("192.0.2.14".into()),
            when: ago(secs),
            weight,
        };
        vec![
            event(&self.sentence, 120, Weight::Plain),
            event("A recovery code was tried and refused", 7_200, Weight::Alarming),
            event("You added the passkey Blue key", 86_400 * 3, Weight::Notable),
            event("You signed in with a passkey", 86_400 * 40, Weight::Plain),
        ]
    }

    fn filters(current: usize) -> Vec<Filter> {
        let filter = |(place, text): (usize, &str)| Filter {
            text: text.into(),
            url: format!("?show={place}"),
            is_current: place == current,
        };
        ["Everything", "Worth a look", "Sign-ins"].into_iter().enumerate().map(filter).collect()
    }

    fn head(&self, tab: AppTab) -> AppHead {
        AppHead { id: APP.into(), app: self.app(), is_public: false, tab }
    }

    fn set_up(&self) -> AppSetUp {
        AppSetUp {
            frame: World::frame(),
            rail: self.team().rail(DevelopersTab::App(APP)),
            head: self.head(AppTab::SetUp),
            name: Entry::of(&self.app),
            website: Entry::of(format!("https://{}", self.host)),
            secrets: vec![SecretRow { id: "sec_1".into(), made: days_ago(200), last_used: Some(ago(120)), ends: None }],
            fresh: None,
            redirect_uris: vec![
                Entry::of(format!("https://{}/callback", self.host)),
                Entry::refused(
                    "http://notes.acme.test/callback",
                    "http works only on this computer. Use https, or turn on development mode.",
                ),
            ],
            post_logout_redirect_uris: vec![Entry::of(format!("https://{}/", self.host))],
            is_in_development: false,
            is_native: false,
            snippets: snippets(
                "https://id.example.org",
                APP,
                "https://notes.acme.test/callback",
                false,
                "RS256",
                "node",
            ),
            may_change: true,
        }
    }
}

const APP: &str = "app_0123456789abcdef0123456789abcdef";

/// Every page in every state that looks different.
pub fn all(world: &World) -> Vec<Sample> {
    let mut made = Vec::new();
    sheets(world, &mut made);
    account(world, &mut made);
    developers(world, &mut made);
    resources::add_all(world, &mut made);
    linked::add_all(world, &mut made);
    connect::add_all(world, &mut made);
    made
}

fn add(made: &mut Vec<Sample>, name: &'static str, page: &impl Page) {
    made.push(Sample { name, html: page.html().unwrap_or_default(), headers: page.headers(None) });
}

fn sheets(world: &World, made: &mut Vec<Sample>) {
    let frame = World::frame;
    let app = || Some(world.app());
    add(made, "login", &world.login());
    add(
        made,
        "login-plain",
        &Login { app: None, mistake: Some("The session ran out. Sign in once more.".into()), ..world.login() },
    );
    add(
        made,
        "login-again",
        &Login { reason: LoginReason::Again { name: Name::new(&world.person) }, register_url: None, ..world.login() },
    );
    add(
        made,
        "login-other",
        &Login { reason: LoginReason::SomebodyElse, handle: world.handle.clone(), ..world.login() },
    );
    let people = vec![world.ada(), world.persona("2", "Ada at work", Email::Absent, false)];
    let select = SelectAccount {
        frame: frame(),
        app: app(),
        action: "/signin/select".into(),
        people,
        other_url: "/login".into(),
    };
    add(made, "select-account", &select);
    let name = Name::new(&world.person);
    let step_up = StepUp {
        frame: frame(),
        tile: Tile::person("2f1e0d3c-0001", &name, None),
        name: name.clone(),
        deed: "add a passkey".into(),
        return_to: "/account/passkeys/new".into(),
        back_url: "/account".into(),
        code_action: None,
        code: Entry::empty(),
    };
    let code = Entry::refused("abcd-efgh", "This code is not one of yours, or it was used. Try another.");
    let step_up_demo = StepUp { code_action: Some("/step-up/code".into()), code, ..step_up.clone() };
    add(made, "step-up", &step_up);
    add(made, "step-up-demo", &step_up_demo);
    let recover = Recover {
        frame: frame(),
        app: app(),
        return_to: "/account".into(),
        handle: Entry::of(&world.handle),
        code: Entry::empty(),
        mistake: Some("Handle and code do not belong together, or the code was used. Check both.".into()),
        login_url: "/login".into(),
    };
    add(made, "recover", &recover);
    let link = OneTimeLink {
        frame: frame(),
        action: "/once".into(),
        token: Some("pol_1".into()),
        heading: "Sign in as Ada?".into(),
        sentence: "You will be signed in on this browser, without a passkey.".into(),
        verb: "Sign in".into(),
    };
    add(made, "one-time-link", &link);
    let register = Register {
        frame: frame(),
        app: app(),
        return_to: "/account".into(),
        registration: Registration::Open,
        login_url: "/login".into(),
    };
    add(made, "register", &register);
    add(made, "register-closed", &Register { registration: Registration::Closed, app: None, ..register.clone() });
    add(made, "register-by-invitation", &Register { registration: Registration::ByInvitation, ..register.clone() });
    add(
        made,
        "register-invited",
        &Register { registration: Registration::Invited { code: world.handle.clone() }, ..register },
    );
    let codes =
        ["k7mf-2q9x-wd4t", "p3zc-8r5n-jh6v", "t9bw-4k2m-xq7d", "h5vj-6n8r-cz3p", "d4tq-x7k2-9wbm", "v6jh-n5r8-3pcz"];
    let codes = codes.into_iter().cycle().take(10).map(str::to_owned).collect();
    add(
        made,
        "codes",
        &Codes { frame: frame(), handle: world.handle.clone(), codes, replaces_older: true, next: "/account".into() },
    );

    add(made, "consent", &world.consent());
    let mut may = world.lines(&["openid", "profile", "email", "offline_access", "user_id"]);
    for (place, line) in may.lines.iter_mut().enumerate() {
        line.tag = Some(if place < 2 { Tag::AlreadyAllowed } else { Tag::New });
    }
    let work = world.persona("2", "Ada at work", Email::Absent, false);
    let notes = vec![
        ConsentNote::SeesAccount,
        ConsentNote::DevelopmentMode,
        ConsentNote::Backend,
        ConsentNote::Target { name: Name::new("Iris"), host: "iris.acme.test".into() },
    ];
    let switch_url = Some("/signin?flow=flow_1&identity=".into());
    add(
        made,
        "consent-more",
        &Consent { personas: vec![world.ada(), work.clone()], switch_url, may, notes, ..world.consent() },
    );
    let may = May { lines: ["openid", "profile", "email"].map(|scope| scope_line(scope, &Email::Absent)).into() };
    let quick = Consent {
        app: Who::app("origin:https://xn--80ak6aa92e.com", "xn--80ak6aa92e.com", "xn--80ak6aa92e.com", None),
        personas: vec![Persona { is_chosen: true, ..work }],
        may,
        add_email_url: Some("/signin/email?flow=flow_1".into()),
        notes: vec![ConsentNote::Unregistered],
        ..world.consent()
    };
    add(made, "consent-quick", &quick);
    connect(made, world);
    let onward = Continue {
        frame: frame(),
        app: world.app(),
        action: "/signin/consent".into(),
        flow: "flow_1".into(),
        persona: world.ada(),
        knows: knows(&["openid", "profile", "email"]),
        other_url: Some("/signin?flow=flow_1&ask=all".into()),
    };
    add(made, "continue", &onward);

    let ask = AskApproval {
        frame: frame(),
        app: app(),
        action: "/login/approval".into(),
        return_to: "/account".into(),
        login_url: "/login".into(),
    };
    add(made, "ask-approval", &ask);
    add(made, "waiting", &World::waiting(ApprovalState::Pending));
    add(made, "waiting-approved", &World::waiting(ApprovalState::Approved));
    add(made, "waiting-denied", &World::waiting(ApprovalState::Denied));
    add(made, "waiting-expired", &World::waiting(ApprovalState::Expired));
    let code = Entry::refused("4821", "No device waits with this code. Compare it once more.");
    add(
        made,
        "approve-code",
        &ApproveCode { frame: frame(), action: "/approve".into(), code, back_url: "/account".into() },
    );
    let approve = Approve {
        frame: frame(),
        action: "/approve/confirm".into(),
        request: "req_1".into(),
        code: "4821 9034".into(),
        device: Name::new(&world.device),
        place: "192.0.2.14".into(),
        asked: ago(20),
        account: name.clone(),
    };
    add(made, "approve", &approve);
    let otherwise = Link::new("Go on without", "/signin?flow=flow_1");
    let email = Entry::refused(&world.address, "This does not look like an address. Check what stands after the @.");
    add(
        made,
        "email-add",
        &EmailAdd {
            frame: frame(),
            action: "/signin/email".into(),
            identity: name.clone(),
            email,
            otherwise: otherwise.clone(),
        },
    );
    let email_code = EmailCode {
        frame: frame(),
        action: "/signin/email/code".into(),
        address: world.address.clone(),
        code: Entry::empty(),
        resend_action: Some("/signin/email/resend".into()),
        change_url: "/signin/email".into(),
        otherwise,
        mailbox_url: Some("/dev/mailbox".into()),
    };
    add(made, "email-code", &email_code);
    let logout = Logout {
        frame: frame(),
        app: app(),
        name: name.clone(),
        action: "/logout".into(),
        flow: Some("flow_2".into()),
    };
    add(made, "logout", &Logout { app: None, flow: None, ..logout.clone() });
    add(made, "logout-app", &logout);
    add(
        made,
        "signed-out",
        &SignedOut { frame: frame(), onward: Link::new(format!("Back to {}", world.app), "https://notes.acme.test/") },
    );
    let oops = Oops {
        frame: frame(),
        what: "This link has been used.".into(),
        remedy: format!("Start again at {}.", world.app),
        action: None,
        request_id: "req_01hq3v9y8k2m".into(),
        detail: Some("redirect_uri is not registered for this client".into()),
    };
    add(made, "oops", &oops);
    let said = Said {
        frame: frame(),
        heading: "The device is signed in".into(),
        sentence: "You can go on there.".into(),
        onward: Some(Link::new("Your account", "/account")),
    };
    add(made, "said", &said);
    let post = FormPost {
        frame: frame(),
        action: "https://notes.acme.test/callback".into(),
        host: world.host.clone(),
        fields: vec![("code".into(), "pac_1".into()), ("state".into(), world.sentence.clone())],
        nonce: "bm9uY2U".into(),
    };
    made.push(Sample {
        name: "form-post",
        html: post.html().unwrap_or_default(),
        headers: post.headers(Some(&post.nonce)),
    });
    let tour = Some(Link::new("take the tour", "/demo"));
    add(made, "home", &Home { frame: frame(), is_registration_open: true, has_developers: true, tour });
    add(
        made,
        "moved",
        &Moved { frame: frame(), here: "127.0.0.1:8460".into(), there: "http://localhost:8460/login".into() },
    );
    let mail = |subject: &str, text: &str| Mail {
        to: world.address.clone(),
        subject: subject.into(),
        text: text.into(),
        sent: ago(90),
    };
    let mails = vec![
        mail(
            "Your code is 482 190",
            "Enter 482190 to prove that this address is yours.\n\nIf you did not ask for it, do nothing.",
        ),
        mail(
            "A new device is signed in",
            &format!("{}\n\nIf that was not you: http://localhost:8460/account/devices", world.device),
        ),
    ];
    add(made, "mailbox", &Mailbox { frame: frame(), mails });
    add(made, "mailbox-empty", &Mailbox { frame: frame(), mails: vec![] });
}

/// Linking an account elsewhere: the list, one service, a key, the end.
fn link(made: &mut Vec<Sample>, world: &World) {
    let frame = World::frame;
    let name = || Name::new(&world.app);
    let pick = LinkPick {
        id: "calendar".into(),
        tile: Tile::app("calendar", &name(), None),
        name: name(),
        host: world.host.clone(),
        may: May {
            lines: vec![
                Line::new(Risk::Changes, world.sentence.as_str()),
                Line::new(Risk::Acts, "See, add, change and delete events in all your calendars"),
            ],
        },
        linked: vec![],
        takes_key: false,
        docs: "https://example.org/keys".into(),
        fields: vec![],
        limits: Some("It can look, and change nothing.".into()),
    };
    let service = |state| LinkService {
        url: "/sdk/oauth/connect/s/1?service=calendar".into(),
        tile: Tile::app("calendar", &name(), None).small(),
        name: name(),
        host: world.host.clone(),
        state,
    };
    let list = LinkPage {
        frame: frame(),
        app: world.app(),
        action: "/sdk/oauth/connect/s/1".into(),
        person: Some(LinkWho {
            tile: Tile::person("1", &Name::new(&world.person), None).small(),
            name: Name::new(&world.person),
            handle: "ada".into(),
        }),
        is_stranger: false,
        services: vec![
            service(LinkState::Open),
            service(LinkState::Connected(Name::new(&world.person))),
            service(LinkState::Declined),
            service(LinkState::Failed),
        ],
        chosen: None,
        is_single: false,
        can_finish: true,
        is_repair: false,
        agent: None,
        trouble: None,
        back: None,
        origin: Some("https://notes.acme.test".into()),
        mark: "00".into(),
    };
    add(made, "link-list", &list);
    let one = LinkPage {
        chosen: Some(pick.clone()),
        is_single: true,
        agent: Some(LinkAgent { name: name(), may_pass_on: true }),
        trouble: Some(world.sentence.clone()),
        ..list.clone()
    };
    add(made, "link-one", &one);
    let again = LinkPage {
        chosen: Some(LinkPick {
            linked: vec![("con_1".into(), Name::new(&world.person)), ("con_2".into(), Name::new("b@c.example"))],
            ..pick.clone()
        }),
        back: Some(Link::new("Other services", "/sdk/oauth/connect/s/1")),
        ..list.clone()
    };
    add(made, "link-again", &again);
    let key = LinkPage {
        chosen: Some(LinkPick {
            takes_key: true,
            fields: vec![
                Field::new("input.site", "Your site", &Entry::of(world.sentence.as_str())).required(),
                Field::new("secret.key", "Key", &Entry::empty()).kind("password").required().code(),
            ],
            ..pick
        }),
        person: None,
        is_stranger: true,
        is_repair: true,
        ..one
    };
    add(made, "link-key", &key);
    add(made, "link-open", &LinkOpen { frame: frame(), open: "/sdk/oauth/connect/open" });
    let end = LinkEnd {
        frame: frame(),
        app: Some(name()),
        accounts: vec![(name(), Name::new(&world.person))],
        is_done: true,
        is_declined: false,
        message: format!("{{\"type\":\"{}\"}}", world.sentence),
        origin: Some("https://notes.acme.test".into()),
    };
    add(made, "link-end", &end);
    add(made, "link-end-declined", &LinkEnd { is_done: false, is_declined: true, accounts: vec![], ..end.clone() });
    add(made, "link-end-late", &LinkEnd { is_done: false, app: None, accounts: vec![], origin: None, ..end });
}

/// What one app asks to do at another, on a page and inside one.
fn connect(made: &mut Vec<Sample>, world: &World) {
    let (frame, target) = (World::frame, || Who::app("app_2", &world.person, &world.host, None));
    let line = |risk, text: &str, tag| Line { tag, ..Line::new(risk, text) };
    let may = |tag: fn(usize) -> Option<Tag>| May {
        lines: vec![
            line(Risk::Sees, &world.sentence, tag(0)),
            line(Risk::Changes, "Read the questions you asked before", tag(1)),
            line(Risk::Acts, "Erase what you asked", tag(2)),
        ],
    };
    let whole = Connect {
        frame: frame(),
        app: world.app(),
        target: target(),
        resource: Name::new(&world.app),
        description: Some(world.sentence.clone()),
        action: "/signin/decision".into(),
        flow: "flow_1".into(),
        personas: vec![world.ada()],
        switch_url: None,
        may: may(|_| None),
        when: When::Using,
        opens_sign_in: true,
        is_suspended: false,
        is_in_development: false,
        account: None,
    };
    add(made, "connect", &whole);
    let work = world.persona("2", "Ada at work", Email::Absent, false);
    let more = Connect {
        personas: vec![world.ada(), work],
        switch_url: Some("/signin?flow=flow_1&identity=".into()),
        may: may(|place| Some(if place == 0 { Tag::AlreadyAllowed } else { Tag::New })),
        when: When::Asked { is_away: false },
        opens_sign_in: false,
        is_suspended: true,
        is_in_development: true,
        account: Some(LinkedChoice {
            service: "Fake calendar".into(),
            accounts: vec![("con_1".into(), Name::new(&world.address), true)],
        }),
        ..whole.clone()
    };
    add(made, "connect-more", &more);
    let service = || Name::new(&world.app);
    let none = Connect { account: Some(LinkedChoice { service: service(), accounts: vec![] }), ..whole.clone() };
    add(made, "connect-account-none", &none);
    let accounts =
        vec![("con_1".into(), Name::new(&world.person), true), ("con_2".into(), Name::new("b@c.example"), false)];
    let several = Connect { account: Some(LinkedChoice { service: service(), accounts }), ..whole.clone() };
    add(made, "connect-account-several", &several);
    let again = ConnectAgain {
        frame: frame(),
        app: world.app(),
        target: target(),
        resource: Name::new(&world.app),
        action: "/signin/decision".into(),
        flow: "flow_1".into(),
        persona: world.ada(),
        may: may(|_| None),
        is_away: true,
        account: Some(("con_1".into(), Name::new(&world.person))),
    };
    add(made, "connect-again", &again);
    link(made, world);
    let gate = |question| Gate {
        frame: frame(),
        app: world.app(),
        question,
        relay_url: "/signin?flow=flow_1".into(),
        relay_id: "0123456789abcdef".into(),
        origins: vec!["https://notes.acme.test".into()],
        top_url: format!("https://id.example.org/signin?state={}", world.sentence),
        consent_url: Some("/signin/embed/question?flow=flow_1".into()),
    };
    add(made, "gate", &gate(GateQuestion::SignIn));
    add(made, "gate-connect", &gate(GateQuestion::Connect(target())));
    let relay = Relay {
        frame: frame(),
        message: format!("{{\"type\":\"{}\"}}", world.sentence),
        origins: vec!["https://notes.acme.test".into()],
        relay_id: Some("0123456789abcdef".into()),
        next: Some(format!("https://notes.acme.test/cb?state={}", world.sentence)),
    };
    add(made, "relay", &relay);
    add(made, "runtime", &Runtime { frame: frame() });
}

fn account(world: &World, made: &mut Vec<Sample>) {
    let frame = World::frame;
    let rail = |tab| world.holder().rail(tab);
    let home = AccountHome {
        frame: frame(),
        rail: rail(AccountTab::Home),
        identities: 2,
        passkeys: 2,
        codes_left: 10,
        devices: 3,
        apps: 6,
        recent: world.events(),
    };
    add(made, "account", &home);
    add(
        made,
        "account-new",
        &AccountHome { codes_left: 0, passkeys: 1, identities: 1, devices: 1, apps: 0, recent: vec![], ..home },
    );

    let (end, name) = (|grant: u32| format!("/account/access/{grant}/end"), Name::new(&world.person));
    let row = |id: &str, app: &str, host: &str, scopes: &[&str], grant| AccessRow {
        app: Who::app(id, app, host, None),
        knows: knows(scopes),
        place: None,
        identity: name.clone(),
        since: days_ago(200),
        last_used: Some(ago(120)),
        is_linked_alone: false,
        is_quick: false,
        end_url: end(grant),
        below: vec![],
    };
    let below = |deed: &str, target: &str, is_away: bool, grant| AccessBelow {
        agent: is_away.then(|| Name::new(&world.app)),
        account: is_away.then(|| Name::new(&world.address)),
        until: is_away.then(|| days_ago(-30)),
        deed: deed.into(),
        target: Name::new(target),
        is_away,
        is_suspended: is_away,
        last_used: Some(ago(7_200)),
        end_url: end(grant),
    };
    let token = SessionTokenRow {
        id: 1,
        name: Name::new(&world.device),
        made: days_ago(3),
        ends: days_ago(-27),
        last_used: Some(ago(120)),
    };
    let tokens = SessionTokens {
        frame: frame(),
        rail: world.holder().rail(AccountTab::Access),
        rows: vec![token],
        made: Some("pst_0123456789abcdef".into()),
        address: "https://id.example.org/api/oauth/delegations".into(),
    };
    add(made, "session-tokens-none", &SessionTokens { rows: vec![], made: None, ..tokens.clone() });
    add(made, "session-tokens", &tokens);
    approvals(made, world);
    let rows = vec![
        AccessRow {
            below: vec![
                below("ask questions in your name", "Iris", false, 4),
                below("see and change your calendars", &world.app, true, 5),
            ],
            ..row(APP, &world.app, &world.host, &["openid", "profile", "email", "offline_access"], 1)
        },
        AccessRow {
            place: Some(Name::new("Calendar search")),
            ..row("app_3", "Parcel", "parcel.test", &["openid"], 2)
        },
        AccessRow {
            is_quick: true,
            last_used: None,
            ..row("origin:https://timetable.test", "timetable.test", "timetable.test", &["openid", "profile"], 3)
        },
    ];
    let pager = Pager { newer: None, older: Some(Link::new("Older", "?before=17")) };
    let access = Access {
        frame: frame().with_notice("Parcel no longer has access."),
        rail: rail(AccountTab::Access),
        filters: World::filters(0),
        rows,
        pager: pager.clone(),
    };
    add(made, "access", &access);
    add(
        made,
        "access-empty",
        &Access { frame: frame(), rows: vec![], filters: vec![], pager: Pager::default(), ..access.clone() },
    );
    add(
        made,
        "access-filtered",
        &Access { frame: frame(), rows: vec![], filters: World::filters(1), pager: Pager::default(), ..access },
    );
    let activity = Activity {
        frame: frame(),
        rail: rail(AccountTab::Activity),
        filters: World::filters(0),
        events: world.events(),
        pager,
        kept_for: "90 days".into(),
    };
    add(made, "activity", &activity);
    add(made, "activity-empty", &Activity { events: vec![], filters: World::filters(1), ..activity });

    let identity = |id: &str, name: &str, email, is_main, apps| {
        let name = Name::new(name);
        IdentityRow {
            id: id.into(),
            tile: Tile::person(id, &name, None),
            name,
            handle: world.handle.clone(),
            email,
            is_main,
            apps,
        }
    };
    let rows = vec![
        identity("2f1e0d3c-0001", &world.person, Email::Verified(world.address.clone()), true, 4),
        identity("2", "Ada at work", Email::Unproven(world.address.clone()), false, 1),
        identity("3", "Pen name", Email::Absent, false, 0),
    ];
    add(made, "identities", &Identities { frame: frame(), rail: rail(AccountTab::Identities), rows, may_add: true });
    let new = IdentityNew {
        frame: frame(),
        rail: rail(AccountTab::Identities),
        name: Entry::of(&world.person),
        handle: Entry::refused(&world.handle, "Somebody has this handle. Choose another."),
    };
    add(made, "identity-new", &new);
    let edit = IdentityEdit {
        frame: frame().with_notice("Saved."),
        rail: rail(AccountTab::Identities),
        id: "2f1e0d3c-0001".into(),
        tile: world.ada().tile,
        title: name.clone(),
        name: Entry::of(&world.person),
        handle: Entry::of(&world.handle),
        picture_mistake: None,
        email: Email::Verified(world.address.clone()),
        is_main: true,
        may_delete: false,
    };
    let mistake = Some("This file is not a picture that browsers show. Choose a PNG, JPEG or WebP.".into());
    let second = IdentityEdit {
        is_main: false,
        may_delete: true,
        email: Email::Unproven(world.address.clone()),
        picture_mistake: mistake,
        ..edit.clone()
    };
    add(made, "identity-edit", &edit);
    add(made, "identity-edit-second", &second);

    let passkey = |id: &str, name: &str, last_used, is_synced| PasskeyRow {
        id: id.into(),
        name: Name::new(name),
        made: days_ago(200),
        last_used,
        is_synced,
    };
    let passkeys =
        vec![passkey("pky_1", &world.device, Some(ago(120)), true), passkey("pky_2", "Blue key", None, false)];
    let page = Passkeys {
        frame: frame(),
        rail: rail(AccountTab::Passkeys),
        passkeys,
        codes_left: 7,
        codes_made: Some(days_ago(200)),
    };
    add(made, "passkeys", &page);
    add(made, "passkeys-none", &Passkeys { passkeys: vec![], codes_left: 0, codes_made: None, ..page });
    add(made, "add-passkey", &AddPasskey { frame: frame(), rail: rail(AccountTab::Passkeys) });
    add(made, "renew-codes", &RenewCodes { frame: frame(), rail: rail(AccountTab::Passkeys), codes_left: 7 });
    let session = |id: &str, is_this, how: &str| SessionRow {
        id: id.into(),
        device: Name::new(&world.device),
        place: "192.0.2.14".into(),
        how: how.into(),
        since: days_ago(3),
        last_seen: ago(if is_this { 5 } else { 9_000 }),
        is_this,
    };
    let rows = vec![
        session("ses_1", true, "with a passkey"),
        session("ses_2", false, "with a recovery code"),
        session("ses_3", false, "by approval of another device"),
    ];
    add(made, "devices", &Sessions { frame: frame(), rail: rail(AccountTab::Devices), rows });
    add(made, "data", &YourData { frame: frame(), rail: rail(AccountTab::Data) });
    let end_access = End {
        frame: frame(),
        rail: rail(AccountTab::Access),
        heading: format!("End what {} may do?", world.app),
        ends: vec![
            format!("{} no longer knows your name, picture and e-mail", world.app),
            "You are signed out there within the hour".into(),
            "It may no longer ask Iris questions".into(),
        ],
        note: Some("What it has already copied stays with it. You can sign in there again; it will ask anew.".into()),
        action: "/account/access/1/end".into(),
        fields: vec![],
        confirm: None,
        verb: "End access".into(),
        cancel_url: "/account/access".into(),
    };
    add(made, "end-access", &end_access);
    let end_account = End {
        rail: rail(AccountTab::Data),
        heading: "Delete your account?".into(),
        ends: vec![
            "2 identities, with names, pictures and addresses".into(),
            "2 passkeys and 7 recovery codes".into(),
            "The access of 6 apps; each loses you".into(),
        ],
        note: Some("This cannot be undone. Handles become free for others.".into()),
        confirm: Some((
            format!("@{}", world.handle),
            Entry::refused("ad", "This is not the handle. Nothing was deleted."),
        )),
        verb: "Delete and sign out everywhere".into(),
        action: "/account/data/end".into(),
        cancel_url: "/account/data".into(),
        ..end_access
    };
    add(made, "end-account", &end_account);
}

fn developers(world: &World, made: &mut Vec<Sample>) {
    let frame = World::frame;
    let row = |id: &str, name: &str, host: &str, people| AppRow {
        id: id.into(),
        app: Who::app(id, name, host, None),
        is_public: people == 0,
        is_in_development: people == 0,
        people,
        last_used: (people > 0).then(|| ago(120)),
    };
    let rows = vec![row(APP, &world.app, &world.host, 1_204), row("app_2", "Iris", "iris.acme.test", 0)];
    let apps = Apps {
        frame: frame(),
        rail: world.team().rail(DevelopersTab::Apps),
        team: "org_1".into(),
        rows,
        may_create: true,
    };
    add(made, "apps", &apps);
    let nobody = Team { apps: vec![], ..world.team() };
    add(made, "apps-empty", &Apps { rows: vec![], rail: nobody.rail(DevelopersTab::Apps), ..apps });
    let new = AppNew {
        frame: frame(),
        rail: world.team().rail(DevelopersTab::Apps),
        team: "org_1".into(),
        organization: Some(Entry::empty()),
        name: Entry::of(&world.app),
        website: Entry::of(format!("https://{}", world.host)),
        is_public: false,
        redirect_uris: vec![Entry::refused(
            "https://notes.acme.test/*",
            "* is never interpreted: register each address",
        )],
    };
    add(made, "app-new", &new);
    add(made, "app-set-up", &world.set_up());
    let older = SecretRow {
        id: "sec_0".into(),
        made: days_ago(200),
        last_used: Some(ago(120)),
        ends: Some(Moment::seen_from(NOW.plus_secs(86_000), NOW)),
    };
    let newer = SecretRow { id: "sec_1".into(), made: ago(1), last_used: None, ends: None };
    let fresh = Some(FreshSecret { value: "pcs_5Jr0v8cQm2bX7yTn4kLw9sZdHfPaGuEi".into() });
    add(
        made,
        "app-rotated",
        &AppSetUp { secrets: vec![newer, older], fresh, is_in_development: true, ..world.set_up() },
    );
    let public = AppHead { is_public: true, ..world.head(AppTab::SetUp) };
    let snippets = snippets("https://id.example.org", APP, "https://notes.acme.test/callback", true, "RS256", "");
    add(made, "app-viewed", &AppSetUp { head: public, secrets: vec![], snippets, may_change: false, ..world.set_up() });
    let choice = |name: &str, yields: &str, is_allowed, is_high| ScopeChoice {
        name: name.into(),
        asks: scope_line(name, &Email::Verified("their address".into())).text.trim_end_matches(',').to_owned(),
        yields: yields.into(),
        is_allowed,
        is_high,
    };
    let choices = vec![
        choice("openid", "an ID token", true, false),
        choice("profile", "name, preferred_username, picture", true, false),
        choice("email", "email, email_verified", true, false),
        choice("offline_access", "a refresh token", false, false),
        choice("user_id", "uid, the same for all identities of a person at this app", false, true),
    ];
    let rail = || world.team().rail(DevelopersTab::App(APP));
    add(
        made,
        "app-scopes",
        &AppScopes {
            frame: frame(),
            rail: rail(),
            head: world.head(AppTab::Scopes),
            choices,
            mistake: None,
            may_change: true,
        },
    );
    let tokens = AppTokens {
        frame: frame(),
        rail: rail(),
        head: world.head(AppTab::Tokens),
        access_ttl: Entry::empty(),
        refresh_idle: Entry::of("2592000"),
        refresh_absolute: Entry::empty(),
        replay_window: Entry::refused("90", "Between 0 and 60 seconds."),
        server_access_ttl: span(3_600),
        server_refresh_idle: span(2_592_000),
        server_refresh_absolute: span(31_536_000),
        algorithm: "RS256".into(),
        requires_pkce: true,
        may_change: true,
    };
    add(made, "app-tokens", &tokens);
    let counts = AppCounts { people: 1_204, sign_ins_7_days: 311, refusals_7_days: 2 };
    let activity = AppActivity {
        frame: frame(),
        rail: rail(),
        head: world.head(AppTab::Activity),
        counts,
        events: world.events(),
        pager: Pager::default(),
    };
    add(made, "app-activity", &activity);
    add(made, "app-activity-empty", &AppActivity { events: vec![], counts: AppCounts::default(), ..activity });
    let member = |id: &str, name: &str, role: &str, is_you| {
        let name = Name::new(name);
        MemberRow {
            tile: Tile::person(id, &name, None),
            name,
            handle: world.handle.clone(),
            role: role.into(),
            since: days_ago(300),
            is_you,
        }
    };
    let rows = vec![member("1", &world.person, "Owner", true), member("2", "Grace", "Viewer", false)];
    add(
        made,
        "members",
        &Members {
            frame: frame(),
            rail: world.team().rail(DevelopersTab::Members),
            organization: "Acme Inc.".into(),
            rows,
        },
    );
    let end = End {
        frame: frame(),
        rail: rail(),
        heading: format!("Delete {}?", world.app),
        ends: vec!["1,204 people can no longer sign in to it".into(), "Its tokens and secrets stop to work".into()],
        note: Some("This cannot be undone. The client ID is never given out again.".into()),
        action: format!("/developers/apps/{APP}/end"),
        fields: vec![],
        confirm: Some((world.app.clone(), Entry::empty())),
        verb: "Delete the app".into(),
        cancel_url: format!("/developers/apps/{APP}"),
    };
    add(made, "end-app", &end);
}

fn approvals(made: &mut Vec<Sample>, world: &World) {
    let frame = World::frame;
    let row = |state| ApprovalRow {
        url: "/account/approvals/0190a000-0000-7000-8000-000000000000".into(),
        who: Name::new(&world.app),
        deed: "delete something in Fake calendar".into(),
        asked: ago(60),
        state,
    };
    let list = Approvals {
        frame: frame(),
        rail: world.holder().rail(AccountTab::Approvals),
        rows: vec![row(CallState::Waiting), row(CallState::Done), row(CallState::TooLate), row(CallState::Failed)],
        older_url: Some("/account/approvals?before=0190a000".into()),
    };
    add(made, "approvals", &list);
    add(made, "approvals-none", &Approvals { rows: vec![], older_url: None, ..list.clone() });
    let call = CallToDecide {
        frame: frame(),
        app: Name::new(&world.app),
        host: world.host.clone(),
        tile: Tile::app("app_1", &Name::new(&world.app), None),
        agent: Some(Name::new(&world.person)),
        deed: "delete something in Fake calendar".into(),
        service: "Fake calendar".into(),
        account: Name::new(&world.address),
        method: "DELETE".into(),
        address: "calendar.example.com/calendar/v3/events/42".into(),
        reason: Some(world.sentence.clone()),
        raw: format!("DELETE https://calendar.example.com/calendar/v3/events/42\nx-note: {}\n", world.sentence),
        is_body_hidden: false,
        digest: "0".repeat(64),
        asked: ago(60),
        ends: ago(-540),
        state: CallState::Waiting,
        action: "/account/approvals/0190a000-0000-7000-8000-000000000000".into(),
        start: "/api/approvals/0190a000-0000-7000-8000-000000000000/start".into(),
        approve: "/api/approvals/0190a000-0000-7000-8000-000000000000/approve".into(),
        may_use_code: false,
        code: Entry::empty(),
    };
    add(made, "approval", &call);
    let demo = CallToDecide {
        may_use_code: true,
        is_body_hidden: true,
        agent: None,
        code: Entry::refused("abc", "This code is not right."),
        ..call.clone()
    };
    add(made, "approval-demo", &demo);
    add(made, "approval-over", &CallToDecide { state: CallState::Done, ..call });
}
