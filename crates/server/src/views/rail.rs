//! The rail: where one is in a place, and where else one can go.

use super::parts::{Link, Name, Tile};

/// The navigation at the left of a place.
#[derive(Debug, Clone)]
pub struct Rail {
    /// What the navigation is called: *Account*.
    pub label: &'static str,
    pub tile: Tile,
    pub name: Name,
    /// Below the name: `@ada`, *3 apps*.
    pub below: String,
    pub items: Vec<RailItem>,
    /// At the foot: other places, signing out.
    pub others: Vec<Link>,
}

/// One page of the place.
#[derive(Debug, Clone)]
pub struct RailItem {
    pub text: String,
    pub url: String,
    pub is_current: bool,
    pub count: Option<u32>,
    /// The count waits for the person.
    pub is_urgent: bool,
}

impl RailItem {
    pub fn new(text: impl Into<String>, url: impl Into<String>, is_current: bool) -> RailItem {
        RailItem { text: text.into(), url: url.into(), is_current, count: None, is_urgent: false }
    }

    pub fn counting(self, count: u32) -> RailItem {
        RailItem { count: (count > 0).then_some(count), ..self }
    }
}
