//! What happened so far, in numbers.

use super::service::Service;
use serde_json::{Value, json};

#[derive(Debug, Clone, Copy)]
pub(super) enum Event {
    /// A person, or nobody in their place, allowed something.
    Authorization,
    TokenRequest,
    CodeExchange,
    Refresh,
    Revocation,
    Userinfo,
    ApiCall,
}

const NAMES: [&str; 7] = [
    "authorizations",
    "token_requests",
    "code_exchanges",
    "refreshes",
    "revocations",
    "userinfo_requests",
    "api_calls",
];

#[derive(Debug, Clone, Default)]
pub(super) struct Stats {
    calendar: [u64; NAMES.len()],
    chat: [u64; NAMES.len()],
}

impl Stats {
    pub(super) fn count(&mut self, service: Service, event: Event) {
        let counts = match service {
            Service::Calendar => &mut self.calendar,
            Service::Chat => &mut self.chat,
        };
        if let Some(count) = counts.get_mut(event as usize) {
            *count += 1;
        }
    }

    /// The sums, and each service's own under its path.
    pub(super) fn told(&self) -> Value {
        let named =
            |counts: &[u64]| NAMES.iter().zip(counts).map(|(name, count)| ((*name).to_owned(), json!(count))).collect();
        let sums: Vec<u64> = self.calendar.iter().zip(self.chat).map(|(one, other)| one + other).collect();
        let mut told: serde_json::Map<String, Value> = named(&sums);
        for (service, counts) in [(Service::Calendar, &self.calendar), (Service::Chat, &self.chat)] {
            told.insert(service.key().to_owned(), Value::Object(named(counts)));
        }
        Value::Object(told)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_and_services_are_told() {
        let mut stats = Stats::default();
        stats.count(Service::Chat, Event::Refresh);
        stats.count(Service::Calendar, Event::Refresh);
        stats.count(Service::Calendar, Event::ApiCall);
        let told = stats.told();
        assert_eq!(
            (&told["refreshes"], &told["calendar"]["refreshes"], &told["chat"]["refreshes"]),
            (&json!(2), &json!(1), &json!(1))
        );
        assert_eq!((&told["api_calls"], &told["chat"]["api_calls"]), (&json!(1), &json!(0)));
    }
}
