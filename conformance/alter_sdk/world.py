"""What the tests stand in: the server, the fake provider, people. The suite in Node has started it and tells where it is."""

import asyncio
import json
import os
import unittest

WORLD = json.loads(os.environ["WORLD"])
os.environ["ALTER_BASE_URL"] = WORLD["issuer"]

import httpx
from alter_sdk import Agent, App

CALENDAR = "fake-calendar"
CHAT = "fake-chat"
ORIGIN = "https://client.test"
READ = "calendar.read"
WRITE = "calendar.write"


class Test(unittest.IsolatedAsyncioTestCase):
    """One app with its key; whatever is opened here is closed at the end, which sends what still waits to be reported."""

    async def asyncSetUp(self):
        self.http = await self.enterAsyncContext(httpx.AsyncClient(timeout=20))
        await self.http.delete(f"{WORLD['fake']}/_faults")
        await self.http.delete(f"{WORLD['fake']}/_stats")
        await self.faults(auto_approve=True)
        self.app = await self.client()

    async def client(self, key=WORLD["key"], **options):
        return await self.enterAsyncContext(App(api_key=key, **options))

    async def agent_client(self, key, **options):
        return await self.enterAsyncContext(Agent(api_key=key, **options))

    async def faults(self, **knobs):
        answer = await self.http.post(f"{WORLD['fake']}/_faults", json=knobs)
        answer.raise_for_status()

    async def stats(self):
        return (await self.http.get(f"{WORLD['fake']}/_stats")).json()

    async def ask(self, door, **what):
        answer = await self.http.post(f"{WORLD['people']}/{door}", json=what)
        if answer.status_code != 200:
            raise AssertionError(answer.text)
        return answer.json()

    async def person(self):
        """Somebody with an account here."""
        return await self.ask("person")

    async def app_user(self, sub, **claims):
        """Somebody whom only the app's own identity provider knows."""
        return await self.ask("app-user", sub=sub, **claims)

    async def link(self, session, person=None, *answers):
        """The person answers the page of the session, once for each of `answers`."""
        who = person and person["id"]
        return await self.ask("link", connect_url=session.connect_url, person=who, answers=list(answers) or [{}])

    async def linked(self, person=None, provider=CALENDAR, account="ada", answers=(), **options):
        """An account that is linked: what the backend hears of it."""
        await self.faults(account=account)
        if person:
            options["user_token"] = person["user_token"]
        session = await self.app.create_connect_session(allowed_providers=[provider], **options)
        await self.link(session, person, *answers)
        [result] = await self.heard(session)
        return result

    async def heard(self, session, seconds=3, **options):
        """What the backend hears of a session, which is over by now unless the test says otherwise."""
        return await self.app.poll_connect_session(
            session.session_token, timeout=seconds, poll_interval=0.1, **options
        )

    async def refused(self, kind, deed, **expected):
        """The deed is refused with exactly this class and these attributes."""
        with self.assertRaises(kind) as caught:
            await deed
        refusal = caught.exception
        self.assertIs(type(refusal), kind, repr(refusal))
        for name, value in expected.items():
            self.assertEqual(getattr(refusal, name), value, f"{kind.__name__}.{name}")
        return refusal

    def api(self, path, provider="calendar"):
        return f"{WORLD['fake']}/{provider}{path}"


async def eventually(look, seconds=5):
    """What `look` finds, as soon as it finds something."""
    for _ in range(int(seconds / 0.05)):
        if found := await look():
            return found
        await asyncio.sleep(0.05)
    raise AssertionError("it never came")
