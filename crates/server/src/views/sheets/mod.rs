//! Sheets: one column, one deed. Sign-in, registration, consent, approval, recovery, errors.

mod approval;
mod codes;
mod connect;
mod consent;
mod email;
mod embed;
mod form_post;
mod home;
mod link;
mod login;
mod logout;
mod mailbox;
mod oops;
mod register;
mod runtime;

pub use approval::{ApprovalState, Approve, ApproveCode, AskApproval, Waiting};
pub use codes::Codes;
pub use connect::{Connect, ConnectAgain, LinkedChoice, When};
pub use consent::{Consent, ConsentNote, Continue, Persona};
pub use email::{EmailAdd, EmailCode};
pub use embed::{Gate, GateQuestion, Relay};
pub use form_post::FormPost;
pub use home::{Home, Moved};
pub use link::{LinkAgent, LinkEnd, LinkOpen, LinkPage, LinkPick, LinkSecret, LinkService, LinkState, LinkWho};
pub use login::{Login, LoginReason, OneTimeLink, Recover, SelectAccount, StepUp};
pub use logout::{Logout, SignedOut};
pub use mailbox::{Mail, Mailbox};
pub use oops::{Oops, Said};
pub use register::{Register, Registration};
pub use runtime::Runtime;
