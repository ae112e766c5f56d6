"""Secrets in a person's name: they say yes to an agent, bring a key of their own, replace it."""

from alter_sdk import ConnectConfigError, PolicyViolationError
from world import ORIGIN, Test

OWN = "sk-of-a-person-0123456789"
NEWER = "sk-of-a-person-newer-0123456789-abcdef"


class SecretsOfPeople(Test):
    async def asyncSetUp(self):
        await super().asyncSetUp()
        self.someone = await self.person()

    async def opened(self, client=None, **options):
        client = client or self.app
        return await client.create_managed_secret_connect_session(
            provider="weather", user_token=self.someone["user_token"], allowed_origin=ORIGIN, **options
        )

    async def brings(self, session, key, **more):
        place = await self.link(session, self.someone, {"decision": "key", "secret.key": key, **more})
        self.assertIn("Connected", place["text"])

    async def held(self, client=None):
        listed = await (client or self.app).list_grants(
            provider_id="weather", **({} if client else {"end_user_token": self.someone["user_token"]})
        )
        return listed.grants

    async def sent(self, client, grant_id):
        """As many stars as the key has letters: nobody sees it."""
        answer = await client.proxy_request("GET", self.api("/echo"), grant_id=grant_id)
        return len(answer.body_json()["headers"]["x-weather-key"])

    async def test_a_key_of_their_own(self):
        session = await self.opened()
        self.assertEqual(
            (session.path, session.secret_slug, session.existing_grant_id, session.delegable_requested, session.direct),
            ("key_entry", "weather", None, False, False),
        )
        await self.brings(session, OWN)
        [grant] = await self.held()
        self.assertEqual((grant.grant_kind, grant.principal_type, grant.credential_kind), ("managed_secret", "user", "end_user"))
        self.assertEqual(await self.sent(self.app, grant.grant_id), len(OWN))

        again = await self.opened(repair_grant_id=grant.grant_id)
        self.assertEqual((again.path, again.existing_grant_id), ("repair", grant.grant_id))
        await self.brings(again, NEWER)
        self.assertEqual([own.grant_id for own in await self.held()], [grant.grant_id])
        self.assertEqual(await self.sent(self.app, grant.grant_id), len(NEWER))

        held = await self.opened(direct=True)
        self.assertEqual((held.path, held.existing_grant_id), ("fast_path", grant.grant_id))
        await self.app.revoke_grant(grant.grant_id)
        self.assertEqual(await self.held(), [])

    async def test_an_agent_is_let_in(self):
        made = await self.app.agents.create(
            name=f"secretary-{self.someone['id'][:8]}", type="agent", scopes={"managed_secret_slugs": ["weather"]}
        )
        agent = await self.agent_client(made.api_key)
        session = await self.opened(agent=str(made.id), delegable=True, requested_ttl_seconds=3600)
        self.assertEqual((session.path, session.delegable_requested, session.agent_id), ("key_entry", True, str(made.id)))
        await self.brings(session, OWN, agent="yes")
        [grant] = await self.held(agent)
        self.assertEqual((grant.access_via, grant.delegable), ("ms_delegation", False))
        self.assertEqual(await self.sent(agent, grant.grant_id), len(OWN))

        by_itself = await self.opened(agent)
        self.assertEqual((by_itself.path, by_itself.existing_grant_id), (None, None))
        place = await self.link(by_itself, self.someone, {"decision": "approve"})
        self.assertIn("Connected", place["text"])

    async def test_an_agent_that_may_use_no_secret(self):
        made = await self.app.agents.create(name=f"idle-{self.someone['id'][:8]}", type="agent", scopes={})
        await self.brings(await self.opened(agent=str(made.id)), OWN, agent="yes")
        agent = await self.agent_client(made.api_key)
        [grant] = await self.held(agent)
        call = agent.proxy_request("GET", self.api("/echo"), grant_id=grant.grant_id)
        await self.refused(PolicyViolationError, call)

    async def test_a_secret_that_is_not_there(self):
        call = self.app.create_managed_secret_connect_session(provider="tides", user_token=self.someone["user_token"])
        await self.refused(ConnectConfigError, call)
