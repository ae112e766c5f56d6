// What README and book say of accounts elsewhere, run as it stands: the manifests, the program with the lines for Connect, and every curl of the
// proxy. Google's part is played by the fake provider; addresses, its name and its paths are all that is replaced.

import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { after, before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import { Departure } from '../lib/browser.js'
import { FakeProvider } from '../lib/fake.js'
import { Person } from '../lib/person.js'
import { room } from '../lib/python.js'
import { startServer } from '../lib/server.js'

const CLIENT = `${room}../sdk/packages/connect/src/server/index.js`
const SECRETS = { GOOGLE_CLIENT_ID: 'id', GOOGLE_CLIENT_SECRET: 'secret', CRM_SECRET: 'secret', WEATHER_KEY: 'key' }

/** The blocks of a page in a language. */
function blocks(page, language) {
  const all = readFileSync(`${room}../${page}`, 'utf8').matchAll(new RegExp(`\`\`\`${language}\\n([^]*?)\`\`\``, 'g'))
  return [...all].map((match) => match[1])
}

/** The one that holds a text. */
function block(page, language, text) {
  const found = blocks(page, language).find((one) => one.includes(text))
  assert.ok(found, `${page} has no block with ${text}`)
  return found
}

describe('the book on accounts elsewhere', () => {
  let fake
  let server
  let values
  let folder
  let notes
  before(async () => {
    fake = await FakeProvider.open()
    server = await startServer({ settings: { PROCURA_FAKE_PROVIDER: fake.url, ...SECRETS } })
    folder = mkdtempSync(`${room}.book-`)
    notes = `http://localhost:${await freePort()}`
    values = await server.apply(manifest())
  })
  after(async () => {
    await server?.stop()
    await fake?.close()
    if (folder) rmSync(folder, { recursive: true, force: true })
  })

  /** Everything that the pages tell operators to write, in one file. */
  function manifest() {
    const app = (key, origin) =>
      `[[app]]\nkey = "${key}"\norganization = "acme"\nname = "${key}"\nwebsite_url = "${origin}"\nredirect_uris = ["${origin}/callback"]\n`
    const providers = blocks('docs/operate/providers.md', 'toml')
    const own = providers.find((one) => one.includes('descriptor ='))
    writeFileSync(`${server.folder}/acme-crm.toml`, providers.find((one) => one.startsWith('id = "acme-crm"')))
    const rest = [
      ...blocks('docs/embed/connect.md', 'toml'),
      ...blocks('docs/embed/proxy.md', 'toml'),
      // The fake provider's calendar in the place of Google's.
      block('docs/embed/vault-resources.md', 'toml', '[[resource]]')
        .replace('provider = "google"', 'provider = "fake-calendar"')
        .replace('https://www.googleapis.com/auth/calendar.readonly"], allow', 'calendar.read"], allow')
        .replace('https://www.googleapis.com/auth/calendar"], allow', 'calendar.write"], allow'),
      providers.find((one) => one.includes('scopes_default')),
      own,
    ]
    const organization = '[[organization]]\nkey = "acme"\nname = "Acme"\n'
    return [organization, app('notes', notes), app('calendars', 'https://calendars.example.com'), ...rest].join('\n')
  }

  test('every manifest is taken, and a second time nothing is new', async () => {
    assert.match(values['app_key.notes-backend.value'], /^alter_rk_/)
    const again = await server.apply(manifest())
    assert.equal(again['app_key.notes-backend.value'], undefined)
  })

  test("the README's program: a session, the page, a call; and the same with curl", async () => {
    const visitor = await startNotes()
    try {
      const person = await Person.registers(server)
      await visitor.goes((await person.allows(await visitor.goes('/sign-in'))).url)
      const token = await (await visitor.asks('/session')).text()
      assert.match(token, /^sess_/)
      assert.equal((await visitor.asks('/events')).status, 500, 'nothing is linked yet')
      await links(person, token)
      const { items } = await (await visitor.asks('/events')).json()
      assert.ok(items.length > 0)

      const env = { ISSUER: server.issuer, APP_KEY: values['app_key.notes-backend.value'], USER_TOKEN: visitor.userToken() }
      assert.deepEqual(JSON.parse(await run(block('README.md', 'sh', '/proxy/'), env)), { items })
      const [list, secret] = blocks('docs/embed/proxy.md', 'sh')
      assert.deepEqual(JSON.parse(await run(here(list), env)), { items })
      assert.match(await run(here(secret).replace('curl', 'curl --include'), env), /procura-refusal: provider_unreachable/i)
      const nobody = here(list).replace('curl', 'curl --include').replace(/ \\\n.*User-Token.*/, '')
      assert.match(await run(nobody, env), /procura-refusal: grant_not_found/i)
    } finally {
      visitor.leaves()
    }
  })

  test('an account as a resource: asked for, linked on the way, exchanged, called', async () => {
    const page = 'docs/embed/vault-resources.md'
    const person = await Person.registers(server)
    const asked = { client_id: values['app.notes.client_id'], redirect_uri: `${notes}/callback`, resource: 'calendar:google', scope: 'calendar.read' }
    const question = await person.browser.open(`/connect?${new URLSearchParams(asked)}`)
    const departure = await comesBack(person, await question.send({ decision: 'allow' }))
    const env = { CLIENT_ID: values['app.notes.client_id'], CLIENT_SECRET: values['app.notes.client_secret'] }
    const redeemed = await fetch(`${server.issuer}/api/oauth/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${btoa(`${env.CLIENT_ID}:${env.CLIENT_SECRET}`)}` },
      body: new URLSearchParams({ grant_type: 'authorization_code', code: departure.answer.get('code'), redirect_uri: asked.redirect_uri }),
    })
    env.ACCESS_TOKEN_JWT = (await redeemed.json()).access_token_jwt
    const exchanged = JSON.parse(await run(here(block(page, 'sh', 'token-exchange')), env))
    assert.equal(exchanged.scope, 'calendar.read')
    env.DELEGATED_TOKEN = exchanged.access_token
    const call = here(block(page, 'sh', '/proxy/'))
    assert.ok(JSON.parse(await run(call, env)).items.length > 0)
    assert.match(await run(call.replace('curl', 'curl --include --request POST'), env), /procura-refusal: policy_denied/i)
  })

  /** A text of the book, with the addresses of this run and the fake provider's paths. */
  function here(text) {
    return text
      .replaceAll('https://id.example.com', server.issuer)
      .replaceAll('/proxy/google/', '/proxy/fake-calendar/')
      .replaceAll('users/me/calendarList', 'events')
  }

  async function run(command, env) {
    return (await promisify(execFile)('bash', ['-c', command], { env: { PATH: process.env.PATH, ...env } })).stdout
  }

  /** The person opens the page of a session and says yes, here and at the service. */
  async function links(person, token) {
    const { next } = await person.browser.post('/sdk/oauth/connect/open', { session_token: token, has_opener: true })
    const end = await comesBack(person, await (await person.browser.open(next)).press(/^Continue$/))
    assert.match(end.text, /Connected/)
  }

  /** From the service, which asks nobody. */
  async function comesBack(person, departure) {
    assert.ok(departure instanceof Departure && departure.url.origin === fake.url, `${departure.url}`)
    const answer = await fetch(departure.url, { redirect: 'manual' })
    return person.browser.open(answer.headers.get('location'))
  }

  /** The program of the README with its lines for Connect, and the browser of its visitor. */
  async function startNotes() {
    const [head, lines] = [block('README.md', 'js', '@procura/connect/server'), block('README.md', 'js', '/session')]
    const program = block('README.md', 'js', 'http.createServer')
      .replace(/^import http/, (line) => `${head.replace('@procura/connect/server', CLIENT)}\n${line}`)
      .replace('{ claims: tokens.claims() }', '{ claims: tokens.claims(), userToken: tokens.access_token_jwt }')
      .replace('return go("/");', 'console.log(tokens.access_token_jwt);\n    return go("/");')
      .replace(/^ {2}response\.setHeader/m, (line) => `  try {\n${lines}  } catch (failure) { return response.writeHead(500).end(failure.code); }\n${line}`)
      .replaceAll('http://localhost:3000', notes)
      .replace('3000', new URL(notes).port)
    writeFileSync(`${folder}/notes.mjs`, program)
    const env = { PATH: process.env.PATH, ISSUER: server.issuer, CLIENT_ID: values['app.notes.client_id'], CLIENT_SECRET: values['app.notes.client_secret'], APP_KEY: values['app_key.notes-backend.value'] }
    const child = spawn(process.execPath, [`${folder}/notes.mjs`], { env, stdio: ['ignore', 'pipe', 'inherit'] })
    let said = ''
    child.stdout.on('data', (part) => (said += part))
    await within(10_000, () => fetch(notes))
    let cookie = ''
    const asks = async (place) => {
      const answer = await fetch(new URL(place, notes), { headers: { cookie }, redirect: 'manual' })
      cookie = answer.headers.get('set-cookie')?.split(';')[0] ?? cookie
      return answer
    }
    return { asks, goes: async (place) => (await asks(place)).headers.get('location'), userToken: () => said.trim(), leaves: () => child.kill() }
  }
})

async function freePort() {
  const holder = createServer()
  await new Promise((found) => holder.listen(0, 'localhost', found))
  const { port } = holder.address()
  await new Promise((found) => holder.close(found))
  return port
}

async function within(milliseconds, check) {
  const deadline = Date.now() + milliseconds
  for (;;) {
    try {
      return await check()
    } catch (failure) {
      if (Date.now() > deadline) throw failure
      await new Promise((wake) => setTimeout(wake, 50))
    }
  }
}
