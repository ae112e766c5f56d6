//! Scopes in words. The same permission is asked as a line, listed as a statement and told in the past: the words are here.

use super::parts::{Email, Line, Name, Risk};

/// The line that a consent page shows for a sign-in scope. Resource scopes bring their own text.
/// `email` is what the chosen identity has.
pub fn scope_line(scope: &str, email: &Email) -> Line {
    match scope {
        "openid" => Line::new(Risk::Sees, "Recognise you when you come back"),
        "profile" => Line::new(Risk::Sees, "See your name, handle and picture"),
        "email" => match email.verified() {
            Some(address) => Line::new(Risk::Sees, "See your e-mail address,").about(address),
            None => Line::new(Risk::Withheld, "Your e-mail address: you have none here, so it gets none"),
        },
        "offline_access" => Line::new(Risk::Sees, "Keep you signed in until you end it"),
        "user_id" => Line::new(Risk::Acts, "See that your identities belong to the same person"),
        other => Line::new(Risk::Acts, format!("Use what it calls “{}”", Name::new(other))),
    }
}

/// What an app with these scopes knows, as the Access page says it: *knows your name, picture and e-mail*.
pub fn knows<S: AsRef<str>>(scopes: &[S]) -> String {
    let has = |wanted: &str| scopes.iter().any(|scope| scope.as_ref() == wanted);
    let mut known = Vec::new();
    if has("profile") {
        known.extend(["name", "picture"]);
    }
    if has("email") {
        known.push("e-mail");
    }
    let mut sentence = match known.as_slice() {
        [] => "recognises you".to_owned(),
        [one] => format!("knows your {one}"),
        [first @ .., last] => format!("knows your {} and {last}", first.join(", ")),
    };
    if has("user_id") {
        sentence.push_str(", and which identities are yours");
    }
    if has("offline_access") {
        sentence.push_str("; you stay signed in there");
    }
    sentence
}

/// What may be done elsewhere, in its owner's words, as one clause: *ask questions and read the answers*. `key` names it where
/// the words are gone.
pub fn deeds<S: AsRef<str>>(words: &[S], key: &str) -> String {
    let clauses: Vec<String> = words.iter().map(|text| uncapitalized(Name::new(text.as_ref()).as_str())).collect();
    match clauses.as_slice() {
        [] => format!("use {}", Name::new(key)),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// A sentence as the middle of one. A word in capitals stays as it is.
fn uncapitalized(text: &str) -> String {
    let mut letters = text.chars();
    match (letters.next(), letters.clone().next()) {
        (Some(first), second) if second.is_none_or(|second| !second.is_uppercase()) => {
            first.to_lowercase().chain(letters).collect()
        }
        _ => text.to_owned(),
    }
}

/// A number with separators: *1,204*.
pub fn count<N: std::fmt::Display>(number: N) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_separators() {
        assert_eq!([count(7), count(204), count(1_204), count(1_000_000)], ["7", "204", "1,204", "1,000,000"]);
    }

    #[test]
    fn what_may_be_done_elsewhere_is_one_clause() {
        assert_eq!(
            deeds(&["Ask questions", "See PDF files", "PDF files"], "k"),
            "ask questions, see PDF files and PDF files"
        );
        assert_eq!(deeds::<&str>(&[], "iris:inference"), "use iris:inference");
    }

    #[test]
    fn scopes_are_said_in_plain_words() {
        assert_eq!(knows(&["openid"]), "recognises you");
        assert_eq!(knows(&["openid", "profile", "email"]), "knows your name, picture and e-mail");
        assert_eq!(knows(&["openid", "email", "offline_access"]), "knows your e-mail; you stay signed in there");
        for scope in ["openid", "profile", "email", "offline_access", "user_id"] {
            assert!(!scope_line(scope, &Email::Absent).text.contains(scope));
        }
        assert_eq!(scope_line("email", &Email::Absent).risk, Risk::Withheld);
        assert_eq!(scope_line("email", &Email::Verified("a@b.example".into())).thing.as_deref(), Some("a@b.example"));
    }
}
