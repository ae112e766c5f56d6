"""The refusals of the exception table that no other test comes across."""

import asyncio

from alter_sdk import (
    ApprovalTimeoutError,
    BackendError,
    CredentialRevokedError,
    KeyExpiredError,
    KeyRotationExpiredError,
    PolicyViolationError,
    RestrictedGrantRequiresProxyError,
    content_match_rule,
)
from world import CALENDAR, READ, WORLD, WRITE, Test


class Refusals(Test):
    async def test_a_key_whose_time_is_over(self):
        made = await self.app.keys.derive(scopes=["grants:read"], expires_in=1)
        await asyncio.sleep(1.1)
        old = await self.client(made.api_key)
        refusal = await self.refused(KeyExpiredError, old.list_grants(), status_code=401)
        self.assertEqual(refusal.details["error"], "key_expired")

    async def test_a_key_that_was_rotated_out(self):
        made = await self.app.keys.derive(scopes=["grants:read"], expires_in=600)
        await self.app.keys.rotate(key_id=made.id, overlap_days=0)
        old = await self.client(made.api_key)
        await self.refused(KeyRotationExpiredError, old.list_grants(), status_code=401)

    async def test_a_rule_of_the_call_itself(self):
        grant = await self.linked(await self.person(), required_scopes={CALENDAR: [READ, WRITE]})
        rule = content_match_rule(families=["delete"], effect="deny")
        careful = self.app.with_constraints(rule=rule)
        self.addAsyncCleanup(careful.close)
        token = careful.request("GET", self.api("/v3/events"), grant_id=grant.grant_id)
        await self.refused(RestrictedGrantRequiresProxyError, token)
        deleted = careful.proxy_request("DELETE", self.api("/v3/events/1"), grant_id=grant.grant_id)
        await self.refused(PolicyViolationError, deleted, status_code=403)

    async def test_a_refresh_whose_answer_is_lost(self):
        await self.faults(expires_in=3)
        grant = await self.linked(await self.person())
        await asyncio.sleep(3)
        await self.faults(drop_after_commit=True, expires_in=3600)
        lost = self.app.request("GET", self.api("/v3/events"), grant_id=grant.grant_id)
        refusal = await self.refused(BackendError, lost)
        self.assertIn(refusal.status_code, (502, 503, 504))

    async def test_a_dead_refresh_token_in_a_proxied_call(self):
        await self.faults(expires_in=20)
        grant = await self.linked(await self.person())
        await self.faults(error="invalid_grant")
        call = self.app.proxy_request("GET", self.api("/v3/events"), grant_id=grant.grant_id)
        await self.refused(CredentialRevokedError, call, grant_id=grant.grant_id, provider_id=CALENDAR)

    async def test_nobody_decides(self):
        app = self.app = await self.client(WORLD["judged_key"])
        grant = await self.linked(await self.person(), required_scopes={CALENDAR: [READ, WRITE]})
        pending = await app.proxy_request("DELETE", self.api("/v3/events/1"), grant_id=grant.grant_id)
        waiting = app.await_approval(str(pending.approval_id), timeout=1, poll_interval=0.2)
        await self.refused(ApprovalTimeoutError, waiting)

    async def test_an_address_that_is_none(self):
        """Whatever is asked there, it is JSON with a code."""
        answer = await self.http.post(f"{WORLD['issuer']}/sdk/nothing", json={})
        self.assertEqual((answer.status_code, answer.json()["error"]), (404, "not_found"))
