//! The seams through which time and randomness come in, handed to every domain once, at start.

use crate::entropy::Entropy;
use crate::fault::Fault;
use crate::id::Numbers;
use crate::time::{Clock, Time};
use std::sync::Arc;

/// Clock, entropy and the source of row numbers. Cheap to clone; clones share the numbers.
#[derive(Clone)]
pub struct Seams {
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    numbers: Arc<Numbers>,
}

impl Seams {
    /// From a clock and a source of randomness.
    pub fn new(clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Seams {
        Seams { clock, entropy, numbers: Arc::new(Numbers::new()) }
    }

    /// The present moment.
    pub fn now(&self) -> Time {
        self.clock.now()
    }

    /// The source of randomness.
    pub fn entropy(&self) -> &dyn Entropy {
        &*self.entropy
    }

    /// The next row number.
    pub fn number(&self) -> Result<i64, Fault> {
        self.numbers.next(self.clock.now(), &*self.entropy)
    }

    /// The clock itself, for parts that keep one.
    pub fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.clock)
    }

    /// The source of randomness itself, for parts that keep one.
    pub fn source(&self) -> Arc<dyn Entropy> {
        Arc::clone(&self.entropy)
    }
}
