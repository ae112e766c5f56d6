//! Moments as people say them: *2 minutes ago*, *3 May*, *in 5 minutes*; the exact time on hover.

use askama::Template;
use base::Time;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// A moment, said from another one.
#[derive(Debug, Clone, PartialEq, Eq, Template)]
#[template(path = "parts/moment.html")]
pub struct Moment {
    /// For machines: ISO 8601.
    pub iso: String,
    /// For people.
    pub text: String,
    /// For people who want to know exactly.
    pub exact: String,
}

impl askama::filters::HtmlSafe for Moment {}

impl Moment {
    /// How `at` is said at `now`: the last and next day in relation, otherwise the date.
    pub fn seen_from(at: Time, now: Time) -> Moment {
        let text = match now.ms_since(at) / 1000 {
            -59..=59 => "just now".to_owned(),
            past @ 60..=86_399 => format!("{} ago", span(past)),
            ahead @ -86_399..=-60 => format!("in {}", span(-ahead)),
            _ => day(at, now),
        };
        Moment { iso: at.iso(), text, exact: exact(at) }
    }

    /// The date of `at`, for what holds for days: *3 May*, with the year unless it is this one.
    pub fn day(at: Time, now: Time) -> Moment {
        Moment { iso: at.iso(), text: day(at, now), exact: exact(at) }
    }
}

/// A stretch of time in its largest unit: *2 minutes*, *1 hour*, *30 days*.
pub fn span(secs: i64) -> String {
    let (count, unit) = match secs.max(0) {
        secs @ 0..=59 => (secs, "second"),
        secs @ 60..=3_599 => (secs / 60, "minute"),
        secs @ 3_600..=86_399 => (secs / 3_600, "hour"),
        secs => (secs / 86_400, "day"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

fn day(at: Time, now: Time) -> String {
    let ((year, month, day), (this_year, ..)) = (at.date(), now.date());
    let month = MONTHS.get(month as usize - 1).unwrap_or(&"");
    if year == this_year { format!("{day} {month}") } else { format!("{day} {month} {year}") }
}

fn exact(at: Time) -> String {
    let (year, month, day) = at.date();
    let month = MONTHS.get(month as usize - 1).unwrap_or(&"");
    let minutes = at.ms().rem_euclid(86_400_000) / 60_000;
    format!("{day} {month} {year}, {:02}:{:02} UTC", minutes / 60, minutes % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_said_as_people_say_them() {
        let now = Time::from_ms(1_772_667_481_335);
        let said = |secs| Moment::seen_from(now.plus_secs(secs), now).text;
        assert_eq!(said(-20), "just now");
        assert_eq!(said(-60), "1 minute ago");
        assert_eq!(said(-7_300), "2 hours ago");
        assert_eq!(said(300), "in 5 minutes");
        assert_eq!(said(-86_400 * 3), "1 March");
        assert_eq!(said(-86_400 * 100), "24 November 2025");
        assert_eq!(Moment::seen_from(now, now).exact, "4 March 2026, 23:38 UTC");
        assert_eq!(Moment::day(now, now).text, "4 March");
        assert_eq!(span(2_592_000), "30 days");
    }
}
