//! The asking browser goes in.

use super::{gone, rows};
use crate::refusal::Result;
use crate::session::{self, Opened, Proof, Session};
use crate::{Flow, People, Visit};

impl People {
    /// Spends an approval and signs in. Only for the browser that asked.
    pub async fn finish_approval(
        &self,
        flow: &Flow,
        id: &str,
        visit: Visit,
        before: Option<Session>,
    ) -> Result<Opened> {
        let (people, flow, id, now) = (self.clone(), flow.clone(), id.to_owned(), self.seams().now());
        self.store()
            .write_again(move |tx| {
                let taken = rows::take(tx, &id, &flow, now)?.ok_or_else(gone)?;
                let proof = Proof::Approval { is_phishing_resistant: taken.acr == Proof::Passkey.acr() };
                let opened =
                    session::enter(tx, &people, &taken.account, proof, &taken.device, &visit, before.as_ref(), now)?;
                opened.ok_or_else(gone)
            })
            .await
    }
}
