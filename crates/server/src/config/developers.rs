//! What people may do as developers.

use super::setting::section;

section! {
    /// The developer pages.
    "developers" Developers {
        /// Whether anyone who is signed in may register apps.
        self_service: bool = "true";
    }
}
