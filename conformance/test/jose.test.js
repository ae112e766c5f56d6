// jose 6, unmodified: what an API or a backend checks with nothing but the key set.

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import * as jose from 'jose'
import { app, CALLBACK, manifest } from '../lib/manifest.js'
import { Person } from '../lib/person.js'
import { startServer } from '../lib/server.js'

// OpenID Connect Core 3.1.3.6 takes the hash of the signature's own algorithm; Ed25519 signs with SHA-512.
const HASH = { RS256: 'sha256', ES256: 'sha256', EdDSA: 'sha512' }
const apps = Object.keys(HASH).map((alg) => app(alg.toLowerCase(), { id_token_signed_response_alg: alg }))

describe('jose', () => {
  let server
  let person
  let keys
  before(async () => {
    server = await startServer({ manifest: manifest(apps) })
    person = await Person.registers(server)
    keys = jose.createRemoteJWKSet(new URL(`${server.issuer}/.well-known/jwks.json`))
  })
  after(() => server?.stop())

  for (const client of apps) {
    const alg = client.id_token_signed_response_alg

    test(`${alg}: the ID token verifies, for this audience only`, async () => {
      const tokens = await signIn(client)
      const { payload, protectedHeader } = await jose.jwtVerify(tokens.id_token, keys, {
        issuer: server.issuer,
        audience: client.client_id,
        algorithms: [alg],
        requiredClaims: ['exp', 'iat', 'sub', 'nonce', 'auth_time', 'amr', 'acr', 'sid', 'at_hash', 'azp'],
      })
      assert.equal(payload.nonce, 'n-0S6_WzA2Mj')
      assert.equal(payload.azp, client.client_id)
      assert.equal(payload.sub, person.identity.id)
      assert.equal(payload.at_hash, halfHash(HASH[alg], tokens.access_token))
      assert.ok(protectedHeader.kid)
      assert.notEqual(protectedHeader.typ, 'at+jwt')
      await assert.rejects(
        jose.jwtVerify(tokens.id_token, keys, { audience: server.issuer }),
        jose.errors.JWTClaimValidationFailed,
      )
    })

    test(`${alg}: access_token_jwt verifies as at+jwt`, async () => {
      const tokens = await signIn(client)
      const { payload } = await jose.jwtVerify(tokens.access_token_jwt, keys, {
        issuer: server.issuer,
        audience: server.issuer,
        typ: 'at+jwt',
        requiredClaims: ['exp', 'iat', 'sub', 'jti', 'client_id', 'cid', 'scope'],
      })
      assert.equal(payload.exp - payload.iat, 3600)
    })
  }

  test('the RS256 ID token is what a verifier that knows only RS256 accepts', async () => {
    const tokens = await signIn(apps[0])
    assert.equal(jose.decodeProtectedHeader(tokens.id_token).alg, 'RS256')
  })

  test('the next key is published a day before it signs, so nobody meets a key unprepared', async () => {
    const before = await kids()
    const signer = jose.decodeProtectedHeader((await signIn(apps[0])).id_token).kid
    await server.run(['keys', 'rotate'])
    await within(1_000, async () => assert.equal((await kids()).length, before.length + Object.keys(HASH).length))
    const after = await kids()
    for (const kid of before) assert.ok(after.includes(kid), 'a key that signed is gone')
    assert.equal(jose.decodeProtectedHeader((await signIn(apps[0])).id_token).kid, signer)
  })

  test('keys change at once when told to; what was signed before still verifies', async () => {
    const before = await signIn(apps[0])
    await server.run(['keys', 'rotate', '--now'])
    const kid = (token) => jose.decodeProtectedHeader(token).kid
    const after = await within(1_000, async () => {
      const fresh = await signIn(apps[0])
      assert.notEqual(kid(fresh.id_token), kid(before.id_token))
      return fresh
    })
    const fresh = jose.createRemoteJWKSet(new URL(`${server.issuer}/.well-known/jwks.json`))
    for (const { id_token } of [before, after]) {
      await jose.jwtVerify(id_token, fresh, { issuer: server.issuer, audience: apps[0].client_id })
    }
    const info = await fetch(`${server.issuer}/api/oauth/userinfo`, {
      headers: { authorization: `Bearer ${before.access_token_jwt}` },
    })
    assert.equal(info.status, 200)
  })

  async function kids() {
    const { keys } = await (await fetch(`${server.issuer}/.well-known/jwks.json`)).json()
    return keys.map((key) => key.kid)
  }

  /** A running server notices within a second what another process did to its database. */
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

  async function signIn(client) {
    const url = new URL(`${server.issuer}/signin`)
    url.search = new URLSearchParams({
      client_id: client.client_id,
      redirect_uri: CALLBACK,
      response_type: 'code',
      scope: 'openid profile',
      nonce: 'n-0S6_WzA2Mj',
    })
    const departure = await person.allows(url)
    const answer = await fetch(`${server.issuer}/api/oauth/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({
        grant_type: 'authorization_code',
        code: departure.answer.get('code'),
        redirect_uri: CALLBACK,
        client_id: client.client_id,
        client_secret: client.client_secret,
      }),
    })
    assert.equal(answer.status, 200)
    return answer.json()
  }
})

function halfHash(hash, token) {
  const digest = createHash(hash).update(token, 'ascii').digest()
  return digest.subarray(0, digest.length / 2).toString('base64url')
}
