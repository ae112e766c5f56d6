// One app acts at another for a person (RFC 8693), with libraries that know nothing of it but the standard: the exchange with
// openid-client, oauth4webapi and Authlib, the delegated token with jose, its end with introspection.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { after, before, describe, test } from 'node:test'
import * as jose from 'jose'
import * as oauth from 'oauth4webapi'
import * as openid from 'openid-client'
import { Page } from '../lib/browser.js'
import { app, CALLBACK, manifest, resource } from '../lib/manifest.js'
import { Person } from '../lib/person.js'
import { prepareVenv, python, room } from '../lib/python.js'
import { startServer } from '../lib/server.js'

const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange'
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token'
const KEY = 'iris:inference'
const AUDIENCE = 'https://iris.test/api'

const iris = app('iris', { website_url: 'https://iris.test', redirect_uris: ['https://iris.test/callback'] })
const other = app('other')
const sources = {
  'client_secret_basic, RS256': { app: app('basic'), auth: openid.ClientSecretBasic },
  'client_secret_post, ES256': { app: app('post', { id_token_signed_response_alg: 'ES256' }), auth: openid.ClientSecretPost },
  'public, EdDSA': { app: app('spa', { type: 'public', id_token_signed_response_alg: 'EdDSA' }), auth: openid.None },
}
const notes = sources['client_secret_basic, RS256']
const resources = [
  resource(KEY, 'iris', AUDIENCE, { ask: 'low', history: 'medium', erase: 'high' }),
  resource('iris:relay', 'iris', 'iris:relayed', { ask: 'low', history: 'medium' }, { allow_chains: true }),
]

describe('connector', () => {
  let server
  let keys
  let as
  before(async () => {
    prepareVenv()
    const apps = [iris, other, ...Object.values(sources).map((one) => one.app)]
    server = await startServer({ manifest: manifest(apps, resources) })
    keys = jose.createRemoteJWKSet(new URL(`${server.issuer}/.well-known/jwks.json`))
    const issuer = new URL(server.issuer)
    as = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, insecure))
  })
  after(() => server?.stop())

  const insecure = { [oauth.allowInsecureRequests]: true }

  for (const [title, source] of Object.entries(sources)) {
    describe(title, () => {
      test('openid-client exchanges; jose verifies; the target introspects', async () => {
        const person = await Person.registers(server)
        const { config, tokens } = await connects(person, source)
        assert.equal(tokens.claims().sub, person.identity.id)
        assert.equal(tokens.scope, 'openid', 'a scope of the resource is none of the sign-in')

        const exchanged = await exchange(config, tokens.access_token_jwt, { resource: KEY, scope: 'ask' })
        const { access_token: delegated, ...rest } = exchanged
        assert.deepEqual(rest, {
          issued_token_type: ACCESS_TOKEN,
          token_type: 'bearer',
          expires_in: 600,
          scope: 'ask',
          audience: AUDIENCE,
          target_resource: KEY,
          communication_mode: 'user_present',
        })

        const { payload, protectedHeader } = await verifies(delegated)
        // The target checks it, so its algorithm counts, whatever the source app signs with.
        assert.equal(protectedHeader.alg, 'RS256')
        assert.equal(payload.sub, person.identity.id)
        assert.equal(payload.cid, source.app.client_id)
        assert.equal(payload.client_id, source.app.client_id)
        assert.equal(payload.scope, 'ask')
        assert.equal(payload.target_resource, KEY)
        assert.equal(payload.com_mode, 'user_present')
        assert.equal(payload.act, undefined)
        const subject = jose.decodeJwt(tokens.access_token_jwt)
        assert.equal(payload.sid, subject.sid)
        assert.ok(payload.exp <= subject.exp)

        const told = await introspects(iris, delegated)
        assert.equal(told.active, true)
        for (const claim of Object.keys(payload)) assert.deepEqual(told[claim], payload[claim], claim)
        assert.deepEqual({ ...(await introspects(other, delegated)) }, { active: false })
      })

      test('oauth4webapi exchanges, all that was allowed when no scope is named', async () => {
        const { tokens } = await connects(await Person.registers(server), source, { scope: 'ask history' })
        const client = { client_id: source.app.client_id }
        const parameters = { subject_token: tokens.access_token_jwt, subject_token_type: ACCESS_TOKEN, audience: AUDIENCE }
        const answer = await oauth.genericTokenEndpointRequest(as, client, proofOf(source), EXCHANGE, parameters, insecure)
        assert.equal(answer.headers.get('cache-control'), 'no-store')
        const exchanged = await oauth.processGenericTokenEndpointResponse(as, client, answer)
        assert.equal(exchanged.scope, 'ask history')
        await verifies(exchanged.access_token)
      })

      test('the person takes it back: no new token, and the one there is ends', async () => {
        const person = await Person.registers(server)
        const { config, tokens } = await connects(person, source)
        const { access_token: delegated } = await exchange(config, tokens.access_token_jwt, { resource: KEY })
        assert.equal((await introspects(iris, delegated)).active, true)
        const [one] = await delegations(person)
        assert.equal(one.sourceAppClientId, source.app.client_id)
        assert.deepEqual([one.targetResourceKey, one.scope, one.status], [KEY, 'ask', 'active'])

        const ended = await person.browser.send(`/api/oauth/delegations/${one.id}`, { method: 'DELETE' })
        assert.deepEqual([ended.status, await ended.json()], [200, { success: true }])
        await refused(exchange(config, tokens.access_token_jwt, { resource: KEY }), 403, 'access_denied')
        assert.deepEqual({ ...(await introspects(iris, delegated)) }, { active: false })
        assert.deepEqual(await delegations(person), [])
        assert.equal((await delegations(person, '?status=all'))[0].status, 'ended')
      })
    })
  }

  test('openid-client is told no when the person says no', async () => {
    const config = await configure(notes)
    const { parameters, checks } = await request({ resource: KEY, scope: 'ask' })
    const departure = await (await Person.registers(server)).denies(connectUrl(config, parameters))
    await assert.rejects(openid.authorizationCodeGrant(config, departure.url, checks), (failure) => {
      assert.ok(failure instanceof openid.AuthorizationResponseError)
      assert.equal(failure.error, 'access_denied')
      return true
    })
    assert.equal(departure.answer.get('iss'), server.issuer)
  })

  test('the page names both apps, their hosts and every scope; an unchanged request is one sentence', async () => {
    const person = await Person.registers(server)
    const config = await configure(notes)
    const { parameters } = await request({ resource: KEY, scope: 'ask erase' })
    const page = await person.browser.open(connectUrl(config, parameters))
    assert.ok(page instanceof Page)
    const words = [notes.app.name, 'client.test', iris.name, 'iris.test', 'Do what ask means', 'Do what erase means']
    for (const word of words) assert.ok(page.text.includes(word), word)
    await connects(person, notes, { scope: 'ask erase' })
    assert.match((await person.browser.open(connectUrl(config, parameters))).text, /go on using/)
  })

  test('a delegated token is nothing at the issuer and nothing for another audience', async () => {
    const { config, tokens } = await connects(await Person.registers(server), notes)
    const { access_token: delegated } = await exchange(config, tokens.access_token_jwt, { resource: KEY })
    await assert.rejects(
      openid.fetchUserInfo(config, delegated, openid.skipSubjectCheck),
      openid.WWWAuthenticateChallengeError,
    )
    for (const wrong of [{ audience: server.issuer }, { audience: notes.app.client_id }, { typ: 'JWT' }]) {
      await assert.rejects(verifies(delegated, wrong), jose.errors.JWTClaimValidationFailed)
    }
  })

  const refusals = {
    'the opaque token': [400, 'invalid_grant', (tokens) => [tokens.access_token, { resource: KEY }]],
    'the ID token': [400, 'invalid_grant', (tokens) => [tokens.id_token, { resource: KEY }]],
    'an unknown resource': [400, 'invalid_target', (tokens) => [tokens.access_token_jwt, { resource: 'no:such' }]],
    'two names that differ': [400, 'invalid_target', (tokens) => [tokens.access_token_jwt, { resource: KEY, audience: 'iris:relayed' }]],
    'a scope the resource does not have': [400, 'invalid_scope', (tokens) => [tokens.access_token_jwt, { resource: KEY, scope: 'openid' }]],
    'a scope that was not allowed': [400, 'invalid_scope', (tokens) => [tokens.access_token_jwt, { resource: KEY, scope: 'ask erase' }]],
    'a resource that was not allowed': [403, 'access_denied', (tokens) => [tokens.access_token_jwt, { resource: 'iris:relay' }]],
    'no resource': [400, 'invalid_request', (tokens) => [tokens.access_token_jwt, {}]],
    'an actor token': [400, 'invalid_request', (tokens) => [tokens.access_token_jwt, { resource: KEY, actor_token: 'x', actor_token_type: ACCESS_TOKEN }]],
  }
  for (const [title, [status, error, asked]] of Object.entries(refusals)) {
    test(`${title} is ${status} ${error}`, async () => {
      const { config, tokens } = await connects(await Person.registers(server), notes)
      await refused(exchange(config, ...asked(tokens)), status, error)
    })
  }

  test("one app's subject token is nothing at another", async () => {
    const { tokens } = await connects(await Person.registers(server), notes)
    const config = await configure({ app: other, auth: openid.ClientSecretBasic })
    await refused(exchange(config, tokens.access_token_jwt, { resource: KEY }), 400, 'invalid_grant')
  })

  test('a silent attempt says what is missing, and works once the person allowed it for when they are away', async () => {
    const config = await configure(notes)
    const person = await Person.registers(server)
    const silently = async (who) => {
      const { parameters, checks } = await request({ resource: KEY, scope: 'ask', mode: 'background' })
      return { departure: await who.browser.open(connectUrl(config, parameters)), checks }
    }
    assert.equal((await silently(new Person(server))).departure.answer.get('error'), 'login_required')
    assert.equal((await silently(person)).departure.answer.get('error'), 'consent_required')
    await connects(person, notes)
    assert.equal((await silently(person)).departure.answer.get('error'), 'consent_required')
    await connects(person, notes, { presence: 'background' }, { when: 'away' })

    const { departure, checks } = await silently(person)
    const tokens = await openid.authorizationCodeGrant(config, departure.url, checks)
    const exchanged = await exchange(config, tokens.access_token_jwt, { resource: KEY })
    assert.equal(exchanged.communication_mode, 'background')
    assert.equal((await verifies(exchanged.access_token)).payload.com_mode, 'background')

    // The token goes on without the person; the sign-in behind it does not, for it was without offline_access.
    await person.signsOut()
    assert.equal((await introspects(iris, exchanged.access_token)).active, true)
    await refused(exchange(config, tokens.access_token_jwt, { resource: KEY }), 400, 'invalid_grant')
  })

  for (const [when, goesOn] of [['using', false], ['away', true]]) {
    test(`offline access and "${when}": after signing out the app ${goesOn ? 'still' : 'no longer'} acts`, async () => {
      const person = await Person.registers(server)
      const signIn = await request({ scope: 'openid offline_access' })
      await person.allows(openid.buildAuthorizationUrl(await configure(notes), signIn.parameters))
      const { config, tokens } = await connects(person, notes, { presence: 'background' }, { when })
      const { access_token: delegated } = await exchange(config, tokens.access_token_jwt, { resource: KEY })
      await person.signsOut()
      assert.equal((await introspects(iris, delegated)).active, goesOn)
      const fresh = await openid.refreshTokenGrant(config, tokens.refresh_token)
      const again = exchange(config, fresh.access_token_jwt, { resource: KEY })
      if (goesOn) assert.equal((await again).communication_mode, 'background')
      else await refused(again, 403, 'access_denied')
    })
  }

  test('a public app acts only while the person is there, whatever they allowed', async () => {
    const spa = sources['public, EdDSA']
    const { config, tokens } = await connects(await Person.registers(server), spa, { presence: 'background' }, { when: 'away' })
    const exchanged = await exchange(config, tokens.access_token_jwt, { resource: KEY })
    assert.equal(exchanged.communication_mode, 'user_present')
  })

  test('the target passes a token on, with fewer scopes and the chain of who acts', async () => {
    const { config, tokens } = await connects(await Person.registers(server), notes, { resource: 'iris:relay', scope: 'ask history' })
    const first = await exchange(config, tokens.access_token_jwt, { resource: 'iris:relay' })
    const owner = await configure({ app: iris, auth: openid.ClientSecretBasic })
    await refused(exchange(owner, first.access_token, { resource: 'iris:relay' }), 400, 'invalid_scope')
    const second = await exchange(owner, first.access_token, { resource: 'iris:relay', scope: 'ask' })
    const { payload } = await verifies(second.access_token, { audience: 'iris:relayed' })
    assert.deepEqual(payload.act, { sub: iris.client_id, act: { sub: notes.app.client_id } })
    assert.deepEqual([payload.cid, payload.client_id, payload.scope], [notes.app.client_id, iris.client_id, 'ask'])
    assert.ok(payload.exp <= jose.decodeJwt(first.access_token).exp)

    // The end of the first is the end of the second.
    await openid.tokenRevocation(config, first.access_token)
    for (const { access_token: token } of [first, second]) assert.equal((await introspects(iris, token)).active, false)
  })

  test('a session token opens the list from any origin, and nothing else', async () => {
    const person = await Person.registers(server)
    await connects(person, notes)
    const made = await (await person.browser.open('/account/tokens')).send({ name: 'Script' })
    const headers = { authorization: `Bearer ${/pst_[\w-]+/.exec(made.html)[0]}`, origin: 'https://elsewhere.test' }
    const list = `${server.issuer}/api/oauth/delegations`
    const listed = await fetch(list, { headers })
    assert.equal(listed.headers.get('access-control-allow-origin'), '*')
    const [one] = (await listed.json()).delegations
    assert.equal((await fetch(`${server.issuer}/api/oauth/userinfo`, { headers })).status, 401)
    assert.equal((await fetch(`${list}/${one.id}`, { method: 'DELETE', headers })).status, 200)
    assert.deepEqual(await delegations(person), [])
  })

  for (const [title, client, auth_method] of [
    ['client_secret_basic', notes.app, 'client_secret_basic'],
    ['none', sources['public, EdDSA'].app, 'none'],
  ]) {
    test(`authlib (requests), ${title}: asks, exchanges, is told who may not`, async () => {
      const person = await Person.registers(server)
      const result = await authlib(person, client, auth_method)
      assert.equal(result.exchanged.scope, 'ask')
      assert.equal(result.exchanged.audience, AUDIENCE)
      const { payload } = await verifies(result.exchanged.access_token)
      assert.deepEqual([payload.sub, payload.cid], [person.identity.id, client.client_id])
      assert.equal(result.too_much, 'invalid_scope')
    })
  }

  async function configure({ app, auth }) {
    const metadata = { id_token_signed_response_alg: app.id_token_signed_response_alg ?? 'RS256' }
    if (app.client_secret) metadata.client_secret = app.client_secret
    return openid.discovery(new URL(server.issuer), app.client_id, metadata, auth(app.client_secret), {
      execute: [openid.allowInsecureRequests, openid.enableNonRepudiationChecks],
    })
  }

  async function request(asked) {
    const pkceCodeVerifier = openid.randomPKCECodeVerifier()
    const expectedState = openid.randomState()
    const expectedNonce = openid.randomNonce()
    return {
      checks: { pkceCodeVerifier, expectedState, expectedNonce, idTokenExpected: true },
      parameters: {
        redirect_uri: CALLBACK,
        state: expectedState,
        nonce: expectedNonce,
        code_challenge: await openid.calculatePKCECodeChallenge(pkceCodeVerifier),
        code_challenge_method: 'S256',
        ...asked,
      },
    }
  }

  /** The library builds the request for `/signin`; `/connect` takes the same. */
  function connectUrl(config, parameters) {
    const url = openid.buildAuthorizationUrl(config, parameters)
    url.pathname = '/connect'
    return url
  }

  /** The person allows the app to use a resource, and the app redeems the code. */
  async function connects(person, source, asked = {}, { when } = {}) {
    const config = await configure(source)
    const { parameters, checks } = await request({ resource: KEY, scope: 'ask', ...asked })
    const departure = await person.allows(connectUrl(config, parameters), when ? { when } : {})
    return { config, tokens: await openid.authorizationCodeGrant(config, departure.url, checks) }
  }

  function exchange(config, subject_token, asked) {
    return openid.genericGrantRequest(config, EXCHANGE, { subject_token, subject_token_type: ACCESS_TOKEN, ...asked })
  }

  function verifies(token, more = {}) {
    const requiredClaims = ['sub', 'exp', 'iat', 'jti', 'cid', 'client_id', 'scope', 'grant_id', 'target_resource', 'com_mode']
    return jose.jwtVerify(token, keys, { issuer: server.issuer, audience: AUDIENCE, typ: 'at+jwt', requiredClaims, ...more })
  }

  async function introspects(app, token) {
    return openid.tokenIntrospection(await configure({ app, auth: openid.ClientSecretBasic }), token)
  }

  async function delegations(person, query = '') {
    const answer = await person.browser.send(`/api/oauth/delegations${query}`)
    assert.equal(answer.status, 200)
    return (await answer.json()).delegations
  }

  async function refused(promise, status, error) {
    await assert.rejects(promise, (failure) => {
      assert.ok(failure instanceof openid.ResponseBodyError, failure.message)
      assert.deepEqual([failure.status, failure.error], [status, error], failure.error_description)
      return true
    })
  }

  function proofOf({ app, auth }) {
    if (auth === openid.None) return oauth.None()
    return auth === openid.ClientSecretPost ? oauth.ClientSecretPost(app.client_secret) : oauth.ClientSecretBasic(app.client_secret)
  }

  async function authlib(person, client, auth_method) {
    const child = spawn(python, [`${room}python/authlib_client.py`], { stdio: ['pipe', 'pipe', 'pipe'] })
    let complaint = ''
    child.stderr.on('data', (part) => (complaint += part))
    const say = (value) => child.stdin.write(`${JSON.stringify(value)}\n`)
    const { client_id, client_secret } = client
    const command = { as: 'connector', issuer: server.issuer, client_id, client_secret, auth_method, redirect_uri: CALLBACK }
    say({ ...command, scope: 'ask', resource: KEY, more: 'ask erase' })
    try {
      for await (const line of createInterface({ input: child.stdout })) {
        const { visit, done } = JSON.parse(line)
        if (!visit) return done
        say((await person.allows(visit)).url.href)
      }
      throw new Error(`authlib gave up:\n${complaint}`)
    } finally {
      child.kill()
    }
  }
})
