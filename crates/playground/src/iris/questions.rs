//! What Iris was asked, by whom: in memory, and never more than fits there.

use parking_lot::Mutex;
use std::collections::{HashMap, VecDeque};

const MOST_PEOPLE: usize = 1000;
const MOST_QUESTIONS: usize = 20;

/// The last questions of each person, by the `sub` of the token that asked.
#[derive(Default)]
pub(super) struct Questions(Mutex<HashMap<String, VecDeque<String>>>);

impl Questions {
    pub(super) fn keep(&self, subject: &str, prompt: &str) {
        let mut people = self.0.lock();
        // A sample on one computer: rather begin again than grow without end.
        if people.len() >= MOST_PEOPLE && !people.contains_key(subject) {
            people.clear();
        }
        let questions = people.entry(subject.to_owned()).or_default();
        if questions.len() >= MOST_QUESTIONS {
            questions.pop_front();
        }
        questions.push_back(prompt.to_owned());
    }

    /// The oldest first.
    pub(super) fn of(&self, subject: &str) -> Vec<String> {
        self.0.lock().get(subject).map(|questions| questions.iter().cloned().collect()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_sees_the_last_of_their_own_questions() {
        let questions = Questions::default();
        for number in 0..=MOST_QUESTIONS {
            questions.keep("ada", &number.to_string());
        }
        questions.keep("bob", "hello");
        assert_eq!(questions.of("ada").len(), MOST_QUESTIONS);
        assert_eq!(questions.of("ada").first().map(String::as_str), Some("1"));
        assert_eq!(questions.of("bob"), ["hello"]);
        assert!(questions.of("eve").is_empty());
    }

    #[test]
    fn many_people_do_not_fill_the_memory() {
        let questions = Questions::default();
        for number in 0..=MOST_PEOPLE {
            questions.keep(&number.to_string(), "hello");
        }
        assert!(questions.0.lock().len() <= MOST_PEOPLE);
    }
}
