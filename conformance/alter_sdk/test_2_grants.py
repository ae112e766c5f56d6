"""What a backend does with linked accounts: calls, lists, siblings, ends."""

from alter_sdk import (
    AmbiguousGrantError,
    BackendError,
    CredentialRevokedError,
    GrantNotFoundError,
    GrantRevokedError,
    PolicyViolationError,
    ProviderAPIError,
    ProviderUnauthorizedError,
    ReAuthRequiredError,
    ScopeReauthRequiredError,
    SiblingLabelConflictError,
)
from world import CALENDAR, CHAT, READ, WORLD, Test, eventually

NOBODY = "01a2214e-bd82-739f-9201-2f92947d51a0"


class Calls(Test):
    async def test_by_grant_and_by_provider_with_our_own_token(self):
        person = await self.person()
        user = person["user_token"]
        result = await self.linked(person)
        ways = {
            "the grant": {"grant_id": result.grant_id},
            "the grant of this person": {"grant_id": result.grant_id, "user_token": user},
            "the provider": {"provider": CALENDAR, "user_token": user},
            "the account": {"provider": CALENDAR, "user_token": user, "account": "ada@fake.example"},
            "an ID token": {"provider": CALENDAR, "user_token": person["id_token"]},
        }
        for title, way in ways.items():
            with self.subTest(title):
                answer = await self.app.request("POST", self.api("/echo"), json={"a": 1}, reason="a test", **way)
                arrived = answer.json()
                self.assertTrue(arrived["headers"]["authorization"].startswith("Bearer "))
                self.assertEqual((arrived["method"], arrived["body"]), ("POST", '{"a":1}'))
                told = {name for name in arrived["headers"] if name.startswith("x-alter") or name == "x-api-key"}
                self.assertEqual(told, set())
        getter = await self.client(user_token_getter=lambda: user)
        answer = await getter.request("GET", self.api("/v3/events"), provider=CALENDAR)
        self.assertEqual(answer.status_code, 200)

    async def test_with_a_token_of_the_app_s_own_identity_provider(self):
        one, other = await self.app_user("caller-1"), await self.app_user("caller-2")
        result = await self.linked(one)
        answer = await self.app.request("GET", self.api("/echo"), provider=CALENDAR, user_token=one["user_token"])
        self.assertEqual(answer.status_code, 200)
        missing = await self.refused(
            GrantNotFoundError,
            self.app.request("GET", self.api("/echo"), provider=CALENDAR, user_token=other["user_token"]),
            provider_id=CALENDAR,
        )
        self.assertTrue(missing.app_user_id)
        foreign = self.app.request("GET", self.api("/echo"), grant_id=result.grant_id, user_token=other["user_token"])
        await self.refused(GrantNotFoundError, foreign)
        for title, claims in {
            "too old": {"expires": 1},
            "for another app": {"audience": "elsewhere"},
        }.items():
            with self.subTest(title):
                wrong = await self.app_user("caller-1", **claims)
                call = self.app.request("GET", self.api("/echo"), provider=CALENDAR, user_token=wrong["user_token"])
                refusal = await self.refused(ReAuthRequiredError, call, status_code=401)
                self.assertEqual(refusal.details["error"], "jwt_validation_error")

    async def test_an_account_of_the_app_itself(self):
        result = await self.linked()
        answer = await self.app.request("GET", self.api("/echo"), grant_id=result.grant_id)
        self.assertEqual(answer.status_code, 200)
        person = await self.person()
        call = self.app.request("GET", self.api("/echo"), grant_id=result.grant_id, user_token=person["user_token"])
        refusal = await self.refused(BackendError, call, status_code=400)
        self.assertEqual(refusal.details["error"], "system_grant_user_token_mismatch")
        [grant] = [own for own in (await self.app.list_grants()).grants if own.grant_id == result.grant_id]
        self.assertEqual(grant.principal_type, "system")
        await self.app.revoke_grant(result.grant_id)

    async def test_a_token_is_refreshed_before_the_call(self):
        person = await self.person()
        await self.faults(expires_in=20)
        result = await self.linked(person)
        await self.faults(expires_in=3600, rotate=True)
        for _ in range(2):
            answer = await self.app.request("GET", self.api("/v3/events"), grant_id=result.grant_id)
            self.assertEqual(answer.status_code, 200)
        self.assertEqual((await self.stats())["refreshes"], 1)

    async def test_what_the_provider_says_no_to(self):
        person = await self.person()
        result = await self.linked(person)
        missing = self.app.request("GET", self.api("/status/404"), grant_id=result.grant_id)
        await self.refused(ProviderAPIError, missing, status_code=404)
        refused = self.app.request("GET", self.api("/status/401"), grant_id=result.grant_id)
        await self.refused(ProviderUnauthorizedError, refused, status_code=401)

    async def test_a_scope_that_was_not_allowed(self):
        person = await self.person()
        result = await self.linked(person, required_scopes={CALENDAR: [READ]})
        call = self.app.request("POST", self.api("/v3/events"), grant_id=result.grant_id, json={"title": "x"})
        refusal = await self.refused(ScopeReauthRequiredError, call, grant_id=result.grant_id, provider_id=CALENDAR)
        self.assertEqual(refusal.missing_scopes, ["calendar.write"])

        async def marked():
            [grant] = (await self.app.list_grants(end_user_token=person["user_token"])).grants
            return grant.scope_mismatch

        await eventually(marked)

    async def test_an_app_that_keeps_its_tokens_to_itself(self):
        careful = await self.client(WORLD["careful_key"])
        session = await careful.create_connect_session(allowed_providers=[CALENDAR])
        await self.link(session)
        [result] = await careful.poll_connect_session(session.session_token, timeout=3, poll_interval=0.1)
        call = careful.request("GET", self.api("/echo"), grant_id=result.grant_id)
        await self.refused(PolicyViolationError, call, policy_error="token_handout_disabled")
        # One app's grant is nothing at another.
        await self.refused(GrantNotFoundError, self.app.request("GET", self.api("/echo"), grant_id=result.grant_id))

    async def test_what_the_client_does_itself_is_reported_and_its_person_sees_it(self):
        person = await self.person()
        result = await self.linked(person)
        await self.app.request("GET", self.api("/echo?secret=1"), grant_id=result.grant_id, reason="to see", context={"tool": "t"})

        async def reported():
            seen = await self.ask("look", path="/account/calls", person=person["id"])
            return "/calendar/echo" in seen["text"] and seen["text"]

        text = await eventually(reported)
        self.assertIn("Suite Desk", text)
        self.assertIn("to see", text)
        self.assertNotIn("secret=1", text)
        [grant] = (await self.app.list_grants(end_user_token=person["user_token"])).grants
        self.assertTrue(grant.last_used_at)


class Lists(Test):
    async def test_filters_and_pages(self):
        person = await self.person()
        user = person["user_token"]
        first = await self.linked(person)
        second = await self.linked(person, account="bob", switch_account=True)
        third = await self.linked(person, provider=CHAT)
        page = await self.app.list_grants(end_user_token=user)
        self.assertEqual((page.total, page.limit, page.offset, page.has_more), (3, 100, 0, False))
        self.assertEqual({grant.grant_id for grant in page.grants}, {one.grant_id for one in (first, second, third)})
        for grant in page.grants:
            self.assertEqual((grant.grant_kind, grant.status, grant.principal_type), ("oauth", "active", "user"))
            self.assertEqual((grant.access_via, grant.depth, grant.delegated_agent_ids), ("ownership", 0, []))
            self.assertTrue(grant.credential_id and grant.created_at and grant.expires_at)

        async def found(**filters):
            listed = await self.app.list_grants(end_user_token=user, **filters)
            return {grant.grant_id for grant in listed.grants}

        self.assertEqual(await found(provider_id=CHAT), {third.grant_id})
        self.assertEqual(await found(account="bob@fake.example"), {second.grant_id})
        self.assertEqual(await found(account="nobody@fake.example"), set())
        self.assertEqual(await found(label="none"), set())
        self.assertEqual(await found(status="revoked"), set())
        self.assertEqual(await found(status="error"), set())
        await self.app.revoke_grant(third.grant_id)
        self.assertEqual(await found(status="active"), {first.grant_id, second.grant_id})
        self.assertEqual(await found(status="revoked"), {third.grant_id})

        one = await self.app.list_grants(end_user_token=user, limit=1)
        self.assertEqual((len(one.grants), one.total, one.has_more), (1, 2, True))
        rest = await self.app.list_grants(end_user_token=user, limit=1, offset=1)
        self.assertEqual((len(rest.grants), rest.has_more), (1, False))
        self.assertNotEqual(one.grants[0].grant_id, rest.grants[0].grant_id)
        every = await self.app.list_grants(limit=1000)
        self.assertGreaterEqual(every.total, 2)

    async def test_two_accounts_are_one_too_many(self):
        for person in [await self.person(), await self.app_user("two-accounts")]:
            user = person["user_token"]
            ada = await self.linked(person)
            bob = await self.linked(person, account="bob", switch_account=True)
            call = self.app.request("GET", self.api("/echo"), provider=CALENDAR, user_token=user)
            refusal = await self.refused(
                AmbiguousGrantError,
                call,
                provider_id=CALENDAR,
                account_was_provided=False,
                candidates_truncated=False,
                status_code=409,
            )
            self.assertEqual(set(refusal.account_identifiers), {"ada@fake.example", "bob@fake.example"})
            self.assertEqual(set(refusal.grant_ids), {ada.grant_id, bob.grant_id})
            told = {one.grant_id: one.account_identifier for one in refusal.candidates}
            self.assertEqual(told, {ada.grant_id: "ada@fake.example", bob.grant_id: "bob@fake.example"})
            choice = {"provider": CALENDAR, "user_token": user, "account": "bob@fake.example"}
            self.assertEqual((await self.app.request("GET", self.api("/echo"), **choice)).status_code, 200)
            for grant in (ada, bob):
                await self.app.revoke_grant(grant.grant_id)


class Siblings(Test):
    async def test_mint_use_and_end(self):
        person = await self.person()
        user = person["user_token"]
        source = await self.linked(person)
        made = await self.app.mint_grant(source.grant_id, label="reports")
        self.assertNotEqual(made.grant_id, source.grant_id)
        self.assertEqual((made.provider_id, made.label, made.status), (CALENDAR, "reports", "active"))
        self.assertEqual((made.principal_type, made.account_identifier), ("user", "ada@fake.example"))
        again = self.app.mint_grant(source.grant_id, label="reports")
        await self.refused(SiblingLabelConflictError, again, label="reports", status_code=409)
        call = self.app.request("GET", self.api("/echo"), provider=CALENDAR, user_token=user)
        ambiguous = await self.refused(AmbiguousGrantError, call)
        self.assertIn("reports", [one.label for one in ambiguous.candidates])
        by_label = await self.app.request("GET", self.api("/echo"), provider=CALENDAR, label="reports", user_token=user)
        self.assertEqual(by_label.status_code, 200)
        late = self.app.mint_grant(source.grant_id, label="late", grant_policy={"expires_at": "2001-01-01T00:00:00Z"})
        refusal = await self.refused(BackendError, late, status_code=422)
        self.assertEqual(refusal.details["error"], "invalid_grant_policy")
        # The account stays while one grant is on it.
        await self.app.revoke_grant(source.grant_id)
        answer = await self.app.request("GET", self.api("/echo"), grant_id=made.grant_id)
        self.assertEqual(answer.status_code, 200)

    async def test_a_narrowed_grant_has_none(self):
        wanted = {"label": "narrow", "restrictions": {"allowed_methods": ["GET"]}}
        source = await self.linked(await self.person(), requested_grant=wanted)
        await self.refused(
            PolicyViolationError,
            self.app.mint_grant(source.grant_id, label="more"),
            policy_error="mint_source_has_grant_rules",
        )


class Ends(Test):
    async def test_a_grant_that_was_ended_is_told_from_one_that_never_was(self):
        person = await self.person()
        result = await self.linked(person)
        ended = await self.app.revoke_grant(result.grant_id, reason="no longer needed")
        self.assertTrue(ended.success and ended.message and ended.revoked_at)
        self.assertEqual(ended.grant_id, result.grant_id)
        again = await self.app.revoke_grant(result.grant_id)
        self.assertEqual(again.revoked_at, ended.revoked_at)
        refusal = await self.refused(GrantRevokedError, self.app.request("GET", self.api("/echo"), grant_id=result.grant_id))
        self.assertEqual(refusal.details["provider_id"], CALENDAR)
        call = self.app.request("GET", self.api("/echo"), provider=CALENDAR, user_token=person["user_token"])
        await self.refused(GrantNotFoundError, call, provider_id=CALENDAR)
        await eventually(self.told_the_provider)
        for deed in [
            self.app.request("GET", self.api("/echo"), grant_id=NOBODY),
            self.app.revoke_grant(NOBODY),
        ]:
            await self.refused(GrantNotFoundError, deed, status_code=404)

    async def told_the_provider(self):
        return (await self.stats())["revocations"] >= 1

    async def test_somebody_else_s_grant_is_not_there(self):
        one, other = await self.person(), await self.person()
        result = await self.linked(one)
        stranger = await self.client(user_token_getter=lambda: other["user_token"])
        await self.refused(GrantNotFoundError, stranger.revoke_grant(result.grant_id))
        await self.refused(GrantNotFoundError, stranger.request("GET", self.api("/echo"), grant_id=result.grant_id))
        self.assertEqual((await stranger.list_grants()).grants, [])

    async def test_a_dead_refresh_token(self):
        user = await self.app_user("unlucky")
        await self.faults(expires_in=20)
        result = await self.linked(user)
        await self.faults(error="invalid_grant")
        refusal = await self.refused(
            CredentialRevokedError,
            self.app.request("GET", self.api("/echo"), provider=CALENDAR, user_token=user["user_token"]),
            grant_id=result.grant_id,
            provider_id=CALENDAR,
        )
        self.assertTrue(refusal.app_user_id)
