//! That a place on the web is an app's own: it serves the client id at a well-known path (`product.md` 3.1, threat 131).

use crate::app::App;
use base::{Origin, RedirectUri};
use net::Egress;
use oauth::app::{App as Registered, Complaint};

/// Where a resource's origin names the app that may speak for it.
pub(super) const PATH: &str = "/.well-known/procura-resource";
const MOST_BYTES: usize = 4096;

/// Complaints about places that do not say that they are this app's. What lies on a developer's own machine is nobody's to prove,
/// a name is not a place, and what is not of the app's origins is refused without being asked.
pub(super) async fn complaints(server: &App, app: &Registered, places: &[(&str, &str)]) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    for (field, url) in places {
        let is_theirs =
            |origin: &Origin| app.has_origin(origin) && !RedirectUri::sent(origin.as_str()).is_for_development();
        let Some(origin) = Origin::of(url).filter(is_theirs) else { continue };
        if let Err(sentence) = prove(&server.egress, app.client_id(), &origin).await {
            complaints.push(Complaint::about(*field, sentence));
        }
    }
    complaints
}

async fn prove(egress: &Egress, client_id: &str, origin: &Origin) -> Result<(), String> {
    let url = format!("{origin}{PATH}");
    let wanted = format!("serve {client_id} as text at {url}, so that we know the place is yours");
    let answer = egress.get(&url, MOST_BYTES).await.map_err(|trouble| format!("{wanted}: {trouble}"))?;
    let text = String::from_utf8(answer.body).unwrap_or_default();
    let says_so = answer.status == 200 && text.lines().any(|line| line.trim() == client_id);
    if says_so { Ok(()) } else { Err(wanted) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::Router;
    use axum::routing::get;
    use net::Allowed;

    const OWN: &str = "app_0123456789abcdef0123456789abcdef";

    async fn says(answer: &'static str) -> Result<(), String> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let place = format!("localhost:{}", listener.local_addr().unwrap().port());
        let router = Router::new().route(PATH, get(move || async move { answer }));
        tokio::spawn(async move { axum::serve(listener, router).await });
        let egress = Egress::new(vec![Allowed::parse(&place).unwrap()]).unwrap();
        prove(&egress, OWN, &Origin::of(&format!("http://{place}")).unwrap()).await
    }

    #[tokio::test]
    async fn threat_130_a_place_says_itself_whose_it_is() {
        assert_eq!(says(OWN).await, Ok(()));
        assert_eq!(says("app_ffffffffffffffffffffffffffffffff\napp_0123456789abcdef0123456789abcdef\n").await, Ok(()));
        for other in ["", "app_0123456789abcdef0123456789abcdef0", "<p>app_0123456789abcdef0123456789abcdef</p>"] {
            assert!(says(other).await.unwrap_err().starts_with("serve app_0123456789abcdef"), "{other}");
        }
        let nowhere = prove(&Egress::new(Vec::new()).unwrap(), OWN, &Origin::of("https://127.0.0.1").unwrap()).await;
        assert!(nowhere.unwrap_err().contains("public internet"));
    }
}
