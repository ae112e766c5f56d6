"""Who stands behind a call, and how another service can be told."""

import asyncio

from alter_sdk import AlterSDKError, BackendError, GrantNotFoundError, ReAuthRequiredError, verify_identity_assertion
from world import CALENDAR, READ, WORLD, Test


class Identity(Test):
    async def test_nobody_in_particular(self):
        who = await self.app.resolve_identity()
        self.assertEqual((who.app_id, who.app_user_id, who.group_ids), (WORLD["client_id"], None, []))

    async def test_a_person_of_ours(self):
        person = await self.person()
        who = await self.app.resolve_identity(user_token=person["user_token"])
        self.assertEqual((who.external_subject_id, who.idp_id, who.user_status), (person["id"], WORLD["issuer"], "active"))
        self.assertIsNone(who.display_name)
        named = await self.app.resolve_identity(user_token=person["user_token"], include_profile=True)
        self.assertEqual((named.display_name, named.app_user_id), (person["name"], who.app_user_id))

    async def test_a_person_of_the_app(self):
        user = await self.app_user("known", email="known@client.test", groups=["sales", "berlin"])
        who = await self.app.resolve_identity(user_token=user["user_token"], include_profile=True)
        self.assertEqual((who.external_subject_id, who.idp_id), ("known", WORLD["own_issuer"]))
        self.assertEqual((who.email, sorted(who.group_ids)), ("known@client.test", ["berlin", "sales"]))
        again = await self.app_user("known")
        self.assertEqual((await self.app.resolve_identity(user_token=again["user_token"])).app_user_id, who.app_user_id)

    async def test_an_agent_on_an_errand(self):
        made = await self.app.agents.create(name="errand", scopes={CALENDAR: [READ]})
        agent = await self.agent_client(made.api_key)
        person = await self.person()
        async with agent.trace(run_id="run-1", thread_id="thread-1"):
            who = await agent.resolve_identity(user_token=person["user_token"])
        self.assertEqual(who.agent_id, str(made.id))
        self.assertEqual((who.trace.run_id, who.trace.thread_id), ("run-1", "thread-1"))

    async def test_whom_a_token_names(self):
        person, user = await self.person(), await self.app_user("verified")
        self.assertEqual(await self.app.verify_user_token(person["user_token"]), person["id"])
        self.assertEqual(await self.app.verify_user_token(user["user_token"]), "verified")
        self.assertIsNone(await self.app.verify_user_token("not.a.jwt"))
        late = await self.app_user("verified", expires=1)
        self.assertIsNone(await self.app.verify_user_token(late["user_token"]))
        await self.refused(ReAuthRequiredError, self.app.resolve_identity(user_token=late["user_token"]))

    async def test_an_assertion_that_another_service_can_check(self):
        keys = await self.keys()
        person = await self.person()
        audience = "https://elsewhere.test/api"
        made = await self.app.assert_identity(audience=audience, user_token=person["user_token"], ttl_seconds=60)
        checks = {"issuer": WORLD["issuer"], "jwks": keys, "expected_app_id": WORLD["client_id"]}
        who = verify_identity_assertion(made.token, audience=audience, **checks)
        self.assertEqual(who.app_user_id, made.identity.app_user_id)
        with self.assertRaises(Exception) as caught:
            verify_identity_assertion(made.token, audience="https://other.test", **checks)
        self.assertEqual(caught.exception.code, "memory_assertion_invalid")

        agent = await self.app.agents.create(name="asserting", scopes={CALENDAR: [READ]})
        client = await self.agent_client(agent.api_key)
        made = await client.assert_identity(audience=audience, user_token=person["user_token"])
        who = verify_identity_assertion(made.token, audience=audience, expected_agent_id=str(agent.id), **checks)
        self.assertEqual(who.agent_id, str(agent.id))

    async def test_no_assertion_for_ourselves(self):
        refusal = await self.refused(BackendError, self.app.assert_identity(audience=WORLD["issuer"]), status_code=422)
        self.assertEqual(refusal.details["error"], "invalid_audience")

    async def keys(self):
        metadata = await self.http.get(f"{WORLD['issuer']}/.well-known/openid-configuration")
        return (await self.http.get(metadata.json()["jwks_uri"])).json()

    async def test_somebody_unknown(self):
        made = await self.app.agents.create(name="guessing", scopes={CALENDAR: [READ]})
        agent = await self.agent_client(made.api_key)
        await self.refused(GrantNotFoundError, agent.resolve_identity(app_user_id="01a2214e-bd82-739f-9201-2f92947d51a0"))


class SignIn(Test):
    """`create_auth_session`: a backend without pages of its own lets somebody sign in."""

    async def test_a_person_signs_in(self):
        person = await self.person()
        session = await self.app.create_auth_session()
        self.assertTrue(session.auth_url.startswith(WORLD["issuer"]))
        self.assertGreater(session.expires_in, 0)
        waiting = asyncio.create_task(self.app.poll_auth_session(session.session_token, timeout=20, poll_interval=0.2))
        await self.ask("sign-in", auth_url=session.auth_url, person=person["id"], decision="allow")
        result = await waiting
        self.assertEqual(await self.app.verify_user_token(result.user_token), person["id"])

    async def test_a_person_does_not(self):
        person = await self.person()
        session = await self.app.create_auth_session()
        await self.ask("sign-in", auth_url=session.auth_url, person=person["id"], decision="deny")
        with self.assertRaises(AlterSDKError):
            await self.app.poll_auth_session(session.session_token, timeout=5, poll_interval=0.2)
