//! Pictures: raster bytes that we looked at, without what a camera wrote beside them, and serve ourselves (threat 182).

use super::{not_found, rows};
use crate::refusal::{Code, Result, refuse};
use crate::{People, Session, acts};
use base::{IdentityId, Raster, Uuid};
use ledger::{Entry, journal};

/// The most that a picture may weigh.
pub const MOST_BYTES: usize = 1 << 20;

/// A picture as it is served.
#[derive(Debug, Clone)]
pub struct Picture {
    pub media: String,
    pub bytes: Vec<u8>,
}

impl People {
    /// Sets the picture of an identity. Gives its path.
    pub async fn set_picture(&self, session: &Session, id: &str, bytes: Vec<u8>) -> Result<String> {
        if bytes.len() > MOST_BYTES {
            return Err(refuse(Code::PictureInvalid, "the picture is larger than 1 MB; choose a smaller one"));
        }
        let Raster { media, bytes } = Raster::read(&bytes)
            .ok_or_else(|| refuse(Code::PictureInvalid, "this is no PNG, JPEG, WebP or GIF; choose another file"))?;
        let (now, id) = (self.seams().now(), IdentityId::from_text(id));
        let picture = Uuid::at(now, self.seams().entropy())?;
        let entry = Entry::new(acts::PICTURE_CHANGED, self.seams())?.account(&session.account).identity(&id);
        let account = session.account.clone();
        self.store()
            .write(move |tx| {
                if !rows::is_of_account(tx, &account, &id)? {
                    return Err(not_found());
                }
                rows::delete_pictures(tx, &id)?;
                rows::insert_picture(tx, &picture, &id, media, &bytes, now)?;
                rows::set_picture(tx, &id, Some(&picture), now)?;
                journal::write(tx, &entry)?;
                Ok(rows::picture_path(picture.as_str()))
            })
            .await
    }

    /// Goes without a picture.
    pub async fn remove_picture(&self, session: &Session, id: &str) -> Result<()> {
        let (now, id) = (self.seams().now(), IdentityId::from_text(id));
        let entry = Entry::new(acts::PICTURE_CHANGED, self.seams())?.account(&session.account).identity(&id);
        let account = session.account.clone();
        self.store()
            .write(move |tx| {
                if !rows::is_of_account(tx, &account, &id)? {
                    return Err(not_found());
                }
                rows::delete_pictures(tx, &id)?;
                rows::set_picture(tx, &id, None, now)?;
                Ok(journal::write(tx, &entry)?)
            })
            .await
    }

    /// The picture with this id, for anybody: pictures are as public as handles.
    pub async fn picture(&self, id: &str) -> Result<Picture> {
        let id = Uuid::parse(id).ok_or_else(|| refuse(Code::NotFound, "there is no such picture"))?;
        let found = self.store().read(move |tx| rows::find_picture(tx, &id)).await?;
        found.ok_or_else(|| refuse(Code::NotFound, "there is no such picture"))
    }
}
