//! One's data: to take along, to delete.

use crate::views::pages;
use crate::views::parts::Frame;
use crate::views::rail::Rail;
use askama::Template;

/// `GET /account/data`. `POST /account/data/export` with `csrf` answers with a JSON file; `/account/data/end` is the page before deletion.
#[derive(Debug, Clone, Template)]
#[template(path = "account/data.html")]
pub struct YourData {
    pub frame: Frame,
    pub rail: Rail,
}

pages!(Home: YourData);
