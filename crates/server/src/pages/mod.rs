//! The pages of people and developers, one file each: what they show and what their forms do.

pub mod account;
mod approval;
mod developers;
mod home;
mod login;
mod mailbox;
mod one_time_link;
mod picture;
mod recover;
mod register;
pub mod visitor;

use crate::app::App;
use axum::Router;
use axum::routing::{get, post};

/// The routes of every page. A new page is one line here.
pub fn router() -> Router<App> {
    Router::new()
        .route("/", get(home::show))
        .route("/login", get(login::show))
        .route("/login/approval", get(approval::show).post(approval::ask))
        .route("/login/approval/finish", post(approval::finish))
        .route("/approve", get(approval::ask_code).post(approval::find))
        .route("/approve/decide", post(approval::decide))
        .route("/step-up", get(login::step_up).post(login::step_up_by_code))
        .route("/register", get(register::show))
        .route("/recover", get(recover::show).post(recover::send))
        .route("/login/link", get(one_time_link::show).post(one_time_link::follow))
        .route("/pictures/{id}", get(picture::show))
        .route("/dev/mailbox", get(mailbox::show))
        .merge(account::router())
        .merge(developers::router())
}
