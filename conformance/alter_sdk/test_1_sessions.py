"""A backend opens a Connect session, a person answers its page, and the backend hears what came of it."""

import asyncio
import webbrowser
from datetime import UTC, datetime, timedelta
from unittest.mock import patch

from alter_sdk import (
    AgentNotFoundError,
    BackendError,
    ConnectDeniedError,
    ConnectFlowError,
    ConnectTimeoutError,
    CredentialRevokedError,
    GrantExpiredError,
    GrantNotFoundError,
    GrantPolicyInput,
    ReAuthRequiredError,
    RestrictedGrantRequiresProxyError,
)
from world import CALENDAR, CHAT, ORIGIN, READ, WORLD, Test


class Sessions(Test):
    async def test_what_a_session_is(self):
        session = await self.app.create_connect_session(
            allowed_providers=[CALENDAR],
            allowed_origin=ORIGIN,
            return_url=f"{ORIGIN}/connected?tab=1#top",
            metadata={"ip_address": "203.0.113.9", "user_agent": "Suite"},
        )
        self.assertTrue(session.session_token.startswith("sess_"))
        self.assertEqual(session.connect_url, f"{WORLD['issuer']}/sdk/oauth/connect#session={session.session_token}")
        self.assertEqual(session.expires_in, 600)
        left = datetime.fromisoformat(session.expires_at) - datetime.now(UTC)
        self.assertAlmostEqual(left.total_seconds(), 600, delta=10)
        self.assertEqual((session.single_provider, session.direct), (True, False))
        self.assertEqual(session.scope_constraint_warnings, [])
        every = await self.app.create_connect_session()
        self.assertFalse(every.single_provider)

    async def test_what_is_refused_and_what_the_code_says(self):
        person = await self.person()
        user, agent = person["user_token"], await self.app.agents.create(name="session-agent", scopes={CALENDAR: [READ]})
        wrong = {
            "no star as origin": ({"allowed_origin": "*"}, "invalid_origin"),
            "no path in the origin": ({"allowed_origin": f"{ORIGIN}/page"}, "invalid_origin"),
            "no slash after the origin": ({"allowed_origin": f"{ORIGIN}/"}, "invalid_origin"),
            "no query after the origin": ({"allowed_origin": f"{ORIGIN}?a=1"}, "invalid_origin"),
            "an origin has a scheme": ({"allowed_origin": "client.test"}, "invalid_origin"),
            "no star in the host": ({"allowed_origin": "https://*.client.test"}, "invalid_origin"),
            "no user in the origin": ({"allowed_origin": "https://me@client.test"}, "invalid_origin"),
            "http is for this computer": ({"allowed_origin": "http://client.test"}, "invalid_origin"),
            "a way back to elsewhere": ({"return_url": "https://evil.test/"}, "invalid_return_url"),
            "a script as way back": ({"return_url": "javascript:alert(1)"}, "invalid_return_url"),
            "an unknown provider": ({"allowed_providers": ["no-such"]}, "unknown_provider"),
            "a scope that is not the app's": ({"required_scopes": {CALENDAR: ["calendar.everything"]}}, "scope_not_allowed"),
            "an agent without a person": ({"agent": str(agent.id)}, "agent_requires_user_token"),
            "a ceiling without an agent": ({"scope_constraint": [READ], "user_token": user}, "invalid_scope_constraint"),
            "a ceiling that leaves nothing": (
                {"scope_constraint": ["messages.read"], "agent": str(agent.id), "user_token": user},
                "invalid_scope_constraint",
            ),
        }
        for title, (options, code) in wrong.items():
            with self.subTest(title):
                options = {"allowed_providers": [CALENDAR], **options}
                refusal = await self.refused(BackendError, self.app.create_connect_session(**options))
                self.assertEqual(refusal.details["error"], code)
                self.assertEqual(refusal.status_code, 422 if code == "invalid_scope_constraint" else 400)
        with self.subTest("an unknown agent"):
            await self.refused(AgentNotFoundError, self.app.create_connect_session(agent="nobody", user_token=user))
        with self.subTest("a user token of nobody"):
            await self.refused(ReAuthRequiredError, self.app.create_connect_session(user_token="not.a.jwt"))

    async def test_a_ceiling_that_fits_some_providers_is_a_warning(self):
        person = await self.person()
        agent = await self.app.agents.create(name="warned", scopes={CALENDAR: [READ], CHAT: ["messages.read"]})
        session = await self.app.create_connect_session(
            allowed_providers=[CALENDAR, CHAT],
            agent="warned",
            scope_constraint=[READ],
            user_token=person["user_token"],
        )
        [warning] = session.scope_constraint_warnings
        self.assertIn(CHAT, warning)
        self.assertEqual((await self.app.agents.get_by_name("warned")).id, agent.id)

    async def test_somebody_links_an_account_and_the_backend_hears_of_it(self):
        person = await self.person()
        session = await self.app.create_connect_session(allowed_providers=[CALENDAR], user_token=person["user_token"])
        with self.assertRaises(ConnectTimeoutError):
            await self.heard(session, seconds=1)
        end = await self.link(session, person)
        self.assertIn("ada@fake.example", end["text"])
        [result] = await self.heard(session)
        self.assertEqual((result.provider_id, result.account_identifier), (CALENDAR, "ada@fake.example"))
        self.assertEqual((result.operation, result.failed_grants, result.delegation), ("creation", [], None))
        self.assertIn(READ, result.scopes)
        again = await self.heard(session)
        self.assertEqual(again[0].grant_id, result.grant_id)
        with self.assertRaisesRegex(AssertionError, "session_expired"):
            await self.link(session, person)

    async def test_without_a_window_the_whole_flow_is_one_call(self):
        opened = []
        with patch.object(webbrowser, "open", lambda url: opened.append(url) or True):
            flow = self.app.connect(providers=[CHAT], timeout=10, poll_interval=0.1)

            async def person():
                while not opened:
                    await asyncio.sleep(0.02)
                return await self.ask("link", connect_url=opened[0], person=None, answers=[{}])

            [result], _ = await asyncio.gather(flow, person())
        self.assertEqual((result.provider_id, result.operation), (CHAT, "creation"))

    async def test_the_way_back_carries_the_result(self):
        person = await self.person()
        session = await self.app.create_connect_session(
            allowed_providers=[CALENDAR], return_url=f"{ORIGIN}/connected?tab=1#top", user_token=person["user_token"]
        )
        left = (await self.link(session, person))["left"]
        self.assertTrue(left.startswith(f"{ORIGIN}/connected?tab=1&alter_connect_success=true&grant_id="), left)
        self.assertTrue(left.endswith("#top"), left)
        [result] = await self.heard(session)
        self.assertIn(result.grant_id, left)

    async def test_whoever_says_no(self):
        person = await self.person()
        user = person["user_token"]
        session = await self.app.create_connect_session(allowed_providers=[CALENDAR], user_token=user)
        await self.link(session, person, {"decision": "cancel"})
        await self.refused(ConnectDeniedError, self.heard(session))
        await self.faults(error="access_denied", status_on="authorize")
        session = await self.app.create_connect_session(allowed_providers=[CALENDAR], user_token=user)
        await self.link(session, person)
        refusal = await self.refused(ConnectDeniedError, self.heard(session))
        self.assertEqual(refusal.details["error_code"], "connect_denied")

    async def test_a_provider_that_fails(self):
        person = await self.person()
        for knobs in [{"error": "server_error", "status_on": "authorize"}, {"error": "invalid_grant"}]:
            await self.faults(error=None, status_on=None)
            await self.faults(**knobs)
            session = await self.app.create_connect_session(allowed_providers=[CALENDAR], user_token=person["user_token"])
            await self.link(session, person)
            refusal = await self.refused(ConnectFlowError, self.heard(session))
            self.assertTrue(refusal.details["error_code"], knobs)

    async def test_several_providers_one_of_them_left_out(self):
        person = await self.person()
        session = await self.app.create_connect_session(
            allowed_providers=[CALENDAR, CHAT], user_token=person["user_token"]
        )
        heard = []
        await self.link(session, person, {"service": CHAT, "decision": "skip"})
        with self.assertRaises(ConnectTimeoutError):
            await self.heard(session, seconds=1, on_event=heard.append)
        [event] = heard
        self.assertEqual((event["type"], event["provider_id"]), ("provider_declined", CHAT))
        await self.link(session, person, {"service": CALENDAR}, {"decision": "finish"})
        [result] = await self.heard(session)
        self.assertEqual(result.provider_id, CALENDAR)
        [failed] = result.failed_grants
        self.assertEqual((failed.provider_id, failed.reason), (CHAT, "not_selected"))

    async def test_several_providers_all_of_them(self):
        person = await self.person()
        session = await self.app.create_connect_session(user_token=person["user_token"])
        await self.link(session, person, {"service": CALENDAR}, {"service": CHAT}, {"decision": "finish"})
        results = await self.heard(session)
        self.assertEqual([result.provider_id for result in results], [CALENDAR, CHAT])

    async def test_an_account_once_more_is_the_same_grant(self):
        person = await self.person()
        first = await self.linked(person)
        fast = await self.linked(person, answers=[{"decision": "use"}])
        self.assertEqual((fast.grant_id, fast.operation), (first.grant_id, "reauth"))
        self.assertEqual((await self.stats())["authorizations"], 1)
        slow = await self.linked(person, switch_account=True)
        self.assertEqual((slow.grant_id, slow.operation), (first.grant_id, "reauth"))
        self.assertEqual((await self.stats())["authorizations"], 2)
        other = await self.linked(person, account="bob", switch_account=True)
        self.assertNotEqual(other.grant_id, first.grant_id)
        self.assertEqual(other.operation, "creation")

    async def test_the_page_that_asks_nothing(self):
        person = await self.person()
        session = await self.app.create_connect_session(
            allowed_providers=[CALENDAR], direct=True, user_token=person["user_token"]
        )
        self.assertTrue(session.direct)
        seen = await self.ask("visit", connect_url=session.connect_url, person=person["id"])
        self.assertTrue(seen["left"].startswith(f"{WORLD['fake']}/calendar/authorize?"), seen)

    async def test_other_scopes_than_usual(self):
        result = await self.linked(await self.person(), required_scopes={CALENDAR: [READ]})
        self.assertEqual(result.scopes, [READ])

    async def test_a_lifetime(self):
        person = await self.person()
        until = (datetime.now(UTC) + timedelta(seconds=3)).isoformat()
        result = await self.linked(person, grant_policy=GrantPolicyInput(expires_at=until))
        self.assertEqual(result.grant_policy.created_by, "developer")
        self.assertTrue(result.grant_policy.expires_at)
        [grant] = (await self.app.list_grants(end_user_token=person["user_token"])).grants
        self.assertEqual(grant.grant_expires_at, result.grant_policy.expires_at)
        await asyncio.sleep(3)
        refusal = await self.refused(
            GrantExpiredError,
            self.app.request("GET", self.api("/echo"), grant_id=result.grant_id),
            provider_id=CALENDAR,
        )
        self.assertEqual(refusal.details["grant_id"], result.grant_id)
        call = self.app.request("GET", self.api("/echo"), provider=CALENDAR, user_token=person["user_token"])
        await self.refused(GrantExpiredError, call, provider_id=CALENDAR)
        for status, count in (("active", 0), ("expired", 1)):
            listed = await self.app.list_grants(status=status, end_user_token=person["user_token"])
            self.assertEqual(listed.total, count, status)

    async def test_a_labelled_and_narrowed_grant(self):
        person = await self.person()
        wanted = {"label": "reader", "restrictions": {"allowed_methods": ["GET"]}}
        result = await self.linked(person, requested_grant=wanted)
        [grant] = (await self.app.list_grants(label="reader", end_user_token=person["user_token"])).grants
        self.assertEqual((grant.grant_id, grant.label), (result.grant_id, "reader"))
        await self.refused(
            RestrictedGrantRequiresProxyError, self.app.request("GET", self.api("/echo"), grant_id=result.grant_id)
        )

    async def test_repair_keeps_the_grant(self):
        person = await self.person()
        user = person["user_token"]
        await self.faults(expires_in=20)
        broken = await self.linked(person)
        await self.faults(error="invalid_grant", expires_in=3600)
        refusal = await self.refused(
            CredentialRevokedError,
            self.app.request("GET", self.api("/echo"), grant_id=broken.grant_id),
            grant_id=broken.grant_id,
            provider_id=CALENDAR,
        )
        [listed] = (await self.app.list_grants(end_user_token=user)).grants
        self.assertTrue(listed.needs_reconnect)
        await self.faults(error=None)
        session = await self.app.create_connect_session_for_error(refusal, user_token=user)
        await self.link(session, person)
        [mended] = await self.heard(session)
        self.assertEqual((mended.grant_id, mended.operation), (broken.grant_id, "reauth"))
        answer = await self.app.request("GET", self.api("/echo"), grant_id=broken.grant_id)
        self.assertEqual(answer.status_code, 200)
        [listed] = (await self.app.list_grants(end_user_token=user)).grants
        self.assertFalse(listed.needs_reconnect)

    async def test_repair_with_another_account_is_refused(self):
        person = await self.person()
        grant = await self.linked(person)
        await self.faults(account="bob")
        session = await self.app.create_connect_session(
            allowed_providers=[CALENDAR], repair_grant_id=grant.grant_id, user_token=person["user_token"]
        )
        await self.link(session, person)
        with self.assertRaises(ConnectFlowError) as caught:
            await self.heard(session, seconds=1)
        self.assertTrue(str(caught.exception))
        [listed] = (await self.app.list_grants(end_user_token=person["user_token"])).grants
        self.assertEqual((listed.grant_id, listed.account_identifier), (grant.grant_id, "ada@fake.example"))

    async def test_a_missing_account_leads_to_a_session(self):
        person = await self.person()
        user = person["user_token"]
        refusal = await self.refused(
            GrantNotFoundError,
            self.app.request("GET", self.api("/echo"), provider=CALENDAR, user_token=user),
            provider_id=CALENDAR,
        )
        session = await self.app.create_connect_session_for_error(refusal, user_token=user)
        self.assertTrue(session.single_provider)
        await self.link(session, person)
        answer = await self.app.request("GET", self.api("/echo"), provider=CALENDAR, user_token=user)
        self.assertEqual(answer.status_code, 200)

    async def test_an_unknown_session(self):
        await self.refused(ConnectFlowError, self.app.poll_connect_session("sess_unknown"))

    async def test_one_person_does_not_answer_for_another(self):
        ada, bob = await self.person(), await self.person()
        session = await self.app.create_connect_session(allowed_providers=[CALENDAR], user_token=ada["user_token"])
        seen = await self.ask("visit", connect_url=session.connect_url, person=bob["id"])
        self.assertEqual(seen["status"], 403)

    async def test_a_person_of_the_app_itself(self):
        user = await self.app_user("customer-1", email="customer@client.test", groups=["sales"])
        result = await self.linked(user)
        answer = await self.app.request("GET", self.api("/echo"), provider=CALENDAR, user_token=user["user_token"])
        self.assertEqual(answer.status_code, 200)
        [grant] = (await self.app.list_grants(end_user_token=user["user_token"])).grants
        self.assertEqual((grant.grant_id, grant.principal_type), (result.grant_id, "user"))
