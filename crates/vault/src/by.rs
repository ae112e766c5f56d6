//! Who had something done to the keys, agents and people of an app.

use crate::Caller;
use base::{AccountId, AppId, Fault, OrganizationId, Seams};
use ledger::{Act, Entry};

/// An app whose things are changed, and who changes them.
#[derive(Debug, Clone)]
pub struct By {
    pub app: AppId,
    pub organization: Option<OrganizationId>,
    pub who: Who,
}

/// Who it is.
#[derive(Debug, Clone)]
pub enum Who {
    /// The app's backend, by a key.
    Caller { hint: String, source: String },
    /// A person who works on the app.
    Account(AccountId),
    /// Somebody with the machine.
    Operator,
}

impl By {
    /// A backend that calls.
    pub fn caller(caller: &Caller) -> By {
        By {
            app: caller.app.clone(),
            organization: Some(caller.organization.clone()),
            who: Who::Caller { hint: caller.hint.clone(), source: caller.source.clone() },
        }
    }

    /// A row of the journal; `detail` is an object, and gets who it was.
    pub(crate) fn entry(&self, act: Act, seams: &Seams, mut detail: serde_json::Value) -> Result<Entry, Fault> {
        let mut entry = Entry::new(act, seams)?.app(&self.app);
        if let Some(organization) = &self.organization {
            entry = entry.organization(organization);
        }
        let word = match &self.who {
            Who::Caller { hint, source } => {
                entry = entry.source(source);
                format!("key {hint}")
            }
            Who::Account(account) => {
                entry = entry.account(account);
                "member".to_owned()
            }
            Who::Operator => "operator".to_owned(),
        };
        if let Some(members) = detail.as_object_mut() {
            members.insert("by".to_owned(), word.into());
        }
        Ok(entry.detail(detail))
    }
}
