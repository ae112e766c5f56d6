//! Which account it is at the other service.

use super::{Inputs, Provider};
use serde_json::Value;

/// An account at a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Never changes; compared when somebody connects again, so that accounts cannot be swapped.
    pub id: String,
    /// What people recognise it by; never empty.
    pub label: String,
}

impl Provider {
    /// Reads the account out of the answer, the token answer or the claims that the descriptor says tell it.
    pub fn read_account(&self, told: &Value, inputs: &Inputs) -> Option<Account> {
        let identity = self.identity_with(inputs)?;
        let text = |pointer: &str| match told.pointer(pointer)? {
            Value::String(text) => Some(text.clone()).filter(|text| !text.is_empty()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        };
        let id = text(&identity.pointer)?;
        let label = text(&identity.label).unwrap_or_else(|| id.clone());
        Some(Account { id, label })
    }
}
