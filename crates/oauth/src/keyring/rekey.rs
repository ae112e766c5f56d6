//! Moving what this crate keeps sealed to the newest master key, while servers run.

use super::rows;
use crate::subject::SubjectKey;
use base::{Fault, Seams};
use db::{Sealer, Store};

/// Seals every signing key and the subject key anew that is under an older master key. Gives how many were.
pub async fn rekey(store: &Store, sealer: &Sealer, seams: &Seams) -> Result<u64, Fault> {
    let mut moved = SubjectKey::rekey(store, sealer, seams).await?;
    for (id, old) in store.read(rows::sealed).await? {
        let row = id.to_string();
        if let Some(new) = sealer.reseal(rows::place(&row), &old, seams.entropy())? {
            moved += store.write(move |tx| rows::replace(tx, id, &old, &new)).await?;
        }
    }
    Ok(moved)
}
