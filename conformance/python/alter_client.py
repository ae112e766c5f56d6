"""alter-sdk, unmodified, as the backend of an app and as its agent: keys, agents, who stands behind a call.

The suite gives one JSON command on standard input and reads one JSON answer: for each step its name and what came of it,
the name of the exception where the library raised one.
"""

import asyncio
import json
import os
import sys
from datetime import datetime, timezone

command = json.loads(sys.stdin.readline())
os.environ["ALTER_BASE_URL"] = command["issuer"]

import alter_sdk  # noqa: E402  (it reads its address when a client is made)
from alter_sdk import Agent, App  # noqa: E402

steps = {}


async def step(name, call):
    """Notes what came of a call, and gives it back."""
    try:
        result = await call
    except Exception as error:
        steps[name] = type(error).__name__
        return None
    steps[name] = "ok"
    return result


async def main():
    app = App(api_key=command["key"], caller="suite")
    made = await step(
        "create",
        app.agents.create(
            name="writer", scopes={"google": ["a", "b"]}, metadata={"é": "ü"}, idempotency_key="once"
        ),
    )
    again = await step(
        "create again",
        app.agents.create(
            name="writer", scopes={"google": ["a", "b"]}, metadata={"é": "ü"}, idempotency_key="once"
        ),
    )
    steps["the same agent, without its key"] = again.id == made.id and again.api_key is None
    await step("a name twice", app.agents.create(name="writer", scopes={}))
    agent_id = str(made.id)
    await step("list", app.agents.list())
    steps["found by name"] = (await app.agents.get_by_name("writer")).id == made.id
    changed = await step(
        "narrow", app.agents.update(agent_id, scopes={"google": ["a"]}, expected_version=1, grace_seconds=60)
    )
    steps["announced"] = changed.scopes_pending == {"google": ["a"]}
    await step("a stale version", app.agents.update(agent_id, scopes={}, expected_version=1))

    second = await step("mint", app.agents.mint_key(agent_id))
    await step("deprecate", app.agents.deprecate_key(agent_id, str(second.key_id)))
    await step("undeprecate", app.agents.undeprecate_key(agent_id, str(second.key_id)))
    await step("revoke", app.agents.revoke_key(agent_id, str(second.key_id)))
    await step("revoke the last", app.agents.revoke_key(agent_id, str(made.key_id)))

    agent = Agent(api_key=made.api_key)
    steps["the agent knows who it is"] = (await agent.me()).id == made.id
    named = app.get_agent(agent_id)
    steps["its app speaks for it"] = str((await named.resolve_identity()).agent_id) == agent_id
    await step("suspend", app.agents.suspend(agent_id))
    await step("a suspended agent acts", agent.resolve_identity())
    await step("a suspended agent asks who it is", agent.me())
    await step("resume", app.agents.resume(agent_id))
    await step("it acts again", agent.resolve_identity())

    narrowed = app.with_constraints(scopes=["grants:read"])
    await step("narrowed", narrowed.agents.list())
    derived = await step("derive", app.keys.derive(scopes=["agents:read"], expires_in=3600, name="for the list"))
    less = App(api_key=derived.api_key)
    await step("a derived key lists", less.agents.list())
    await step("a derived key derives", less.keys.derive(scopes=["agents:read"], expires_in=60))
    rotated = await step("rotate", app.keys.rotate(key_id=derived.id, overlap_days=1))
    await step("the old key still works", less.agents.list())
    await step("end", app.keys.revoke(key_id=rotated.id))
    ended = App(api_key=rotated.api_key)
    await step("a revoked key", ended.agents.list())

    identity = await app.resolve_identity()
    steps["the app"] = identity.app_id == command["client_id"]
    asserted = await step("assert", app.assert_identity(audience="https://api.test"))
    steps["asserted"] = asserted.token if isinstance(asserted.token, str) else asserted.token.get_secret_value()
    steps["a stranger's token"] = await app.verify_user_token("x.y.z")
    session = await step("a session to sign in", app.create_auth_session())
    steps["its place"] = session.auth_url.split("#")[0]
    await step("scopes", app.scopes.list())
    await step("no descriptions", app.provider_specs.list())
    await step("a description", app.provider_specs.get("oauth", "google"))
    span = alter_sdk.UserSpan(trace_id="t", name="n", start_time=datetime.now(timezone.utc))
    await step("spans", app.spans.emit([span]))

    await step("delete", app.agents.delete(agent_id))
    await step("a deleted agent", agent.me())
    stranger = App(api_key="alter_rk_abcdefghijklmnopqrstuv_iwpykn")
    await step("an unknown key", stranger.agents.list())


asyncio.run(main())
print(json.dumps(steps), flush=True)
