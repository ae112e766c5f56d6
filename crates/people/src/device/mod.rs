//! The devices that an account signed in on, as they call themselves.

mod rows;

pub use rows::list_of_account;
pub(crate) use rows::{delete_of_account, find, sweep};

use crate::refusal::{Code, Result, refuse};
use crate::session;
use crate::{People, Session, acts, text};
use base::{AccountId, DeviceId, Fault, Time};
use db::Tx;
use ledger::{EndedBy, Entry, journal};

const LONGEST_NAME: usize = 64;

/// What kind of thing it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeviceKind {
    Phone,
    Computer,
    Tablet,
}

impl DeviceKind {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            DeviceKind::Phone => "phone",
            DeviceKind::Computer => "computer",
            DeviceKind::Tablet => "tablet",
        }
    }

    /// From the word on the wire.
    pub fn parse(text: &str) -> Option<DeviceKind> {
        [DeviceKind::Phone, DeviceKind::Computer, DeviceKind::Tablet].into_iter().find(|kind| kind.as_str() == text)
    }
}

/// What a device says about itself. Cleaned, never believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Described {
    pub(crate) name: String,
    pub(crate) kind: DeviceKind,
    pub(crate) browser: Option<String>,
    pub(crate) os: Option<String>,
    pub(crate) fingerprint: Option<String>,
}

impl Described {
    /// From what a page script sent.
    pub fn new(
        name: &str,
        kind: &str,
        browser: Option<&str>,
        os: Option<&str>,
        fingerprint: Option<&str>,
    ) -> Described {
        let short = |part: Option<&str>| part.and_then(|part| text::cut(part, LONGEST_NAME));
        Described {
            name: text::cut(name, LONGEST_NAME).unwrap_or_else(|| "Browser".to_owned()),
            kind: DeviceKind::parse(kind).unwrap_or(DeviceKind::Computer),
            browser: short(browser),
            os: short(os),
            fingerprint: short(fingerprint),
        }
    }

    /// From the user agent, where no script could say more.
    pub fn of_agent(agent: &str) -> Described {
        let first =
            |known: &[(&str, &'static str)]| known.iter().find(|(mark, _)| agent.contains(mark)).map(|(_, name)| *name);
        let browser = first(&[
            ("Edg/", "Edge"),
            ("OPR/", "Opera"),
            ("Firefox/", "Firefox"),
            ("FxiOS/", "Firefox"),
            ("Chrome/", "Chrome"),
            ("CriOS/", "Chrome"),
            ("Safari/", "Safari"),
        ]);
        let os = first(&[
            ("iPhone", "iPhone"),
            ("iPad", "iPad"),
            ("Android", "Android"),
            ("Windows", "Windows"),
            ("CrOS", "ChromeOS"),
            ("Mac OS X", "macOS"),
            ("Linux", "Linux"),
        ]);
        let kind = match os {
            Some("iPad") => DeviceKind::Tablet,
            Some("iPhone" | "Android") => DeviceKind::Phone,
            _ => DeviceKind::Computer,
        };
        let name = format!("{} on {}", browser.unwrap_or("Browser"), os.unwrap_or(kind.as_str()));
        Described { name, kind, browser: browser.map(str::to_owned), os: os.map(str::to_owned), fingerprint: None }
    }

    /// How it calls itself.
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// A device as kept.
#[derive(Debug, Clone)]
pub struct Device {
    pub id: DeviceId,
    pub name: String,
    pub kind: DeviceKind,
    pub browser: Option<String>,
    pub os: Option<String>,
    pub created_at: Time,
    pub last_seen_at: Time,
    /// It was not known before this sign-in.
    pub is_new: bool,
}

/// The device that signs in: the one with the same fingerprint, or a new one.
pub(crate) fn meet(
    tx: &mut Tx,
    people: &People,
    account: &AccountId,
    described: &Described,
    now: Time,
) -> std::result::Result<Device, Fault> {
    if let Some(known) = rows::refresh(tx, account, described, now)? {
        return Ok(known);
    }
    let id = DeviceId::new(now, people.seams().entropy())?;
    rows::insert(tx, &id, account, described, now)
}

impl People {
    /// Everything this account signed in on, the latest first.
    pub async fn devices(&self, account: &AccountId) -> Result<Vec<Device>> {
        let account = account.clone();
        self.store().read(move |tx| Ok(rows::list_of_account(tx, &account, 200)?)).await
    }

    /// Gives a device another name.
    pub async fn rename_device(&self, session: &Session, device: &str, name: &str) -> Result<()> {
        let name = text::line(name, LONGEST_NAME)
            .ok_or_else(|| refuse(Code::NameInvalid, "a name has 1 to 64 characters; choose another"))?;
        let entry = Entry::new(acts::DEVICE_RENAMED, self.seams())?.account(&session.account);
        let (account, device) = (session.account.clone(), DeviceId::from_text(device));
        self.store()
            .write(move |tx| {
                if !rows::rename(tx, &account, &device, &name)? {
                    return Err(not_found());
                }
                Ok(journal::write(tx, &entry)?)
            })
            .await
    }

    /// Forgets a device and ends its sessions. The one in use cannot be forgotten: sign out instead.
    pub async fn remove_device(&self, session: &Session, device: &str) -> Result<()> {
        let entry = Entry::new(acts::DEVICE_REMOVED, self.seams())?.account(&session.account);
        let (account, own, device, now) =
            (session.account.clone(), session.device.clone(), DeviceId::from_text(device), self.seams().now());
        if device == own {
            return Err(refuse(Code::NotFound, "this is the device in use; sign out instead"));
        }
        self.store()
            .write(move |tx| {
                if !rows::is_of_account(tx, &account, &device)? {
                    return Err(not_found());
                }
                session::end_on_device(tx, &device, EndedBy::Person, now)?;
                session::delete_on_device(tx, &device)?;
                rows::delete(tx, &device)?;
                Ok(journal::write(tx, &entry)?)
            })
            .await
    }
}

fn not_found() -> crate::Error {
    refuse(Code::NotFound, "there is no such device")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_cleaned_and_never_believed() {
        let device = Described::new("  Fire\u{202e}fox\n on   Linux ", "toaster", Some(""), Some("Linux"), None);
        assert_eq!(device.name, "Firefox on Linux");
        assert_eq!((device.kind, device.browser), (DeviceKind::Computer, None));
        assert_eq!(Described::new("\u{200b}", "phone", None, None, None).name, "Browser");
    }

    #[test]
    fn a_user_agent_says_enough_for_a_name() {
        let agent = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0";
        assert_eq!(Described::of_agent(agent).name, "Firefox on Linux");
        assert_eq!(Described::of_agent("").name, "Browser on computer");
    }
}
