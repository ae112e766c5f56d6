//! The headers that make a page hard to abuse, as plain data (threats 24, 103, 139, 181).

use std::fmt::Write as _;

/// Where the forms of a page lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Posts {
    /// The page has no form.
    Nothing,
    /// The page has no form, but may stand in a popup that an app has opened and watches: errors, outcomes.
    NothingInPopup,
    /// To our own origin, and the answer stays there.
    Home,
    /// To our own origin, but the answer may redirect to an app: browsers apply `form-action` to that too, so none is sent.
    Away,
    /// To an app at once (`response_mode=form_post`).
    App,
}

/// Headers of one page. The edge adds those that every answer has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Headers {
    pub content_security_policy: String,
    pub referrer_policy: &'static str,
    pub cross_origin_opener_policy: &'static str,
    pub permissions_policy: &'static str,
}

impl Headers {
    pub(super) fn new(posts: Posts, nonce: Option<&str>) -> Headers {
        Headers {
            content_security_policy: content_security_policy(posts, nonce),
            // Under `no-referrer` browsers send `Origin: null` on our own posts.
            referrer_policy: if matches!(posts, Posts::Home | Posts::Away) { "same-origin" } else { "no-referrer" },
            // `same-origin` would cut a popup from the page that opened it.
            cross_origin_opener_policy: if matches!(posts, Posts::Nothing | Posts::Home) {
                "same-origin"
            } else {
                "unsafe-none"
            },
            permissions_policy: "publickey-credentials-get=(self), publickey-credentials-create=(self), camera=(), \
                                 microphone=(), geolocation=(), payment=(), usb=()",
        }
    }
}

fn content_security_policy(posts: Posts, nonce: Option<&str>) -> String {
    let mut policy =
        String::from("default-src 'none'; base-uri 'none'; frame-ancestors 'none'; style-src 'self'; font-src 'self'");
    policy.push_str("; img-src 'self'; connect-src 'self'; script-src 'self'");
    if let Some(nonce) = nonce {
        let _ = write!(policy, " 'nonce-{nonce}'");
    }
    match posts {
        Posts::Nothing | Posts::NothingInPopup => policy.push_str("; form-action 'none'"),
        Posts::Home => policy.push_str("; form-action 'self'"),
        Posts::Away | Posts::App => {}
    }
    policy
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threat_139_pages_on_the_popup_path_keep_their_opener() {
        let opener = |posts| Headers::new(posts, None).cross_origin_opener_policy;
        assert_eq!([Posts::Away, Posts::App, Posts::NothingInPopup].map(opener), ["unsafe-none"; 3]);
        assert_eq!([Posts::Nothing, Posts::Home].map(opener), ["same-origin"; 2]);
    }

    #[test]
    fn threat_024_only_pages_that_post_to_us_send_a_referrer_and_only_to_us() {
        let referrer = |posts| Headers::new(posts, None).referrer_policy;
        assert_eq!([Posts::Home, Posts::Away].map(referrer), ["same-origin"; 2]);
        assert_eq!([Posts::Nothing, Posts::NothingInPopup, Posts::App].map(referrer), ["no-referrer"; 3]);
    }

    #[test]
    fn only_pages_whose_answer_may_leave_send_no_form_action() {
        for (posts, expected) in
            [(Posts::Nothing, Some("'none'")), (Posts::Home, Some("'self'")), (Posts::Away, None), (Posts::App, None)]
        {
            let policy = Headers::new(posts, None).content_security_policy;
            assert_eq!(policy.split("; ").find_map(|rule| rule.strip_prefix("form-action ")), expected);
            assert!(!policy.contains("unsafe"));
            assert!(policy.contains("frame-ancestors 'none'"));
        }
        assert!(Headers::new(Posts::App, Some("n0")).content_security_policy.contains("script-src 'self' 'nonce-n0'"));
    }
}
