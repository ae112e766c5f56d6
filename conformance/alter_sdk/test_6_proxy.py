"""Calls that the server makes itself, so that no credential leaves it; and calls that a person has to allow first."""

import asyncio

from alter_sdk import (
    ApprovalDeniedError,
    ApprovalResult,
    BackendError,
    BlockedDestinationError,
    ConnectConfigError,
    GrantRevokedError,
    NoDelegatedGrantError,
    PendingApproval,
    PolicyViolationError,
    QuotaExceededError,
    RestrictedGrantRequiresProxyError,
    SystemPrincipal,
    UserPrincipal,
)
from world import CALENDAR, READ, WORLD, WRITE, Test


class Proxied(Test):
    async def test_a_call_and_its_answer(self):
        person = await self.person()
        result = await self.linked(person)
        answer = await self.app.proxy_request(
            "POST",
            self.api("/echo/{name}"),
            grant_id=result.grant_id,
            json={"a": "ä", "b": [1, None]},
            extra_headers={"X-Own": "kept"},
            query_params={"q": "a b", "many": ["1", "2"]},
            path_params={"name": "x/y"},
            reason="a test",
        )
        self.assertIsInstance(answer, ApprovalResult)
        self.assertEqual((answer.status_code, answer.body_truncated), (200, False))
        arrived = answer.body_json()
        self.assertEqual(arrived["method"], "POST")
        self.assertEqual(arrived["path"], "/calendar/echo/x%2Fy")
        self.assertEqual(sorted(arrived["query"].split("&")), ["many=1", "many=2", "q=a+b"])
        self.assertEqual(arrived["headers"]["x-own"], "kept")
        self.assertFalse([name for name in arrived["headers"] if name.startswith("x-alter") or name == "x-api-key"])
        # What the provider repeats of the credential does not come back.
        self.assertNotIn("Bearer f", answer.body_text())

    async def test_by_provider(self):
        for person in [await self.person(), await self.app_user("proxied")]:
            await self.linked(person)
            answer = await self.app.proxy_request(
                "GET", self.api("/v3/events"), provider=CALENDAR, user_token=person["user_token"]
            )
            self.assertEqual(answer.status_code, 200)

    async def test_what_the_provider_says_no_to_is_an_answer(self):
        result = await self.linked(await self.person())
        for status in (404, 418, 500):
            answer = await self.app.proxy_request("GET", self.api(f"/status/{status}"), grant_id=result.grant_id)
            self.assertEqual(answer.status_code, status)

    async def test_bytes_come_whole(self):
        result = await self.linked(await self.person())
        answer = await self.app.proxy_request("GET", self.api("/bytes?n=1000"), grant_id=result.grant_id)
        self.assertEqual(answer.body_bytes(), bytes(at % 251 for at in range(1000)))

    async def test_no_other_place(self):
        result = await self.linked(await self.person())
        for url in ["https://evil.test/", "http://127.0.0.1:9/", "https://169.254.169.254/latest/meta-data/"]:
            with self.subTest(url):
                call = self.app.proxy_request("GET", url, grant_id=result.grant_id)
                await self.refused(BlockedDestinationError, call, status_code=422)

    async def test_an_ended_grant(self):
        result = await self.linked(await self.person())
        await self.app.revoke_grant(result.grant_id)
        call = self.app.proxy_request("GET", self.api("/echo"), grant_id=result.grant_id)
        await self.refused(GrantRevokedError, call)

    async def test_a_narrowed_grant(self):
        wanted = {"label": "looks", "restrictions": {"allowed_methods": ["GET"]}}
        result = await self.linked(await self.person(), requested_grant=wanted)
        answer = await self.app.proxy_request("GET", self.api("/v3/events"), grant_id=result.grant_id)
        self.assertEqual(answer.status_code, 200)
        call = self.app.proxy_request("POST", self.api("/v3/events"), grant_id=result.grant_id, json={"title": "x"})
        await self.refused(PolicyViolationError, call)

    async def test_an_agent_calls_for_those_who_let_it_in(self):
        person, other = await self.person(), await self.person()
        made = await self.app.agents.create(name="caller", scopes={CALENDAR: [READ, WRITE]})
        agent = await self.agent_client(made.api_key)
        result = await self.linked(person, agent=str(made.id), answers=[{"agent": "yes"}])
        await self.linked(other)
        [held] = (await agent.list_grants()).grants
        for grant in (held.grant_id, result.grant_id):
            answer = await agent.proxy_request("GET", self.api("/v3/events"), grant_id=grant)
            self.assertEqual(answer.status_code, 200)
        by_provider = await agent.proxy_request(
            "GET", self.api("/v3/events"), provider=CALENDAR, user_token=person["user_token"]
        )
        self.assertEqual(by_provider.status_code, 200)
        foreign = agent.proxy_request("GET", self.api("/echo"), provider=CALENDAR, user_token=other["user_token"])
        await self.refused(NoDelegatedGrantError, foreign, provider_id=CALENDAR, agent_id=str(made.id))
        await self.app.agents.suspend(str(made.id))
        with self.assertRaises(BackendError):
            await agent.proxy_request("GET", self.api("/echo"), grant_id=held.grant_id)
        await self.app.agents.delete(str(made.id))


class Secrets(Test):
    async def test_a_secret_of_the_company(self):
        [own] = (await self.app.list_grants(provider_id="weather")).grants
        self.assertEqual((own.grant_kind, own.managed_secret_slug, own.principal_type), ("managed_secret", "weather", "system"))
        await self.used(own.grant_id)
        person = await self.person()
        principal = UserPrincipal(user_token=person["user_token"], label="for Ada")
        grant = await self.app.create_managed_secret_grant(own.managed_secret_id, principal=principal)
        self.assertEqual((grant.principal_type, grant.label), ("user", "for Ada"))
        await self.used(grant.grant_id)
        answer = await self.app.proxy_request(
            "GET", self.api("/echo"), provider="weather", user_token=person["user_token"]
        )
        self.assertEqual(answer.status_code, 200)
        call = self.app.request("GET", self.api("/echo"), grant_id=grant.grant_id)
        await self.refused(RestrictedGrantRequiresProxyError, call)
        await self.app.revoke_grant(grant.grant_id)
        await self.used(own.grant_id)
        unknown = self.app.create_managed_secret_grant(own.grant_id, principal=SystemPrincipal())
        await self.refused(ConnectConfigError, unknown)

    async def used(self, grant_id):
        answer = await self.app.proxy_request("GET", self.api("/echo"), grant_id=grant_id)
        self.assertIn("x-weather-key", answer.body_json()["headers"])
        self.assertNotIn(WORLD["secret"], answer.body_text())


class Judged(Test):
    async def asyncSetUp(self):
        await super().asyncSetUp()
        self.app = await self.client(WORLD["judged_key"])
        self.someone = await self.person()
        self.grant = (await self.linked(self.someone, required_scopes={CALENDAR: [READ, WRITE]})).grant_id

    async def call(self, method, path, **more):
        return await self.app.proxy_request(method, self.api(path), grant_id=self.grant, **more)

    async def event(self):
        made = await self.app.proxy_request(
            "POST", self.api("/v3/events"), grant_id=self.grant, json={"title": "Lunch", "starts_at": "2027-01-01T12:00:00Z", "ends_at": "2027-01-01T13:00:00Z", "place": "Here"}
        )
        return made.body_json()["id"]

    async def test_what_is_forbidden(self):
        refusal = await self.refused(PolicyViolationError, self.call("PUT", "/echo"), status_code=403)
        self.assertEqual(refusal.policy_error, "policy_denied")

    async def test_no_token_leaves_where_calls_are_judged(self):
        call = self.app.request("GET", self.api("/echo"), grant_id=self.grant)
        await self.refused(RestrictedGrantRequiresProxyError, call)

    async def test_so_often_and_no_more(self):
        for _ in range(2):
            self.assertEqual((await self.call("GET", "/v3/events")).status_code, 200)
        await self.refused(QuotaExceededError, self.call("GET", "/v3/events"), status_code=429)

    async def test_a_person_denies(self):
        pending = await self.call("DELETE", "/v3/events/1", reason="clean up")
        self.assertIsInstance(pending, PendingApproval)
        self.assertTrue(pending.approval_url.startswith(WORLD["issuer"]))
        status = await self.app.get_approval_status(str(pending.approval_id))
        self.assertEqual((status.status, status.has_result), ("pending", False))
        await self.ask("decide", approval_url=pending.approval_url, person=self.someone["id"], decision="deny")
        waiting = self.app.await_approval(str(pending.approval_id), timeout=10)
        await self.refused(ApprovalDeniedError, waiting)

    async def test_a_person_allows_and_it_is_done_once(self):
        event = await self.event()
        before = (await self.stats())["api_calls"]
        pending = await self.call("DELETE", f"/v3/events/{event}")
        self.assertEqual((await self.stats())["api_calls"], before)
        waiting = asyncio.create_task(self.app.await_approval(str(pending.approval_id), timeout=20, poll_interval=0.2))
        await self.ask("decide", approval_url=pending.approval_url, person=self.someone["id"], decision="approve")
        answer = await waiting
        self.assertIn(answer.status_code, (200, 204))
        self.assertEqual(answer.approval_id, pending.approval_id)
        status = await self.app.get_approval_status(str(pending.approval_id))
        self.assertEqual((status.status, status.has_result), ("executed", True))
        self.assertEqual((await self.stats())["api_calls"], before + 1)
