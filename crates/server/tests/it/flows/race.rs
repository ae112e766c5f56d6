//! Races over real connections.

use testkit::World;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn threat_030_a_hundred_connections_redeem_one_code_once() {
    for world in World::both().await {
        let app = world.app("notes", "").await;
        let mut ada = world.person("ada").await;
        let code = ada.approves(&app, "openid offline_access").await;
        let answers = all((0..100).map(|_| app.redeems(&code))).await;
        let granted = answers.iter().filter(|answer| answer.status == 200).count();
        assert_eq!(granted, 1, "{}", world.engine);
        assert!(answers.iter().all(|answer| matches!(answer.status, 200 | 400)), "{answers:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn threat_087_twenty_tabs_refresh_at_once_and_stay_signed_in() {
    for world in World::both().await {
        let app = world.app("notes", "id_token_signed_response_alg = \"RS256\"").await;
        let mut ada = world.person("ada").await;
        let code = ada.approves(&app, "openid offline_access").await;
        let tokens = app.redeems(&code).await.json();
        let token = tokens["refresh_token"].as_str().unwrap();
        let answers = all((0..20).map(|_| app.refreshes(token))).await;
        let mut successors: Vec<String> = answers
            .iter()
            .map(|answer| answer.json()["refresh_token"].as_str().unwrap_or_default().to_owned())
            .collect();
        successors.sort();
        successors.dedup();
        assert_eq!(successors.len(), 1, "{} {answers:?}", world.engine);
        assert_eq!(app.refreshes(&successors[0]).await.status, 200);
        assert!(app.refreshes(token).await.refusal().starts_with("400 invalid_grant"), "and later use is reuse");
    }
}

/// Sends all at once and waits for all.
async fn all<F: Future>(futures: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut waiting: Vec<_> = futures.map(|future| (Box::pin(future), None)).collect();
    std::future::poll_fn(move |context| {
        for (future, output) in &mut waiting {
            if output.is_none()
                && let std::task::Poll::Ready(ready) = future.as_mut().poll(context)
            {
                *output = Some(ready);
            }
        }
        if waiting.iter().any(|(_, output)| output.is_none()) {
            return std::task::Poll::Pending;
        }
        std::task::Poll::Ready(waiting.iter_mut().filter_map(|(_, output)| output.take()).collect())
    })
    .await
}
