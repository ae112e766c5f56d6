//! Randomness: the one seam it comes through.

use crate::fault::Fault;
use sha2::{Digest as _, Sha256};
use std::sync::atomic::{AtomicU64, Ordering};

/// A source of random bytes fit for keys and tokens.
pub trait Entropy: Send + Sync + 'static {
    /// Fills the buffer. A source that cannot is a fault: nothing may be minted from a half-filled buffer.
    fn fill(&self, buffer: &mut [u8]) -> Result<(), Fault>;
}

/// So many random bytes.
pub fn draw<const N: usize>(entropy: &dyn Entropy) -> Result<[u8; N], Fault> {
    let mut bytes = [0u8; N];
    entropy.fill(&mut bytes)?;
    Ok(bytes)
}

/// The operating system's generator.
#[derive(Debug, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    #[allow(clippy::disallowed_methods)] // this is the seam
    fn fill(&self, buffer: &mut [u8]) -> Result<(), Fault> {
        getrandom::fill(buffer).map_err(|cause| Fault::new(format!("entropy draw: {cause}")))
    }
}

/// A repeatable stream for tests: SHA-256 over a seed and a counter.
#[derive(Debug)]
pub struct SeededEntropy {
    seed: u64,
    counter: AtomicU64,
}

impl SeededEntropy {
    /// A stream that is the same for the same seed.
    pub fn new(seed: u64) -> SeededEntropy {
        SeededEntropy { seed, counter: AtomicU64::new(0) }
    }
}

impl Entropy for SeededEntropy {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), Fault> {
        for chunk in buffer.chunks_mut(32) {
            let counter = self.counter.fetch_add(1, Ordering::SeqCst);
            let mut hasher = Sha256::new();
            hasher.update(self.seed.to_be_bytes());
            hasher.update(counter.to_be_bytes());
            let block = hasher.finalize();
            for (to, from) in chunk.iter_mut().zip(block.iter()) {
                *to = *from;
            }
        }
        Ok(())
    }
}
