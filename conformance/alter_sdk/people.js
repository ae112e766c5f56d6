// The people around a backend in Python: it asks for them over HTTP, in JSON.

import { createServer } from 'node:http'
import { Browser, Departure } from '../lib/browser.js'
import { answers, decides, opens, signsIn } from '../lib/linking.js'

/** `POST /person`, `/app-user`, `/look`, `/visit`, `/link`, `/sign-in` and `/decide`; everything else about them stays in this process. */
export async function openPeople(world) {
  const people = new Map()
  const doors = {
    async person() {
      const person = await world.person()
      people.set(person.identity.id, person)
      return { id: person.identity.id, name: person.displayName, user_token: person.userToken, id_token: person.idToken }
    },
    async 'app-user'(claims) {
      const browser = new Browser(world.issuer)
      people.set(claims.sub, { browser })
      return { id: claims.sub, user_token: await world.own.vouches(claims) }
    },
    /** Looks at a page of their account. */
    async look({ path, person }) {
      return told(await browserOf(person).open(path))
    },
    /** Looks at the page of a session and leaves it. */
    async visit({ connect_url, person }) {
      return told(await opens(browserOf(person), connect_url))
    },
    /** Answers it. */
    async link({ connect_url, person, answers: all }) {
      const browser = browserOf(person)
      return told(await answers(browser, await opens(browser, connect_url), all))
    },
    /** Signs in for a backend without pages. */
    async 'sign-in'({ auth_url, person, decision }) {
      return told(await signsIn(people.get(person), auth_url, decision))
    },
    /** Allows or denies a call that waits. */
    async decide({ approval_url, person, decision }) {
      return told(await decides(people.get(person), approval_url, decision))
    },
  }

  /** Nobody in particular is somebody new. */
  function browserOf(person) {
    return people.get(person)?.browser ?? new Browser(world.issuer)
  }

  const server = createServer(async (request, answer) => {
    let body = ''
    for await (const part of request) body += part
    try {
      const told = await doors[request.url.slice(1)](JSON.parse(body))
      answer.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(told))
    } catch (failure) {
      answer.writeHead(500).end(failure.stack)
    }
  })
  await new Promise((found) => server.listen(0, '127.0.0.1', found))
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}

function told(place) {
  if (place instanceof Departure) return { left: place.url.href }
  return { status: place.status, text: place.text, path: place.url.pathname }
}
