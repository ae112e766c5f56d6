// alter-sdk (Python), unmodified, as an app's backend and as its agent. `python/alter_client.py` is the client.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { text } from 'node:stream/consumers'
import { after, before, test } from 'node:test'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { app, manifest } from '../lib/manifest.js'
import { prepareVenv, python, room } from '../lib/python.js'
import { startServer } from '../lib/server.js'

const client = app('backend')
// The classic form, which an operator brings along from before.
const key = `alter_key_${randomBytes(30).toString('base64url')}`

let server
before(async () => {
  prepareVenv()
  const keys = `\n[[app_key]]\nkey = "suite-backend"\napp = "${client.key}"\nvalue = "${key}"\n`
  server = await startServer({ manifest: manifest([client]) + keys })
})
after(() => server?.stop())

test('keys, agents and identities, as the library knows them', async () => {
  const { asserted, ...steps } = await run({ issuer: server.issuer, key, client_id: client.client_id })
  assert.deepEqual(steps, {
    create: 'ok',
    'create again': 'ok',
    'the same agent, without its key': true,
    'a name twice': 'AgentNameExistsError',
    list: 'ok',
    'found by name': true,
    narrow: 'ok',
    announced: true,
    'a stale version': 'AgentConcurrentUpdateError',
    mint: 'ok',
    deprecate: 'ok',
    undeprecate: 'ok',
    revoke: 'ok',
    'revoke the last': 'LastActiveKeyError',
    'the agent knows who it is': true,
    'its app speaks for it': true,
    suspend: 'ok',
    'a suspended agent acts': 'AgentInactiveError',
    'a suspended agent asks who it is': 'ok',
    resume: 'ok',
    'it acts again': 'ok',
    narrowed: 'InsufficientScopeError',
    derive: 'ok',
    'a derived key lists': 'ok',
    'a derived key derives': 'InsufficientScopeError',
    rotate: 'ok',
    'the old key still works': 'ok',
    end: 'ok',
    'a revoked key': 'KeyRevokedError',
    'the app': true,
    assert: 'ok',
    "a stranger's token": null,
    'a session to sign in': 'ok',
    'its place': `${server.issuer}/sdk/auth`,
    scopes: 'ok',
    'no descriptions': 'ok',
    'a description': 'GrantNotFoundError',
    spans: 'ok',
    delete: 'ok',
    'a deleted agent': 'KeyRevokedError',
    'an unknown key': 'InvalidKeyError',
  })
  const keys = createRemoteJWKSet(new URL(`${server.issuer}/.well-known/jwks.json`))
  const { payload } = await jwtVerify(asserted, keys, {
    issuer: server.issuer,
    audience: 'https://api.test',
    typ: 'alter-identity+jwt',
    algorithms: ['ES256'],
  })
  assert.equal(payload.sub, `alter:app:${client.client_id}`)
  assert.ok(payload.exp - payload.iat <= 300)
})

async function run(command) {
  const child = spawn(python, [`${room}python/alter_client.py`], { stdio: ['pipe', 'pipe', 'pipe'] })
  child.stdin.end(`${JSON.stringify(command)}\n`)
  const [answer, complaint] = await Promise.all([text(child.stdout), text(child.stderr)])
  const last = answer.trim().split('\n').at(-1)
  if (!last) throw new Error(`alter-sdk gave up:\n${complaint}`)
  return JSON.parse(last)
}
