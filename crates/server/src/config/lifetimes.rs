//! How long things live.

use super::setting::section;

section! {
    /// How long things live, in seconds. An app can set its own for its tokens.
    "lifetimes" Lifetimes {
        /// An authorization code, from its issue to its one use.
        code_secs: i64 = "60" env "PROCURA_CODE_TTL" within 1..=600;
        /// An access token, and the ID token beside it.
        access_secs: i64 = "3600" env "PROCURA_ACCESS_TTL" within 1..=86_400;
        /// A refresh token that is not used.
        refresh_idle_secs: i64 = "2592000" env "PROCURA_REFRESH_TTL" within 1..=31_536_000;
        /// A family of refresh tokens, however often it is used.
        refresh_absolute_secs: i64 = "31536000" within 1..=157_680_000;
        /// How long a refresh token answers a second time with the same successor. 0 is the strict reading: any second use is theft.
        refresh_replay_secs: i64 = "0" env "PROCURA_REFRESH_REPLAY_WINDOW" within 0..=60;
        /// A session in which a person links accounts for an app (Connect).
        connect_session_secs: i64 = "600" env "PROCURA_CONNECT_SESSION_TTL" within 30..=3_600;
        /// A browser's session, however often it is used.
        session_secs: i64 = "2592000" within 60..=31_536_000;
        /// A browser's session that is not used.
        session_idle_secs: i64 = "1209600" within 60..=31_536_000;
    }
}
