//! How long requests took: every single one is kept, so that the percentiles are exact.

use std::time::Duration;

/// Latencies in microseconds.
#[derive(Debug, Default)]
pub struct Latencies(Vec<u32>);

impl Latencies {
    /// Notes one.
    pub fn note(&mut self, took: Duration) {
        self.0.push(u32::try_from(took.as_micros()).unwrap_or(u32::MAX));
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// Takes those of another connection in.
    pub fn join(&mut self, other: Latencies) {
        self.0.extend(other.0);
    }

    /// The least latency that so many of a hundred requests did not exceed, in microseconds; for several percentiles at once.
    pub fn percentiles<const N: usize>(mut self, wanted: [f64; N]) -> [u32; N] {
        self.0.sort_unstable();
        let place = |percent: f64| ((self.0.len() as f64 * percent / 100.0).ceil() as usize).saturating_sub(1);
        wanted.map(|percent| self.0.get(place(percent)).copied().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_those_of_the_sorted_list() {
        let mut latencies = Latencies::default();
        (1..=1000_u64).rev().for_each(|micros| latencies.note(Duration::from_micros(micros)));
        assert_eq!(latencies.percentiles([50.0, 90.0, 99.0, 100.0]), [500, 900, 990, 1000]);
        assert_eq!(Latencies::default().percentiles([50.0]), [0]);
    }
}
