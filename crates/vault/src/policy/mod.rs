//! What single calls need (`product.md` 4.7, `connect-wire.md` 3.3 step 8).
//!
//! Promise: deny wins; what cannot be judged, read or counted is denied (threat 172); a rule that one request brings along can only
//! narrow. A limit is counted in one statement, so that parallel calls never share a unit (threat 175). Every decision says why.

mod content;
mod decide;
mod keep;
mod pattern;
mod rows;

pub(crate) use content::Content;
pub(crate) use decide::{Case, Counted, Verdict, bound_to_proxy, decide};
pub use keep::{RuleWish, put};
pub use pattern::Pattern;
pub use rows::list_of_app;
pub(crate) use rows::{count, delete_of_app, ended_agent, ended_key, list_live, sweep_counters};

use base::{AgentId, AppId, GrantId, Time};

/// A rule as stored.
#[derive(Debug, Clone)]
pub struct Rule {
    pub id: String,
    pub app: AppId,
    /// It is for calls that all of these fit; nothing fits everything.
    pub provider: Option<String>,
    pub agent: Option<AgentId>,
    pub grant: Option<GrantId>,
    /// `operator`, `developer`, `person`
    pub made_by: String,
    pub need: Need,
    pub patterns: Vec<Pattern>,
    /// The patterns as they were written.
    pub matches: Vec<String>,
    pub created_at: Time,
}

/// What a rule asks of the calls that it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Calls go through only where a rule of this kind names them, once there is one.
    Allow,
    Deny,
    RequireApproval,
    /// At most so many in a window of so many seconds.
    Limit {
        times: i64,
        per_secs: i64,
    },
    /// The row is not what any rule looks like: everything that it is for is denied.
    Broken,
}

impl Need {
    /// The stored word.
    pub fn as_str(self) -> &'static str {
        match self {
            Need::Allow => "allow",
            Need::Deny => "deny",
            Need::RequireApproval => "require_approval",
            Need::Limit { .. } => "limit",
            Need::Broken => "broken",
        }
    }
}
