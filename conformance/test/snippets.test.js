// The code that the developers' pages offer to paste, run as it stands, for an app that was made on these pages.
// The person has no scripts, so this also shows that the pages work without.

import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { after, before, describe, test } from 'node:test'
import { load } from 'cheerio'
import { CALLBACK } from '../lib/manifest.js'
import { Person } from '../lib/person.js'
import { python, prepareVenv, room } from '../lib/python.js'
import { startServer } from '../lib/server.js'

describe("the snippets of the developers' pages", () => {
  let server
  let person
  let app
  let folder
  before(async () => {
    prepareVenv()
    server = await startServer()
    person = await Person.registers(server)
    app = await createApp()
    // Inside this package, so that the snippet finds its library.
    folder = mkdtempSync(`${room}.snippets-`)
  })
  after(async () => {
    await server?.stop()
    if (folder) rmSync(folder, { recursive: true, force: true })
  })

  test('Node', async () => {
    const [start, finish] = (await snippet('node')).split('// After, at the redirect URI.')
    const sub = await run(process.execPath, 'snippet.mjs', `
      import { ask } from ${JSON.stringify(`${room}lib/ask.js`)}
      ${start}
      const currentUrl = new URL(await ask(url.href))
      ${finish}
      process.exit()
    `)
    assert.equal(sub, person.identity.id)
  })

  test('Python', async () => {
    const sub = await run(python, 'snippet.py', `
from flask import Flask
app = Flask(__name__)
app.secret_key = "of this test"
${await snippet('python')}
browser = app.test_client()
print(browser.get("/login").location, flush=True)
print(browser.get("/callback?" + input().split("?", 1)[1]).json["sub"])
`)
    assert.equal(sub, person.identity.id)
  })

  test('curl', async () => {
    const url = new URL(`${server.issuer}/signin`)
    url.search = new URLSearchParams({
      client_id: app.clientId,
      redirect_uri: CALLBACK,
      scope: 'openid profile email',
      code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
      code_challenge_method: 'S256',
    })
    const CODE = (await person.allows(url)).answer.get('code')
    const env = { PATH: process.env.PATH, CLIENT_SECRET: app.secret, CODE, VERIFIER: 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk' }
    const answer = execFileSync('bash', ['-c', await snippet('curl')], { env, stdio: ['ignore', 'pipe', 'ignore'] })
    assert.equal(JSON.parse(answer).user.id, person.identity.id)
  })

  async function createApp() {
    const form = await person.browser.open('/developers/apps/new')
    const organization = form.has('[name="organization"]') ? { organization: 'Moreau' } : {}
    const made = await form.send({ ...organization, name: 'Ledger', website_url: 'https://client.test', redirect_uri: CALLBACK })
    const page = load(made.html)
    return { clientId: page('#client-id').text().trim(), secret: page('#fresh').text().trim() }
  }

  async function snippet(language) {
    const page = await person.browser.open(`/developers/apps/${app.clientId}?with=${language}`)
    return load(page.html)('#snippet').text()
  }

  /** Runs a program that prints a URL, reads where the browser went from there, and prints its result. */
  async function run(program, name, text) {
    writeFileSync(`${folder}/${name}`, text)
    const child = spawn(program, [`${folder}/${name}`], {
      env: { PATH: process.env.PATH, CLIENT_SECRET: app.secret },
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    let complaint = ''
    child.stderr.on('data', (part) => (complaint += part))
    try {
      for await (const line of createInterface({ input: child.stdout })) {
        if (!line.startsWith('http')) return line
        child.stdin.write(`${(await person.allows(line)).url}\n`)
      }
      throw new Error(`no result:\n${complaint}`)
    } finally {
      child.kill()
    }
  }
})
