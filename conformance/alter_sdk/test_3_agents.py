"""Agents of an app: their keys, what people let them use, and what they may pass on."""

from alter_sdk import (
    AgentCannotMintSubagentsError,
    AgentConcurrentUpdateError,
    AgentDelegationMissingError,
    AgentInactiveError,
    AgentKeyLimitError,
    AgentNameExistsError,
    AgentNotFoundError,
    AgentRevokedError,
    BackendError,
    CallerAgentMismatchError,
    GrantNotDelegableError,
    IdempotencyKeyAgentInactiveError,
    IdempotencyKeyAgentRevokedError,
    IdempotencyKeyBodyMismatchError,
    KeyAlreadyRevokedError,
    KeyNotFoundError,
    KeyRevokedError,
    LastActiveKeyError,
    MeRequiresAgentKeyError,
    NoDelegatedGrantError,
    PolicyViolationError,
    RestrictedGrantRequiresProxyError,
)
from world import CALENDAR, CHAT, READ, WRITE, Test

NOBODY = "01a2214e-bd82-739f-9201-2f92947d51a0"


class Agents(Test):
    async def made(self, name, scopes=None, **options):
        """An agent, and a client with its key."""
        made = await self.app.agents.create(name=name, scopes=scopes or {CALENDAR: [READ, WRITE]}, **options)
        return made, await self.agent_client(made.api_key)

    async def let_in(self, person, agent, **options):
        """The person links their calendar and lets the agent in."""
        fields = {"agent": "yes", **({"pass_on": "yes"} if options.get("delegable") else {})}
        wanted = {"agent": str(agent.id), "required_scopes": {CALENDAR: [READ, WRITE]}, "answers": [fields], **options}
        return await self.linked(person, **wanted)


class Register(Agents):
    async def test_create_find_change(self):
        made = await self.app.agents.create(
            name="clerk", scopes={CALENDAR: [READ]}, display_name="The clerk", metadata={"équipe": "ops ü"}, type="service"
        )
        self.assertTrue(made.api_key.startswith("alter_"))
        self.assertEqual((made.name, made.status, made.type, made.display_name), ("clerk", "active", "service", "The clerk"))
        self.assertEqual((made.scopes, made.metadata), ({CALENDAR: [READ]}, {"équipe": "ops ü"}))
        found = await self.app.agents.get(str(made.id))
        self.assertEqual((found.id, found.version), (made.id, made.version))
        self.assertEqual((await self.app.agents.get_by_name("clerk")).id, made.id)
        self.assertIsNone(await self.app.agents.get_by_name("nobody"))
        changed = await self.app.agents.update(
            str(made.id), scopes={CALENDAR: [READ, WRITE]}, expected_version=made.version, display_name="Clerk"
        )
        self.assertEqual((changed.scopes, changed.display_name), ({CALENDAR: [READ, WRITE]}, "Clerk"))
        self.assertGreater(changed.version, made.version)
        narrowed = await self.app.agents.update(str(made.id), scopes={CALENDAR: [READ]}, expected_version=changed.version)
        self.assertEqual(narrowed.scopes, {CALENDAR: [READ, WRITE]})
        self.assertEqual(narrowed.scopes_pending, {CALENDAR: [READ]})
        at_once = await self.app.agents.update(
            str(made.id), scopes={CALENDAR: [READ]}, expected_version=narrowed.version, grace_seconds=0
        )
        self.assertEqual((at_once.scopes, at_once.scopes_pending), ({CALENDAR: [READ]}, None))
        stale = self.app.agents.update(str(made.id), scopes={}, expected_version=1)
        await self.refused(AgentConcurrentUpdateError, stale)
        await self.refused(AgentNameExistsError, self.app.agents.create(name="clerk", scopes={}))
        await self.refused(AgentNotFoundError, self.app.agents.get(NOBODY), status_code=404)

    async def test_pages_of_agents(self):
        made = [await self.app.agents.create(name=f"page-{number}", scopes={}) for number in range(3)]
        await self.app.agents.delete(str(made[0].id))
        page = await self.app.agents.list(limit=1)
        self.assertEqual((len(page.agents), page.limit, page.offset, page.has_more), (1, 1, 0, True))
        living = {agent.id for agent in (await self.app.agents.list(limit=1000)).agents}
        every = {agent.id for agent in (await self.app.agents.list(limit=1000, include_revoked=True)).agents}
        self.assertTrue({made[1].id, made[2].id} <= living)
        self.assertNotIn(made[0].id, living)
        self.assertIn(made[0].id, every)

    async def test_the_same_request_once_more(self):
        asked = {"name": "once", "scopes": {}, "idempotency_key": "request-1"}
        first = await self.app.agents.create(**asked)
        again = await self.app.agents.create(**asked)
        self.assertEqual((again.id, again.api_key), (first.id, None))
        other = self.app.agents.create(name="twice", scopes={}, idempotency_key="request-1")
        await self.refused(IdempotencyKeyBodyMismatchError, other)
        await self.app.agents.suspend(str(first.id))
        await self.refused(IdempotencyKeyAgentInactiveError, self.app.agents.create(**asked))
        await self.app.agents.delete(str(first.id))
        await self.refused(IdempotencyKeyAgentRevokedError, self.app.agents.create(**asked))

    async def test_who_an_agent_is(self):
        made, agent = await self.made("me")
        self.assertEqual((await agent.me()).id, made.id)
        await self.refused(MeRequiresAgentKeyError, (await self.agent_client(self.app_key())).me())
        await self.refused(AgentCannotMintSubagentsError, self.client_of(made).agents.create(name="below", scopes={}))

    def app_key(self):
        from world import WORLD

        return WORLD["key"]

    def client_of(self, made):
        """The app's client with an agent's key: what a program does that was given the wrong one."""
        from alter_sdk import App

        client = App(api_key=made.api_key)
        self.addAsyncCleanup(client.close)
        return client

    async def test_suspended_resumed_revoked(self):
        made, agent = await self.made("shift")
        self.assertEqual((await self.app.agents.suspend(str(made.id))).status, "inactive")
        self.assertEqual((await agent.me()).status, "inactive")
        refusal = await self.refused(AgentInactiveError, agent.list_grants(), status_code=401)
        self.assertTrue(refusal.hint)
        self.assertEqual((await self.app.agents.resume(str(made.id))).status, "active")
        self.assertEqual((await agent.list_grants()).grants, [])
        self.assertEqual((await self.app.agents.delete(str(made.id))).status, "revoked")
        self.assertEqual((await self.app.agents.delete(str(made.id))).status, "revoked")
        with self.assertRaises((AgentRevokedError, KeyRevokedError)):
            await agent.me()
        await self.refused(AgentRevokedError, self.app.agents.resume(str(made.id)))

    async def test_keys(self):
        made, agent = await self.made("keyholder")
        name = str(made.id)
        second = await self.app.agents.mint_key(name)
        listed = await self.app.agents.list_keys(name)
        self.assertEqual({key.key_id for key in listed.items}, {made.key_id, second.key_id})
        deprecated = await self.app.agents.deprecate_key(name, str(made.key_id))
        self.assertTrue(deprecated.deprecated_at)
        with self.assertWarnsRegex(UserWarning, "deprecated"):
            await agent.me()
        self.assertIsNone((await self.app.agents.undeprecate_key(name, str(made.key_id))).deprecated_at)
        self.assertTrue((await self.app.agents.revoke_key(name, str(made.key_id))).revoked_at)
        await self.refused(KeyRevokedError, agent.me(), status_code=401)
        await self.refused(KeyAlreadyRevokedError, self.app.agents.deprecate_key(name, str(made.key_id)))
        await self.refused(LastActiveKeyError, self.app.agents.revoke_key(name, str(second.key_id)))
        self.assertTrue((await self.app.agents.revoke_key(name, str(second.key_id), force=True)).revoked_at)
        await self.refused(KeyNotFoundError, self.app.agents.revoke_key(name, NOBODY))
        for _ in range(10):
            await self.app.agents.mint_key(name)
        await self.refused(AgentKeyLimitError, self.app.agents.mint_key(name))


class Delegation(Agents):
    async def test_a_person_lets_an_agent_in(self):
        person = await self.person()
        made, agent = await self.made("secretary")
        result = await self.let_in(person, made)
        self.assertEqual((result.delegation.agent_id, result.delegation.delegable), (str(made.id), False))
        self.assertFalse(result.delegation.policy_refused)
        [own] = (await self.app.list_grants(end_user_token=person["user_token"])).grants
        self.assertEqual(own.delegated_agent_ids, [str(made.id)])
        [theirs] = (await agent.list_grants()).grants
        self.assertEqual((theirs.access_via, theirs.principal_type, theirs.depth), ("oauth_delegation", "agent", 1))
        self.assertEqual((theirs.parent_grant_id, theirs.delegable), (result.grant_id, False))
        self.assertTrue(theirs.delegated_at)
        # The credential itself is for no agent.
        for grant in (theirs.grant_id, result.grant_id):
            call = agent.request("GET", self.api("/echo"), grant_id=grant)
            refusal = await self.refused(RestrictedGrantRequiresProxyError, call, status_code=400)
            self.assertEqual(refusal.details["error"], "delegated_grant_requires_proxy")
        onward = agent.delegate(theirs.grant_id, str(made.id))
        await self.refused(GrantNotDelegableError, onward, detail_reason="holder_not_delegable")
        # The person's own grant stays when the agent goes.
        await self.app.revoke_delegation(result.grant_id, str(made.id))
        await self.app.revoke_delegation(result.grant_id, str(made.id))
        self.assertEqual((await agent.list_grants()).grants, [])
        answer = await self.app.request("GET", self.api("/echo"), grant_id=result.grant_id)
        self.assertEqual(answer.status_code, 200)

    async def test_a_person_leaves_the_agent_out(self):
        person = await self.person()
        made, agent = await self.made("unwanted")
        result = await self.linked(person, agent="unwanted", answers=[{"agent": None}])
        self.assertTrue(result.delegation.policy_refused)
        self.assertEqual((await agent.list_grants()).grants, [])
        self.assertEqual(result.delegation.agent_id, str(made.id))

    async def test_an_agent_passes_it_on_with_less(self):
        person = await self.person()
        lead, lead_client = await self.made("lead")
        helper, helper_client = await self.made("helper")
        last, last_client = await self.made("last")
        await self.let_in(person, lead, delegable=True)
        [held] = (await lead_client.list_grants()).grants
        self.assertTrue(held.delegable)
        passed = await lead_client.delegate(
            held.grant_id, str(helper.id), delegable=True, scope_constraint=[READ], ttl_seconds=600
        )
        self.assertEqual((passed.parent_grant_id, passed.depth, passed.status), (held.grant_id, 2, "active"))
        self.assertTrue(passed.expires_at)
        [below] = (await helper_client.list_grants()).grants
        self.assertEqual((below.grant_id, below.scopes, below.scope_constraint), (passed.grant_id, [READ], [READ]))
        deeper = await helper_client.delegate(below.grant_id, str(last.id), ttl_seconds=3600)
        self.assertEqual(deeper.depth, 3)
        self.assertLessEqual(deeper.expires_at, passed.expires_at)
        nothing = lead_client.delegate(held.grant_id, str(last.id), scope_constraint=["messages.read"])
        refusal = await self.refused(BackendError, nothing, status_code=422)
        self.assertEqual(refusal.details["error"], "invalid_scope_constraint")
        # Whoever steps out takes along what they passed on.
        await helper_client.revoke_delegation(below.grant_id)
        self.assertEqual((await last_client.list_grants()).grants, [])
        self.assertEqual(len((await lead_client.list_grants()).grants), 1)

    async def test_a_ceiling_in_the_session(self):
        person = await self.person()
        made, agent = await self.made("narrow")
        await self.let_in(person, made, scope_constraint=[READ])
        [held] = (await agent.list_grants()).grants
        self.assertEqual(held.scopes, [READ])

    async def test_ending_the_grant_ends_the_agent_s_part(self):
        person = await self.person()
        made, agent = await self.made("follower")
        result = await self.let_in(person, made)
        await self.app.revoke_grant(result.grant_id)
        self.assertEqual((await agent.list_grants()).grants, [])

    async def test_nobody_has_let_the_agent_in(self):
        person = await self.person()
        made, agent = await self.made("stranger")
        await self.linked(person)
        call = agent.request("GET", self.api("/echo"), provider=CALENDAR, user_token=person["user_token"])
        refusal = await self.refused(NoDelegatedGrantError, call, provider_id=CALENDAR, agent_id=str(made.id))
        # The error leads to the session that mends it.
        session = await self.app.create_connect_session_for_error(refusal, user_token=person["user_token"])
        await self.link(session, person, {"decision": "use", "agent": "yes"})
        [result] = await self.heard(session)
        self.assertEqual(result.delegation.agent_id, str(made.id))
        self.assertEqual(len((await agent.list_grants()).grants), 1)
        await self.refused(AgentDelegationMissingError, agent.request("GET", self.api("/echo"), grant_id=NOBODY))

    async def test_an_agent_without_a_scope_there(self):
        person = await self.person()
        made, agent = await self.made("talker", {CHAT: ["messages.read"]})
        result = await self.let_in(person, made)
        call = agent.request("GET", self.api("/echo"), grant_id=result.grant_id)
        await self.refused(PolicyViolationError, call, policy_error="agent_scope_not_allowed")

    async def test_the_app_s_own_account_is_passed_on_by_nobody(self):
        made, _ = await self.made("orphan")
        result = await self.linked()
        passed = self.app._client.delegate(result.grant_id, str(made.id))
        await self.refused(GrantNotDelegableError, passed, detail_reason="no_consenting_user")
        await self.app.revoke_grant(result.grant_id)

    async def test_an_agent_asks_for_itself_alone(self):
        person = await self.person()
        made, agent = await self.made("asker")
        await self.made("other")
        session = await agent.create_connect_session(
            allowed_providers=[CALENDAR], agent=str(made.id), user_token=person["user_token"]
        )
        await self.link(session, person, {"agent": "yes"})
        [result] = await agent.poll_connect_session(session.session_token, timeout=3, poll_interval=0.1)
        self.assertEqual(result.delegation.agent_id, str(made.id))
        other = agent.create_connect_session(agent="other", user_token=person["user_token"])
        refusal = await self.refused(BackendError, other, status_code=400)
        self.assertEqual(refusal.details["error"], "agent_cannot_delegate_to_other_agent")

    async def test_who_may_end_what(self):
        person = await self.person()
        made, agent = await self.made("ender")
        result = await self.let_in(person, made)
        me = self.app._client.revoke_delegation(result.grant_id)
        await self.refused(PolicyViolationError, me, policy_error="agent_key_required")
        named = agent._client.revoke_delegation(result.grant_id, agent_id=str(made.id))
        await self.refused(PolicyViolationError, named, policy_error="use_self_revoke_path")


class Acting(Agents):
    async def test_the_app_acts_as_its_agent(self):
        person = await self.person()
        made, _ = await self.made("puppet")
        result = await self.let_in(person, made)
        acting = self.app.get_agent(str(made.id))
        self.addAsyncCleanup(acting.close)
        self.assertEqual([grant.parent_grant_id for grant in (await acting.list_grants()).grants], [result.grant_id])
        nobody = self.app.get_agent(NOBODY)
        self.addAsyncCleanup(nobody.close)
        await self.refused(AgentNotFoundError, nobody.list_grants(), status_code=404)

    async def test_an_agent_does_not_act_as_another(self):
        made, _ = await self.made("honest")
        other, _ = await self.made("victim")
        liar = await self.client(made.api_key, caller=str(other.id), caller_type="agent")
        await self.refused(CallerAgentMismatchError, liar.list_grants(), status_code=400)
