// Quick apps: no registration, the client id is the origin; the library does not notice the difference.

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import * as openid from 'openid-client'
import { Page } from '../lib/browser.js'
import { Person } from '../lib/person.js'
import { startServer } from '../lib/server.js'

const ORIGIN = 'https://timetable.test'
const REDIRECT = `${ORIGIN}/ave/callback`

describe('quick apps by origin', () => {
  let server
  let person
  before(async () => {
    server = await startServer()
    person = await Person.registers(server)
  })
  after(() => server?.stop())

  test('openid-client signs in with an origin as client id', async () => {
    const { config, parameters, checks } = await request()
    const departure = await person.allows(openid.buildAuthorizationUrl(config, parameters))
    const tokens = await openid.authorizationCodeGrant(config, departure.url, checks)
    const claims = tokens.claims()
    assert.equal(claims.aud, `origin:${ORIGIN}`)
    assert.equal(claims.azp, `origin:${ORIGIN}`)
    assert.equal(claims.sub, person.identity.id)
    assert.equal(tokens.user.id, claims.sub)
    assert.equal(tokens.refresh_token, undefined)
    assert.equal(tokens.expires_in, 3600)
    const body = JSON.parse(Buffer.from(tokens.access_token_jwt.split('.')[1], 'base64url'))
    assert.equal(body.quick, true)
    assert.equal(body.cid, `origin:${ORIGIN}`)

    for (const token of [tokens.access_token, tokens.access_token_jwt]) assert.deepEqual(await check(token), [200, { status: 'active' }])
    await openid.tokenRevocation(config, tokens.access_token)
    for (const token of [tokens.access_token, tokens.access_token_jwt]) {
      const [status, answer] = await check(token)
      assert.deepEqual([status, answer.error, answer.reason], [401, 'invalid_token', 'invalid_token'])
    }
  })

  test('signing out at the issuer ends the quick session', async () => {
    const somebody = await Person.registers(server)
    const { config, parameters, checks } = await request()
    const departure = await somebody.allows(openid.buildAuthorizationUrl(config, parameters))
    const tokens = await openid.authorizationCodeGrant(config, departure.url, checks)
    await somebody.signsOut()
    assert.equal((await check(tokens.access_token_jwt))[0], 401)
  })

  test('a foreign Origin at the token endpoint is invalid_client', async () => {
    const { config, parameters, checks } = await request()
    const departure = await person.allows(openid.buildAuthorizationUrl(config, parameters))
    const answer = await fetch(config.serverMetadata().token_endpoint, {
      method: 'POST',
      headers: { origin: 'https://evil.test', 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({
        grant_type: 'authorization_code',
        client_id: `origin:${ORIGIN}`,
        code: departure.answer.get('code'),
        redirect_uri: REDIRECT,
        code_verifier: checks.pkceCodeVerifier,
      }),
    })
    assert.equal((await answer.json()).error, 'invalid_client')
  })

  test('the person always acts: prompt none gives a page, never a code', async () => {
    const { config, parameters } = await request()
    await person.allows(openid.buildAuthorizationUrl(config, parameters))
    const place = await person.browser.open(openid.buildAuthorizationUrl(config, { ...parameters, prompt: 'none' }))
    assert.ok(place instanceof Page, `left to ${place.url}`)
    assert.ok((await person.browser.open(openid.buildAuthorizationUrl(config, parameters))).has('[name=\"decision\"]'))
  })

  const refused = {
    'offline_access': { scope: 'openid offline_access' },
    'user_id': { scope: 'openid user_id' },
    'no challenge': { code_challenge: '', code_challenge_method: '' },
    'plain challenge': { code_challenge_method: 'plain' },
    'a redirect to another origin': { redirect_uri: 'https://evil.test/ave/callback' },
    'a client id with a path': { client_id: `origin:${ORIGIN}/x` },
    'a client id without https': { client_id: 'origin:http://timetable.test', redirect_uri: 'http://timetable.test/ave/callback' },
    'an opaque origin': { client_id: 'origin:null' },
  }
  for (const [title, changes] of Object.entries(refused)) {
    test(`refused before the person acts, on a page of ours: ${title}`, async () => {
      const { config, parameters } = await request()
      const url = openid.buildAuthorizationUrl(config, parameters)
      for (const [name, value] of Object.entries(changes)) url.searchParams.set(name, value)
      const place = await person.browser.open(url)
      assert.ok(place instanceof Page, `left to ${place.url}`)
      assert.equal(place.has('[name="decision"]'), false, place.text)
      assert.equal(place.status, 400)
    })
  }

  test('public metadata says who asks', async () => {
    const answer = await fetch(`${server.issuer}/api/oauth/app/${encodeURIComponent(`origin:${ORIGIN}`)}`)
    assert.equal(answer.headers.get('access-control-allow-origin'), '*')
    const { app, resources } = await answer.json()
    assert.equal(app.id, `origin:${ORIGIN}`)
    assert.equal(app.name, ORIGIN)
    assert.equal(app.websiteUrl, ORIGIN)
    assert.equal(app.iconUrl, null)
    assert.deepEqual(resources, [])
  })

  async function request() {
    const config = await openid.discovery(new URL(server.issuer), `origin:${ORIGIN}`, undefined, openid.None(), {
      execute: [openid.allowInsecureRequests, openid.enableNonRepudiationChecks],
    })
    const pkceCodeVerifier = openid.randomPKCECodeVerifier()
    const expectedState = openid.randomState()
    const expectedNonce = openid.randomNonce()
    return {
      config,
      checks: { pkceCodeVerifier, expectedState, expectedNonce, idTokenExpected: true },
      parameters: {
        redirect_uri: REDIRECT,
        scope: 'openid profile',
        state: expectedState,
        nonce: expectedNonce,
        code_challenge: await openid.calculatePKCECodeChallenge(pkceCodeVerifier),
        code_challenge_method: 'S256',
      },
    }
  }

  async function check(token) {
    const answer = await fetch(`${server.issuer}/api/oauth/session/check`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
    })
    return [answer.status, await answer.json()]
  }
})
