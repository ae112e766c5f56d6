// Authlib (Python), unmodified, in its three usual forms. `python/authlib_client.py` is the client; the person is here.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { after, before, describe, test } from 'node:test'
import { app, CALLBACK, manifest } from '../lib/manifest.js'
import { Person } from '../lib/person.js'
import { prepareVenv, python, room } from '../lib/python.js'
import { startServer } from '../lib/server.js'

const SCOPE = 'openid profile offline_access'

const clients = {
  'client_secret_basic, RS256': app('basic'),
  'client_secret_post, ES256': app('post', { id_token_signed_response_alg: 'ES256' }),
  'none, EdDSA': app('spa', { type: 'public', id_token_signed_response_alg: 'EdDSA' }),
}

describe('authlib', () => {
  let server
  let person
  before(async () => {
    prepareVenv()
    server = await startServer({ manifest: manifest(Object.values(clients)) })
    person = await Person.registers(server)
  })
  after(() => server?.stop())

  for (const [title, client] of Object.entries(clients)) {
    test(`flask, ${title}: signs in, and the ID token passes Authlib's checks`, async () => {
      const { claims, userinfo, scope } = await run('flask', title, client)
      assert.equal(claims.sub, person.identity.id)
      assert.equal(claims.aud, client.client_id)
      assert.equal(claims.name, person.displayName)
      assert.equal(userinfo.sub, person.identity.id)
      assert.deepEqual(scope.split(' ').sort(), SCOPE.split(' ').sort())
    })

    test(`requests, ${title}: refresh, introspection, revocation`, async () => {
      const result = await run('requests', title, client)
      assert.equal(result.userinfo.sub, person.identity.id)
      assert.equal(result.rotated, true)
      assert.equal(result.userinfo_after_refresh.sub, person.identity.id)
      assert.equal(result.revoked, 200)
      assert.equal(result.after_revocation, 401)
      assert.equal(result.refresh_after_revocation, 'invalid_grant')
      if (client.client_secret) {
        assert.equal(result.introspected.active, true)
        assert.ok(result.own.includes('access_token') && !result.own.includes('refresh_token'))
      }
    })

    test(`httpx, ${title}: a token that renews itself`, async () => {
      assert.deepEqual(
        { ...(await run('httpx', title, client)), userinfo: undefined },
        { renewed: 1, fresh: true, userinfo: undefined },
      )
    })
  }

  async function run(form, title, client) {
    const child = spawn(python, [`${room}python/authlib_client.py`], { stdio: ['pipe', 'pipe', 'pipe'] })
    let complaint = ''
    child.stderr.on('data', (part) => (complaint += part))
    const say = (value) => child.stdin.write(`${JSON.stringify(value)}\n`)
    say({
      as: form,
      issuer: server.issuer,
      client_id: client.client_id,
      client_secret: client.client_secret,
      auth_method: title.split(',')[0],
      scope: SCOPE,
      redirect_uri: CALLBACK,
    })
    try {
      for await (const line of createInterface({ input: child.stdout })) {
        const { visit, done } = JSON.parse(line)
        if (!visit) return done
        const departure = await person.allows(visit)
        say(departure.url.href)
      }
      throw new Error(`authlib gave up:\n${complaint}`)
    } finally {
      child.kill()
    }
  }
})
