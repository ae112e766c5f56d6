"""Keys that may less, the words for what keys may, and what else a key opens."""

from datetime import UTC, datetime, timedelta

from alter_sdk import (
    BackendError,
    GrantNotFoundError,
    InsufficientScopeError,
    InvalidKeyError,
    KeyRevokedError,
    PolicyViolationError,
    UserSpan,
)
from world import CALENDAR, CHAT, READ, Test


class Keys(Test):
    async def test_a_derived_key_may_less_and_ends_with_its_parent(self):
        made = await self.app.keys.derive(scopes=["grants:read", "agents:read"], expires_in=600)
        self.assertEqual((made.key_type, set(made.scopes)), ("dk", {"grants:read", "agents:read"}))
        self.assertTrue(made.api_key.startswith("alter_dk_") and made.expires_at and made.parent_key_id)
        derived = await self.client(made.api_key)
        await derived.list_grants()
        refusal = await self.refused(
            InsufficientScopeError,
            derived.create_connect_session(),
            required=["connect:initiate"],
            missing=["connect:initiate"],
            required_any_of=False,
            scope_version_mismatch=False,
            status_code=403,
        )
        self.assertEqual(set(refusal.granted), {"grants:read", "agents:read"})
        onward = derived.keys.derive(scopes=["agents:read"], expires_in=60)
        await self.refused(InsufficientScopeError, onward, missing=["keys:derive"])
        own = await self.app.keys.derive(scopes=["grants:read"], expires_in=600)
        self.assertEqual(own.parent_key_id, made.parent_key_id)
        ended = await self.app.keys.revoke(key_id=made.id)
        self.assertTrue(ended.revoked_at)
        await self.refused(KeyRevokedError, derived.list_grants(), status_code=401)

    async def test_a_key_for_one_network(self):
        made = await self.app.keys.derive(scopes=["grants:read"], expires_in=600, cidr_allowlist=["10.0.0.0/8"], name="far")
        self.assertEqual((made.cidr_allowlist, made.name), (["10.0.0.0/8"], "far"))
        far = await self.client(made.api_key)
        await self.refused(PolicyViolationError, far.list_grants(), policy_error="ip_not_allowed")

    async def test_a_rotated_key(self):
        made = await self.app.keys.derive(scopes=["grants:read"], expires_in=600)
        new = await self.app.keys.rotate(key_id=made.id, overlap_days=1)
        self.assertNotEqual((new.id, new.api_key), (made.id, made.api_key))
        await (await self.client(new.api_key)).list_grants()
        old = await self.client(made.api_key)
        with self.assertWarnsRegex(UserWarning, "deprecated"):
            await old.list_grants()

    async def test_a_key_of_nobody(self):
        stranger = await self.client("alter_rk_abcdefghijklmnopqrstuv_iwpykn")
        await self.refused(InvalidKeyError, stranger.list_grants(), status_code=401)

    async def test_one_call_may_less_than_its_key(self):
        narrowed = self.app.with_constraints(scopes=["grants:read"])
        self.addAsyncCleanup(narrowed.close)
        await narrowed.list_grants()
        await self.refused(InsufficientScopeError, narrowed.create_connect_session(), missing=["connect:initiate"])
        made = await self.app.keys.derive(scopes=["grants:read"], expires_in=600)
        derived = await self.client(made.api_key)
        widened = derived.with_constraints(scopes=["agents:read"])
        self.addAsyncCleanup(widened.close)
        refusal = await self.refused(BackendError, widened.list_grants(), status_code=400)
        self.assertEqual(refusal.details["error"], "constraint_not_narrowing")


class Words(Test):
    async def test_scopes(self):
        catalog = await self.app.scopes.list()
        self.assertEqual(catalog.resources["grants"].verbs, ["read", "write", "admin"])
        self.assertTrue({"tokens:retrieve", "proxy:execute", "connect:initiate", "spans:emit"} <= set(catalog.action_verbs))

    async def test_the_catalogue(self):
        catalog = await self.app.oauth_providers.list()
        found = {one.id: one for one in self.items(catalog)}
        self.assertTrue({CALENDAR, CHAT} <= set(found))
        calendar = found[CALENDAR]
        self.assertTrue(calendar.supports_pkce and calendar.supports_refresh)
        self.assertIn(READ, calendar.available_scopes)
        self.assertEqual(calendar.display_name, "Fake calendar")

    def items(self, catalog):
        providers = catalog.providers
        return providers.values() if isinstance(providers, dict) else providers

    async def test_provider_specs(self):
        for spec in await self.app.provider_specs.list():
            page = await self.app.provider_specs.list_operations(spec.provider_kind, spec.provider_id, limit=1)
            self.assertEqual(page.spec.provider_id, spec.provider_id)
        await self.refused(GrantNotFoundError, self.app.provider_specs.get("oauth", "no-such"))

    async def test_spans(self):
        began = datetime.now(UTC)
        one = UserSpan(trace_id="run-7", span_id="a", name="plan", start_time=began, attributes={"step": "1"})
        two = UserSpan(
            trace_id="run-7", span_id="b", parent_span_id="a", name="act", start_time=began, end_time=began + timedelta(seconds=1)
        )
        self.assertEqual((await self.app.spans.emit([one, two])).accepted, 2)
        self.assertEqual((await self.app.spans.emit([one, two])).accepted, 0)
