//! The pages as structs: what each one shows, in the words it shows it.
//!
//! Promise: a page renders from its struct alone, escapes what people and apps wrote, holds no inline style and no inline
//! script (but the one of `FormPost`, which carries a nonce), and works without a script wherever no passkey is involved.
//! Which URL a form posts to stands in the documentation of its struct. Deciding what to show is the handler's work.

pub mod account;
pub mod developers;
mod end;
mod event;
mod parts;
mod policy;
mod rail;
mod sheets;
mod when;
mod words;

pub use end::End;
pub use event::{Event, Filter, Pager, Weight};
pub use parts::{Email, Entry, Field, Frame, Host, Line, Link, May, Name, Risk, Shape, Tag, Tile, Who};
pub use policy::{Headers, Posts};
pub use rail::{Rail, RailItem};
pub use sheets::*;
pub use when::{Moment, span};
pub use words::{count, deeds, knows, scope_line};

use base::Fault;

/// A whole page.
pub trait Page: askama::Template {
    /// Where the forms of this page lead; decides its headers.
    const POSTS: Posts;

    /// The HTML.
    fn html(&self) -> Result<String, Fault> {
        self.render().map_err(|error| Fault::new(format!("page render: {error}")))
    }

    /// The security headers this page needs. `nonce` is that of its inline script, where it has one.
    fn headers(&self, nonce: Option<&str>) -> Headers {
        Headers::new(Self::POSTS, nonce)
    }
}

/// Says of each page where its forms lead.
macro_rules! pages {
    ($posts:ident: $($page:ty),+ $(,)?) => {
        $(impl $crate::views::Page for $page {
            const POSTS: $crate::views::Posts = $crate::views::Posts::$posts;
        })+
    };
}
pub(crate) use pages;
