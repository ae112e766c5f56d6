//! Every page, in every state of the gallery: well-formed, accessible by name, free of inline code, whatever others write.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

#[path = "../examples/gallery/samples.rs"]
mod samples;

use samples::{Sample, World};

fn every_page() -> Vec<Sample> {
    [World::friendly(), World::long(), World::hostile()].iter().flat_map(samples::all).collect()
}

/// A tag as written: its name (with `/` when it closes) and its attributes.
struct Tag {
    name: String,
    attributes: Vec<(String, String)>,
}

impl Tag {
    fn get(&self, wanted: &str) -> Option<&str> {
        self.attributes.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str())
    }
}

/// Reads the tags of a page. Quotes are minded, so that a `>` in a value does not end a tag; the text of scripts is skipped.
fn tags(html: &str) -> Vec<Tag> {
    let mut found = Vec::new();
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        rest = &rest[start + 1..];
        let (tag, after) = read_tag(rest);
        rest = after;
        if tag.name == "script" {
            rest = &rest[rest.find("</script").expect("a script ends")..];
        }
        found.push(tag);
    }
    found
}

fn read_tag(text: &str) -> (Tag, &str) {
    let end_of_name = text.find(|letter: char| letter.is_whitespace() || letter == '>').expect("a tag ends");
    let name = text[..end_of_name].to_ascii_lowercase();
    let (mut rest, mut attributes) = (text[end_of_name..].trim_start(), Vec::new());
    while !rest.starts_with('>') {
        let end =
            rest.find(|letter: char| letter.is_whitespace() || matches!(letter, '=' | '>')).expect("an attribute ends");
        let attribute = rest[..end].to_ascii_lowercase();
        assert!(
            attribute.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'!' | b'/')),
            "odd attribute {attribute:?}"
        );
        rest = &rest[end..];
        let mut value = String::new();
        if let Some(quoted) = rest.strip_prefix("=\"") {
            let close = quoted.find('"').expect("a value ends");
            quoted[..close].clone_into(&mut value);
            rest = &quoted[close + 1..];
        } else {
            assert!(!rest.starts_with('='), "{attribute} of {name} is not quoted");
        }
        attributes.push((attribute, value));
        rest = rest.trim_start();
    }
    (Tag { name, attributes }, &rest[1..])
}

const VOID: &[&str] = &["!doctype", "meta", "link", "input", "img", "hr", "br", "circle", "path", "rect"];

#[test]
fn tags_nest() {
    for page in every_page() {
        let mut open: Vec<String> = Vec::new();
        for tag in tags(&page.html) {
            if let Some(closed) = tag.name.strip_prefix('/') {
                assert_eq!(open.pop().as_deref(), Some(closed), "{}: </{closed}>", page.name);
            } else if !VOID.contains(&tag.name.as_str()) {
                open.push(tag.name);
            }
        }
        assert!(open.is_empty(), "{}: {open:?} stay open", page.name);
    }
}

#[test]
fn threat_182_what_others_write_stays_text() {
    for page in samples::all(&World::hostile()) {
        assert!(!page.html.contains("<script>"), "{}: a script came through", page.name);
        assert!(!page.html.contains("<img src=x"), "{}: a picture came through", page.name);
        for tag in tags(&page.html) {
            let handler = tag.attributes.iter().find(|(name, _)| name.starts_with("on"));
            assert!(handler.is_none(), "{}: {handler:?} in {}", page.name, tag.name);
        }
    }
}

#[test]
fn threat_182_hostile_pages_have_the_same_tags_as_friendly_ones() {
    let shape = |page: &Sample| -> Vec<String> { tags(&page.html).into_iter().map(|tag| tag.name).collect() };
    for (friendly, hostile) in samples::all(&World::friendly()).iter().zip(samples::all(&World::hostile())) {
        assert_eq!(shape(friendly), shape(&hostile), "{}", friendly.name);
    }
}

#[test]
fn threat_181_pages_hold_no_inline_code_and_ask_no_third_party() {
    for page in every_page() {
        for tag in tags(&page.html) {
            assert!(
                tag.get("style").is_none() && tag.name != "style",
                "{}: a style of its own in {}",
                page.name,
                tag.name
            );
            if tag.name == "script" {
                let is_ours = tag.get("src").is_some_and(|src| src.starts_with("/assets/"));
                let is_allowed =
                    tag.get("nonce").is_some_and(|nonce| page.headers.content_security_policy.contains(nonce));
                assert!(is_ours || is_allowed, "{}: a script that the policy refuses", page.name);
            }
            if matches!(tag.name.as_str(), "link" | "img" | "script") {
                let loaded = tag.get("href").or(tag.get("src"));
                assert!(
                    loaded.is_none_or(|url| url.starts_with('/') && !url.starts_with("//")),
                    "{}: {loaded:?}",
                    page.name
                );
            }
        }
        assert!(!page.headers.content_security_policy.contains("unsafe"), "{}", page.name);
    }
}

#[test]
fn every_asset_a_page_names_exists() {
    for page in every_page() {
        for tag in tags(&page.html) {
            for file in ["href", "src"].iter().filter_map(|name| tag.get(name)?.strip_prefix("/assets/")) {
                assert!(server::assets::find(file).is_some(), "{}: /assets/{file}", page.name);
            }
        }
    }
}

#[test]
fn threat_100_every_form_that_posts_here_carries_the_token() {
    for page in every_page().iter().filter(|page| page.name != "form-post") {
        let posts = page.html.split("<form").skip(1).map(|rest| rest.split("</form").next().unwrap_or(rest));
        for form in posts.filter(|form| form.contains("method=\"post\"")) {
            assert!(form.contains("name=\"csrf\" value=\"csrf_0123456789\""), "{}: {form}", page.name);
        }
    }
}

#[test]
fn the_policy_of_a_page_lets_its_own_forms_through() {
    for page in every_page() {
        let forbids = page.headers.content_security_policy.contains("form-action 'none'");
        let posts = tags(&page.html).iter().any(|tag| tag.name == "form" && tag.get("method") == Some("post"));
        assert!(!(forbids && posts), "{}: its form would not be sent", page.name);
    }
}

#[test]
fn threat_101_the_consent_form_carries_nothing_of_the_request() {
    for name in ["consent", "consent-more", "consent-quick", "continue"] {
        let pages = samples::all(&World::friendly());
        let page = pages.iter().find(|page| page.name == name).expect("a consent page");
        let mut fields: Vec<_> = tags(&page.html)
            .into_iter()
            .filter(|tag| matches!(tag.name.as_str(), "input" | "select" | "textarea" | "button"))
            .filter_map(|tag| tag.get("name").map(str::to_owned))
            .collect();
        fields.sort();
        fields.dedup();
        assert_eq!(fields, ["csrf", "decision", "flow", "identity"], "{name}");
    }
}

#[test]
fn deny_and_allow_are_submit_buttons_of_one_form_and_deny_comes_first() {
    let pages = samples::all(&World::friendly());
    let page = pages.iter().find(|page| page.name == "consent").expect("the consent page");
    let decisions: Vec<_> = tags(&page.html)
        .into_iter()
        .filter(|tag| tag.get("name") == Some("decision"))
        .map(|tag| (tag.name.clone(), tag.get("value").unwrap_or_default().to_owned(), tag.get("disabled").is_some()))
        .collect();
    assert_eq!(decisions, [("button".into(), "deny".into(), false), ("button".into(), "allow".into(), false)]);
}

#[test]
fn pages_have_a_language_a_title_one_heading_and_one_main_part() {
    for page in every_page() {
        let tags = tags(&page.html);
        let count = |wanted: &str| tags.iter().filter(|tag| tag.name == wanted).count();
        assert!(tags.iter().any(|tag| tag.name == "html" && tag.get("lang") == Some("en")), "{}", page.name);
        assert_eq!((count("title"), count("main")), (1, 1), "{}", page.name);
        // The register sheet holds the heading of its second step, hidden until then.
        let hidden = usize::from(page.html.contains("id=\"made\""));
        assert_eq!(count("h1") - hidden, 1, "{}", page.name);
    }
}

#[test]
fn every_field_has_a_label_and_ids_are_unique() {
    for page in every_page() {
        let tags = tags(&page.html);
        let mut ids: Vec<_> = tags.iter().filter_map(|tag| tag.get("id")).collect();
        let total = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), total, "{}: an id stands twice", page.name);
        for tag in tags.iter().filter(|tag| matches!(tag.name.as_str(), "input" | "select" | "textarea")) {
            if matches!(tag.get("type"), Some("hidden" | "radio" | "checkbox")) {
                continue;
            }
            let id = tag.get("id").expect("a field has an id");
            let is_labelled = tags.iter().any(|other| other.name == "label" && other.get("for") == Some(id));
            assert!(is_labelled, "{}: {id} has no label", page.name);
            for part in tag.get("aria-describedby").unwrap_or_default().split_whitespace() {
                assert!(ids.binary_search(&part).is_ok(), "{}: {id} is described by nothing", page.name);
            }
        }
    }
}

#[test]
fn pages_of_people_speak_plain_words() {
    let technical = ["oauth", "grant", "token", "consent", "scope", "invalid_", "client_id", "please", "!</"];
    let people = |name: &str| {
        !name.starts_with("app") && !matches!(name, "members" | "end-app" | "oops" | "form-post" | "session-tokens")
    };
    for page in samples::all(&World::friendly()).iter().filter(|page| people(page.name)) {
        let text = visible_text(&page.html).to_lowercase();
        for word in technical {
            assert!(!text.contains(word), "{} says {word:?}", page.name);
        }
    }
}

fn visible_text(html: &str) -> String {
    let body = html.split("<main").nth(1).unwrap_or_default();
    body.split('<').filter_map(|part| part.split_once('>')).map(|(_, text)| text).collect::<Vec<_>>().join(" ")
}
