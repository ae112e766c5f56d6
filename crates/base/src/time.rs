//! Time: milliseconds since the Unix epoch, and the clock it is read from.

use std::sync::atomic::{AtomicI64, Ordering};

/// A moment, in milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(i64);

impl Time {
    /// From milliseconds since the epoch.
    pub const fn from_ms(ms: i64) -> Time {
        Time(ms)
    }

    /// From whole seconds since the epoch (`NumericDate`, RFC 7519 §2).
    pub const fn from_secs(secs: i64) -> Time {
        Time(secs.saturating_mul(1000))
    }

    /// Milliseconds since the epoch.
    pub const fn ms(self) -> i64 {
        self.0
    }

    /// Whole seconds since the epoch (`NumericDate`, RFC 7519 §2).
    pub const fn secs(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// This moment plus so many seconds.
    pub const fn plus_secs(self, secs: i64) -> Time {
        Time(self.0.saturating_add(secs.saturating_mul(1000)))
    }

    /// This moment plus so many milliseconds.
    pub const fn plus_ms(self, ms: i64) -> Time {
        Time(self.0.saturating_add(ms))
    }

    /// Milliseconds from `earlier` to this moment; negative when `earlier` is later.
    pub const fn ms_since(self, earlier: Time) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// The date in UTC: year, month (1–12), day (1–31).
    pub fn date(self) -> (i64, u32, u32) {
        // Days-to-civil conversion over 400-year eras of 146,097 days, counted from 1 March of year 0.
        let days = self.0.div_euclid(86_400_000) + 719_468;
        let era = days.div_euclid(146_097);
        let day_of_era = days.rem_euclid(146_097);
        let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * day_of_year + 2) / 153;
        let day = (day_of_year - (153 * shifted_month + 2) / 5 + 1) as u32;
        let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 } as u32;
        (year_of_era + era * 400 + i64::from(month <= 2), month, day)
    }

    /// Reads a time as RFC 3339 §5.6 writes it: date, `T`, time, and `Z` or an offset. Nothing when it is no such text or no such day.
    pub fn from_rfc3339(text: &str) -> Option<Time> {
        let number = |from: usize, to: usize| {
            let digits = text.get(from..to).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))?;
            digits.parse::<i64>().ok()
        };
        let is_at =
            |place: usize, letters: &[u8]| text.as_bytes().get(place).is_some_and(|byte| letters.contains(byte));
        if !(is_at(4, b"-") && is_at(7, b"-") && is_at(10, b"Tt ") && is_at(13, b":") && is_at(16, b":")) {
            return None;
        }
        let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
        let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
        let rest = text.get(19..)?;
        let (fraction, zone) = match rest.strip_prefix('.') {
            Some(rest) => {
                let end = rest.find(|letter: char| !letter.is_ascii_digit())?;
                let digits = rest.get(..end.min(3)).filter(|digits| !digits.is_empty())?;
                let ms = digits.parse::<i64>().ok()? * [100, 10, 1].get(digits.len() - 1)?;
                (ms, rest.get(end..)?)
            }
            None => (0, rest),
        };
        let offset_minutes = match zone.as_bytes() {
            [b'Z' | b'z'] => 0,
            [sign @ (b'+' | b'-'), _, _, b':', _, _] => {
                let at = text.len() - 5;
                let minutes = number(at, at + 2)? * 60 + number(at + 3, at + 5)?;
                if *sign == b'-' { -minutes } else { minutes }
            }
            _ => return None,
        };
        if hour > 23 || minute > 59 || second > 59 || offset_minutes.abs() >= 24 * 60 {
            return None;
        }
        // Civil-to-days conversion, the other way round than in `date`.
        let (shifted_year, shifted_month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
        let day_of_era_year = (153 * shifted_month + 2) / 5 + day - 1;
        let era = shifted_year.div_euclid(400);
        let year_of_era = shifted_year.rem_euclid(400);
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_era_year;
        let days = era * 146_097 + day_of_era - 719_468;
        let time = Time(((days * 24 + hour) * 60 + minute - offset_minutes) * 60_000 + second * 1000 + fraction);
        let day_there = Time(days * 86_400_000).date();
        (day_there == (year, month as u32, day as u32)).then_some(time)
    }

    /// ISO 8601 in UTC with milliseconds, as every JSON body of ours writes a time: `2026-03-04T23:38:01.335Z`.
    pub fn iso(self) -> String {
        let (year, month, day) = self.date();
        let ms = self.0.rem_euclid(86_400_000);
        let (hour, minute, second) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60);
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{:03}Z", ms % 1000)
    }
}

/// Where "now" comes from. The system's in the binary, a manual one in tests.
pub trait Clock: Send + Sync + 'static {
    /// The present moment.
    fn now(&self) -> Time;
}

/// The machine's own clock.
#[derive(Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods)] // this is the seam
    fn now(&self) -> Time {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        Time(since.map_or(0, |elapsed| elapsed.as_millis() as i64))
    }
}

/// A clock that moves only when told to.
#[derive(Debug)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// Starts at the given moment.
    pub fn at(now: Time) -> ManualClock {
        ManualClock(AtomicI64::new(now.0))
    }

    /// Moves forward (or back, with a negative number) by so many seconds.
    pub fn advance_secs(&self, secs: i64) {
        self.0.fetch_add(secs * 1000, Ordering::SeqCst);
    }

    /// Moves forward by so many milliseconds.
    pub fn advance_ms(&self, ms: i64) {
        self.0.fetch_add(ms, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Time {
        Time(self.0.load(Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_written_as_iso_8601_with_milliseconds() {
        assert_eq!(Time::from_ms(0).iso(), "1970-01-01T00:00:00.000Z");
        assert_eq!(Time::from_ms(1_772_667_481_335).iso(), "2026-03-04T23:38:01.335Z");
        assert_eq!(Time::from_ms(951_782_400_000).iso(), "2000-02-29T00:00:00.000Z");
        assert_eq!(Time::from_ms(-1).iso(), "1969-12-31T23:59:59.999Z");
    }

    #[test]
    fn times_of_rfc_3339_read_back_and_others_are_none() {
        for (text, iso) in [
            ("2026-03-04T23:38:01.335Z", "2026-03-04T23:38:01.335Z"),
            ("2026-03-05T01:38:01.3+02:00", "2026-03-04T23:38:01.300Z"),
            ("2000-02-29t00:00:00z", "2000-02-29T00:00:00.000Z"),
            ("1969-12-31T18:59:59.999-05:00", "1969-12-31T23:59:59.999Z"),
        ] {
            assert_eq!(Time::from_rfc3339(text).map(Time::iso).as_deref(), Some(iso), "{text}");
        }
        for bad in [
            "",
            "2026-03-04",
            "2026-03-04T23:38:01",
            "2026-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-03-04T24:00:00Z",
            "2026-03-04T23:38:01.Z",
            "2026-03-04T23:38:01+0200",
            "２026-03-04T23:38:01Z",
            "2026-00-04T23:38:01Z",
        ] {
            assert_eq!(Time::from_rfc3339(bad), None, "{bad}");
        }
    }
}
