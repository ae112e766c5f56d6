// What the book says of one app at another, run as it stands: the manifest, the lines for `openid-client` in the program of the
// README, the check of the target with `jose`, and every curl. Only addresses and ports are replaced.

import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { after, before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import * as jose from 'jose'
import { Person } from '../lib/person.js'
import { room } from '../lib/python.js'
import { startServer } from '../lib/server.js'

const KEY = 'iris:inference'
const AsyncFunction = (async () => {}).constructor

/** The block of a page that holds a text, without its first line if that is a comment. */
function block(page, language, text) {
  const blocks = readFileSync(`${room}../${page}`, 'utf8').matchAll(new RegExp(`\`\`\`${language}\\n([^]*?)\`\`\``, 'g'))
  const found = [...blocks].map((match) => match[1]).find((one) => one.includes(text))
  assert.ok(found, `${page} has no block with ${text}`)
  return found.replace(/^\/\/.*\n/, '')
}

describe('the book', () => {
  let server
  let values
  let target
  let notes
  let folder
  before(async () => {
    server = await startServer()
    notes = `http://localhost:${await freePort()}`
    const manifest = block('docs/embed/resources.md', 'toml', '[[resource]]')
    values = await server.apply(manifest.replaceAll('https://notes.example.com', notes))
    await within(2_000, async () => assert.equal((await fetch(`${server.issuer}/api/oauth/resource/${KEY}`)).status, 200))
    target = await startTarget()
    folder = mkdtempSync(`${room}.book-`)
  })
  after(async () => {
    await server?.stop()
    target?.close()
    if (folder) rmSync(folder, { recursive: true, force: true })
  })

  test('the manifest prints what the page says', () => {
    const fields = ['app.iris.client_id', 'app.iris.client_secret', 'app.notes.client_id', 'app.notes.client_secret']
    assert.deepEqual(Object.keys(values), ['organization.acme.id', ...fields, `resource.${KEY}.app`])
  })

  test("the README's program with the lines of the Connector page: ask, redeem, exchange, call", async () => {
    const page = 'docs/embed/connector.md'
    const visitor = await startNotes(block(page, 'js', '// To ask. Everything').match(/const ask = .*/)[0])
    try {
      const person = await Person.registers(server)
      const answer = await visitor.comesBackFrom(await person.allows(await visitor.goes('/sign-in')))
      assert.deepEqual(answer, { status: 200, said: `${values['app.notes.client_id']} acts for ${person.identity.id}` })
    } finally {
      visitor.leaves()
    }
  })

  test('the lines for a silent attempt, and for when it fails', async () => {
    const page = 'docs/embed/connector.md'
    const visitor = await startNotes(block(page, 'js', 'To ask: silently'), block(page, 'js', 'before anything else'))
    try {
      const person = await Person.registers(server)
      const silent = await person.browser.open(await visitor.goes('/sign-in'))
      assert.equal(silent.answer.get('error'), 'consent_required')
      const again = await visitor.goes(silent.url)
      assert.equal(again, '/sign-in?mode=user_present')
      const allowed = await person.allows(await visitor.goes(again), { when: 'away' })
      assert.equal((await visitor.comesBackFrom(allowed)).status, 200)
      const next = await person.browser.open(await visitor.goes('/sign-in'))
      assert.ok(next.answer?.get('code'), `${next.url}`)
    } finally {
      visitor.leaves()
    }
  })

  test('every curl', async () => {
    const person = await Person.registers(server)
    const env = {
      CLIENT_ID: values['app.notes.client_id'],
      CLIENT_SECRET: values['app.notes.client_secret'],
      IRIS_ID: values['app.iris.client_id'],
      IRIS_SECRET: values['app.iris.client_secret'],
    }
    env.ACCESS_TOKEN_JWT = await subjectToken(person, env)
    const exchanged = await curl('docs/embed/connector.md', 'token-exchange', env)
    assert.equal(exchanged.scope, 'ask')
    assert.deepEqual(Object.keys(exchanged), Object.keys(JSON.parse(block('docs/embed/connector.md', 'json', 'issued_token_type'))))

    env.DELEGATED_TOKEN = exchanged.access_token
    const introspection = await curl('docs/embed/target.md', '/introspect', env)
    assert.deepEqual(Object.keys(introspection), Object.keys(JSON.parse(block('docs/embed/target.md', 'json', '"active"'))))
    assert.match(await run(here(block('docs/embed/connector.md', 'sh', '/infer')), env), /acts for/)

    const { resource } = await curl('docs/embed/resources.md', '/api/oauth/resource/', env)
    assert.equal(resource.resourceKey, KEY)
    const made = await (await person.browser.open('/account/tokens')).send({ name: 'Script' })
    env.SESSION_TOKEN = /pst_[\w-]+/.exec(made.html)[0]
    const [one] = (await curl('docs/embed/delegations.md', 'curl https', env)).delegations
    assert.deepEqual(Object.keys(one), Object.keys(JSON.parse(block('docs/embed/delegations.md', 'json', 'delegations')).delegations[0]))
    const ended = await curl('docs/embed/delegations.md', 'DELETE', env, (text) => text.replace(/delegations\/\S+/, `delegations/${one.id}`))
    assert.deepEqual(ended, { success: true })
    assert.equal((await curl('docs/embed/connector.md', 'token-exchange', env)).error, 'access_denied')
  })

  /** A text of the book, with the addresses of this run. */
  function here(text) {
    return text
      .replaceAll('https://id.example.com', server.issuer)
      .replaceAll('https://notes.example.com', notes)
      .replaceAll('https://iris.example.com/infer', `${target?.origin}/infer`)
  }

  function inEnv(env) {
    return { PATH: process.env.PATH, ...env }
  }

  // Not waited for in place: one of them calls Iris, who lives in this process.
  async function run(command, env) {
    return (await promisify(execFile)('bash', ['-c', command], { env: inEnv(env) })).stdout
  }

  async function curl(page, text, env, change = (same) => same) {
    return JSON.parse(await run(change(here(block(page, 'sh', text))), env))
  }

  async function subjectToken(person, env) {
    const redirect_uri = `${notes}/callback`
    const asked = { client_id: env.CLIENT_ID, redirect_uri, resource: KEY, scope: 'ask' }
    const departure = await person.allows(`/connect?${new URLSearchParams(asked)}`)
    const answer = await fetch(`${server.issuer}/api/oauth/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${btoa(`${env.CLIENT_ID}:${env.CLIENT_SECRET}`)}` },
      body: new URLSearchParams({ grant_type: 'authorization_code', code: departure.answer.get('code'), redirect_uri }),
    })
    return (await answer.json()).access_token_jwt
  }

  /** Iris, which checks with the lines of the target's page. */
  async function startTarget() {
    const check = new AsyncFunction('jose', 'token', `${here(block('docs/embed/target.md', 'js', 'createRemoteJWKSet'))}\nreturn payload`)
    const iris = createServer(async (request, response) => {
      try {
        const { cid, sub } = await check(jose, request.headers.authorization.slice('Bearer '.length))
        response.end(`${cid} acts for ${sub}`)
      } catch (failure) {
        response.writeHead(401).end(failure.message)
      }
    })
    await new Promise((found) => iris.listen(0, 'localhost', found))
    iris.origin = `http://localhost:${iris.address().port}`
    return iris
  }

  /** The program of the README, asking and using the answer as the Connector page says; and the browser of its visitor. */
  async function startNotes(ask, first = '') {
    const use = block('docs/embed/connector.md', 'js', 'genericGrantRequest')
    const tell = 'console.log(JSON.stringify({ status: answer.status, said: await answer.text() }))'
    const program = block('README.md', 'js', 'http.createServer')
      .replace(/const ask = .*/, () => ask)
      .replace(/const \{ verifier, state, nonce \} = visitors/, (line) => `${first}\n${line}`)
      .replace(/const tokens = await oidc\.authorizationCodeGrant.*/, () => `${use}\n${tell}`)
      .replaceAll('http://localhost:3000', notes)
      .replace('3000', new URL(notes).port)
    writeFileSync(`${folder}/notes.mjs`, here(program))
    const env = { ISSUER: server.issuer, CLIENT_ID: values['app.notes.client_id'], CLIENT_SECRET: values['app.notes.client_secret'] }
    const child = spawn(process.execPath, [`${folder}/notes.mjs`], { env: inEnv(env), stdio: ['ignore', 'pipe', 'inherit'] })
    let said = ''
    child.stdout.on('data', (part) => (said += part))
    await within(10_000, () => fetch(notes))
    let cookie = ''
    const visitor = {
      async goes(place) {
        const answer = await fetch(new URL(place, notes), { headers: { cookie }, redirect: 'manual' })
        cookie = answer.headers.get('set-cookie')?.split(';')[0] ?? cookie
        return answer.headers.get('location')
      },
      async comesBackFrom(departure) {
        await visitor.goes(departure.url)
        return JSON.parse(said)
      },
      leaves: () => child.kill(),
    }
    return visitor
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
