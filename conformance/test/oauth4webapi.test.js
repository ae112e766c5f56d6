// oauth4webapi 3, unmodified: each message of the protocol by itself, and each refusal a client can provoke.

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import * as oauth from 'oauth4webapi'
import { Page } from '../lib/browser.js'
import { app, CALLBACK, manifest } from '../lib/manifest.js'
import { Person } from '../lib/person.js'
import { startServer } from '../lib/server.js'

const insecure = { [oauth.allowInsecureRequests]: true }
const confidential = app('confidential')
const strict = app('strict', { require_pkce: true })
const narrow = app('narrow', { scopes: ['openid', 'profile'] })
const spa = app('spa', { type: 'public' })
const other = app('other')

describe('oauth4webapi', () => {
  let server
  let person
  let as
  before(async () => {
    server = await startServer({ manifest: manifest([confidential, strict, narrow, spa, other]) })
    person = await Person.registers(server)
    const issuer = new URL(server.issuer)
    as = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, insecure))
  })
  after(() => server?.stop())

  const basic = (one) => oauth.ClientSecretBasic(one.client_secret)

  test('code, PKCE, nonce and signature, message by message', async () => {
    const { tokens } = await signIn(confidential, basic(confidential))
    const claims = oauth.getValidatedIdTokenClaims(tokens)
    assert.equal(claims.azp, confidential.client_id)
    assert.deepEqual(claims.amr, ['pop', 'user'])
    assert.equal(claims.acr, 'phr')
    assert.equal(typeof claims.auth_time, 'number')
    assert.equal(typeof claims.sid, 'string')
    assert.equal(tokens.user.id, claims.sub)
    assert.equal(tokens.user.displayName, person.displayName)
    assert.equal(tokens.user.handle, person.handle)
    assert.match(tokens.access_token, /^pat_[\w-]{43,}$/)
    assert.match(tokens.refresh_token, /^prt_[\w-]{43,}$/)
  })

  test('access_token_jwt is a JWT access token (RFC 9068) for the issuer', async () => {
    const { tokens } = await signIn(confidential, basic(confidential))
    const request = new Request(`${server.issuer}/api`, { headers: { authorization: `Bearer ${tokens.access_token_jwt}` } })
    const claims = await oauth.validateJwtAccessToken(as, request, server.issuer, insecure)
    assert.equal(claims.sub, person.identity.id)
    assert.equal(claims.client_id, confidential.client_id)
    assert.equal(claims.cid, confidential.client_id)
    assert.deepEqual(claims.scope.split(' ').sort(), ['offline_access', 'openid', 'profile'])
    assert.equal(claims.uid, undefined)
    assert.equal(claims.target_resource, undefined)
  })

  test('an ID token is no access token, and an access token is no ID token', async () => {
    const { tokens } = await signIn(confidential, basic(confidential))
    const headers = { authorization: `Bearer ${tokens.id_token}` }
    const wrong = new Request(`${server.issuer}/api`, { headers })
    await assert.rejects(oauth.validateJwtAccessToken(as, wrong, server.issuer, insecure))
    const answer = await fetch(as.userinfo_endpoint, { headers })
    assert.equal(answer.status, 401)
    assert.equal((await answer.json()).error, 'invalid_token')
  })

  test('id_token only with openid, refresh_token only with offline_access, profile claims only with profile', async () => {
    const plain = await signIn(confidential, basic(confidential), { scope: 'profile' })
    assert.equal(plain.tokens.id_token, undefined)
    assert.equal(plain.tokens.refresh_token, undefined)
    assert.equal(plain.tokens.user.displayName, person.displayName)
    const bare = await signIn(confidential, basic(confidential), { scope: 'openid' })
    assert.equal(bare.tokens.refresh_token, undefined)
    const claims = oauth.getValidatedIdTokenClaims(bare.tokens)
    for (const claim of ['name', 'preferred_username', 'picture', 'email', 'email_verified']) assert.ok(!(claim in claims), claim)
    assert.equal(bare.tokens.user.id, claims.sub)
    assert.ok(!('handle' in bare.tokens.user) && !('displayName' in bare.tokens.user))
  })

  test('a request without scope gets the defaults, which leave out offline_access', async () => {
    const { tokens } = await signIn(narrow, basic(narrow), { scope: undefined })
    assert.deepEqual(tokens.scope.split(' ').sort(), ['openid', 'profile'])
    const all = await signIn(confidential, basic(confidential), { scope: undefined })
    assert.equal(all.tokens.refresh_token, undefined)
  })

  test('response_type may be absent, and empty state and nonce are absent', async () => {
    const { departure } = await authorize(confidential, { response_type: undefined, state: '', nonce: '' })
    assert.ok(departure.answer.get('code'))
    assert.equal(departure.answer.has('state'), false)
    assert.equal(departure.answer.get('iss'), server.issuer)
  })

  test('POST /signin is answered like GET', async () => {
    const { parameters } = await ask(confidential)
    const page = await person.browser.open('/signin', {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', origin: 'https://client.test' },
      body: new URLSearchParams({ ...parameters, prompt: 'consent' }).toString(),
    })
    assert.ok(page.has('[name=\"decision\"]'))
  })

  test('/authorize is the same as /signin', async () => {
    const { departure } = await authorize(confidential, {}, '/authorize')
    assert.ok(departure.answer.get('code'))
  })

  describe('refusals that go back to the client', () => {
    const refusals = {
      'unknown scope': [confidential, { scope: 'openid calendar.read' }, 'invalid_scope'],
      'scope that the app may not ask for': [narrow, { scope: 'openid email' }, 'invalid_scope'],
      'another response type': [confidential, { response_type: 'token' }, 'unsupported_response_type'],
      'public app without challenge': [spa, { code_challenge: undefined, code_challenge_method: undefined }, 'invalid_request'],
      'plain challenge': [confidential, { code_challenge_method: 'plain' }, 'invalid_request'],
      'challenge without a method, which would mean plain': [confidential, { code_challenge_method: undefined }, 'invalid_request'],
      'app that always wants PKCE': [strict, { code_challenge: undefined, code_challenge_method: undefined }, 'invalid_request'],
      'prompt none together with another': [confidential, { prompt: 'none login' }, 'invalid_request'],
      'fragment as response mode': [confidential, { response_mode: 'fragment' }, 'invalid_request'],
    }
    for (const [title, [client, changes, error]] of Object.entries(refusals)) {
      test(`${title}: ${error}`, async () => {
        const { departure, state } = await authorize(client, changes)
        assert.throws(
          () => oauth.validateAuthResponse(as, clientOf(client), departure.url, state),
          (failure) => {
            assert.ok(failure instanceof oauth.AuthorizationResponseError, failure.message)
            assert.equal(failure.error, error)
            return true
          },
        )
        assert.equal(departure.answer.get('iss'), server.issuer)
      })
    }

    test('nobody signed in and prompt none: login_required', async () => {
      const { departure } = await authorize(confidential, { prompt: 'none' }, '/signin', new Person(server))
      assert.equal(departure.answer.get('error'), 'login_required')
    })
  })

  describe('refusals that stay at the issuer', () => {
    const refusals = {
      'unknown client': { client_id: 'app_ffffffffffffffffffffffffffffffff' },
      'no client': { client_id: undefined },
      'no redirect URI': { redirect_uri: undefined },
      'redirect URI with another path': { redirect_uri: `${CALLBACK}/` },
      'redirect URI with another query': { redirect_uri: `${CALLBACK}?x=1` },
      'redirect URI in capitals': { redirect_uri: CALLBACK.replace('client', 'CLIENT') },
      'redirect URI with its default port': { redirect_uri: CALLBACK.replace('.test', '.test:443') },
      'redirect URI at a loopback without development mode': { redirect_uri: 'http://localhost:3000/callback' },
    }
    for (const [title, changes] of Object.entries(refusals)) {
      test(title, async () => {
        const { parameters } = await ask(confidential, changes)
        const page = await person.browser.open(`/signin?${new URLSearchParams(parameters)}`)
        assert.ok(page instanceof Page, `left to ${page.url}`)
        assert.equal(page.status, 400)
        assert.equal(page.has('[name="decision"]'), false)
      })
    }
  })

  describe('refusals of the token endpoint', () => {
    test('a code works once; its second use ends what the first use bought', async () => {
      const { departure, verifier, state } = await authorize(confidential)
      const redeem = () => exchange(confidential, basic(confidential), departure, verifier, state)
      const tokens = await (await redeem()).json()
      await refuses(await redeem(), 400, 'invalid_grant')
      const info = await oauth.userInfoRequest(as, clientOf(confidential), tokens.access_token, insecure)
      assert.equal(info.status, 401)
      await refuses(await refresh(confidential, basic(confidential), tokens.refresh_token), 400, 'invalid_grant')
    })

    test('another client cannot spend a code', async () => {
      const { departure, verifier, state } = await authorize(confidential)
      const client = { client_id: other.client_id }
      const parameters = oauth.validateAuthResponse(as, client, departure.url, state)
      const stolen = await oauth.authorizationCodeGrantRequest(as, client, basic(other), parameters, CALLBACK, verifier, insecure)
      await refuses(stolen, 400, 'invalid_grant')
    })

    test('a wrong verifier is invalid_grant and burns the code', async () => {
      const { departure, verifier, state } = await authorize(confidential)
      const guess = oauth.generateRandomCodeVerifier()
      await refuses(await exchange(confidential, basic(confidential), departure, guess, state), 400, 'invalid_grant')
      await refuses(await exchange(confidential, basic(confidential), departure, verifier, state), 400, 'invalid_grant')
    })

    test('a missing verifier is invalid_request even with a valid secret', async () => {
      const { departure, state } = await authorize(confidential)
      await refuses(await exchange(confidential, basic(confidential), departure, oauth.nopkce, state), 400, 'invalid_request')
    })

    test('a verifier without a challenge is refused', async () => {
      const { departure, state } = await authorize(confidential, { code_challenge: undefined, code_challenge_method: undefined })
      const verifier = oauth.generateRandomCodeVerifier()
      const answer = await exchange(confidential, basic(confidential), departure, verifier, state)
      assert.equal(answer.status, 400)
      assert.match((await answer.json()).error, /^invalid_(request|grant)$/)
    })

    test('a wrong secret is 401 invalid_client with a challenge, and the code survives it', async () => {
      const { departure, verifier, state } = await authorize(confidential)
      const wrong = await exchange(confidential, oauth.ClientSecretBasic('not-the-secret'), departure, verifier, state)
      assert.match(wrong.headers.get('www-authenticate'), /^Basic /)
      await refuses(wrong, 401, 'invalid_client')
      const right = await exchange(confidential, basic(confidential), departure, verifier, state)
      assert.equal(right.status, 200)
    })

    test('a confidential client cannot leave its secret out', async () => {
      const { departure, verifier, state } = await authorize(confidential)
      await refuses(await exchange(confidential, oauth.None(), departure, verifier, state), 401, 'invalid_client')
      const { tokens } = await signIn(confidential, basic(confidential))
      await refuses(await refresh(confidential, oauth.None(), tokens.refresh_token), 401, 'invalid_client')
    })

    test('a client that does not exist is 401 invalid_client', async () => {
      const nobody = { ...spa, client_id: 'app_ffffffffffffffffffffffffffffffff' }
      await refuses(await refresh(nobody, oauth.None(), 'prt_none'), 401, 'invalid_client')
    })

    test("one app's refresh token is nothing at another", async () => {
      const { tokens } = await signIn(confidential, basic(confidential))
      await refuses(await refresh(other, basic(other), tokens.refresh_token), 400, 'invalid_grant')
      assert.equal((await refresh(confidential, basic(confidential), tokens.refresh_token)).status, 200)
    })

    test('refresh narrows a scope and never widens it', async () => {
      const { tokens } = await signIn(confidential, basic(confidential), { scope: 'openid profile offline_access' })
      const less = await refresh(confidential, basic(confidential), tokens.refresh_token, { scope: 'openid' })
      const next = await oauth.processRefreshTokenResponse(as, clientOf(confidential), less)
      assert.equal(next.scope, 'openid')
      const more = await refresh(confidential, basic(confidential), next.refresh_token, { scope: 'openid email' })
      await refuses(more, 400, 'invalid_scope')
    })

    test('a public client cannot use client_credentials', async () => {
      const answer = await oauth.genericTokenEndpointRequest(as, clientOf(spa), oauth.None(), 'client_credentials', {}, insecure)
      assert.ok([400, 401].includes(answer.status))
      assert.match((await answer.json()).error, /^(unauthorized_client|invalid_client)$/)
    })

    test('an unknown grant is unsupported_grant_type', async () => {
      const answer = await oauth.genericTokenEndpointRequest(as, clientOf(confidential), basic(confidential), 'password', {}, insecure)
      await refuses(answer, 400, 'unsupported_grant_type')
    })

    test('two client authentications are invalid_request', async () => {
      const both = (as_, client, body, headers) => {
        basic(confidential)(as_, client, body, headers)
        oauth.ClientSecretPost(confidential.client_secret)(as_, client, body, headers)
      }
      await refuses(await refresh(confidential, both, 'prt_none'), 400, 'invalid_request')
    })
  })

  test('introspection tells a stranger nothing, and refuses who does not authenticate', async () => {
    const { tokens } = await signIn(confidential, basic(confidential))
    const asked = await oauth.introspectionRequest(as, clientOf(other), basic(other), tokens.access_token, insecure)
    assert.deepEqual(await asked.json(), { active: false })
    const anonymous = await oauth.introspectionRequest(as, clientOf(other), oauth.ClientSecretPost('x'), tokens.access_token, insecure)
    await refuses(anonymous, 401, 'invalid_client')
  })

  test('revocation answers 200 for what it does not know, and leaves the tokens of others alone', async () => {
    const { tokens } = await signIn(confidential, basic(confidential))
    for (const token of ['prt_unknown', tokens.refresh_token]) {
      const answer = await oauth.revocationRequest(as, clientOf(other), basic(other), token, insecure)
      await oauth.processRevocationResponse(answer)
    }
    assert.equal((await refresh(confidential, basic(confidential), tokens.refresh_token)).status, 200)
  })

  test('answers with tokens are never stored', async () => {
    const { departure, verifier, state } = await authorize(confidential)
    const answer = await exchange(confidential, basic(confidential), departure, verifier, state)
    assert.equal(answer.headers.get('cache-control'), 'no-store')
    assert.match(answer.headers.get('content-type'), /^application\/json/)
  })

  test('the endpoints that browsers call allow any origin and no cookies', async () => {
    for (const url of [as.token_endpoint, as.userinfo_endpoint, as.revocation_endpoint]) {
      const method = url === as.userinfo_endpoint ? 'GET' : 'POST'
      const answer = await fetch(url, {
        method: 'OPTIONS',
        headers: {
          origin: 'https://spa.test',
          'access-control-request-method': method,
          'access-control-request-headers': 'authorization,content-type',
        },
      })
      assert.ok(answer.ok, url)
      assert.equal(answer.headers.get('access-control-allow-origin'), '*', url)
      assert.equal(answer.headers.get('access-control-allow-credentials'), null, url)
      assert.match(answer.headers.get('access-control-allow-headers').toLowerCase(), /authorization/, url)
      const real = await fetch(url, { method, headers: { origin: 'https://spa.test' } })
      assert.equal(real.headers.get('access-control-allow-origin'), '*', url)
    }
  })

  function clientOf({ client_id }) {
    return { client_id }
  }

  async function ask(client, changes = {}) {
    const verifier = oauth.generateRandomCodeVerifier()
    const state = oauth.generateRandomState()
    const nonce = oauth.generateRandomNonce()
    const parameters = {
      client_id: client.client_id,
      response_type: 'code',
      redirect_uri: CALLBACK,
      scope: client === narrow ? 'openid profile' : 'openid profile offline_access',
      state,
      nonce,
      code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      ...changes,
    }
    for (const [name, value] of Object.entries(parameters)) if (value === undefined) delete parameters[name]
    return { parameters, verifier, state, nonce }
  }

  async function authorize(client, changes, path = '/signin', who = person) {
    const asked = await ask(client, changes)
    const departure = await who.allows(`${path}?${new URLSearchParams(asked.parameters)}`)
    return { ...asked, departure }
  }

  async function exchange(client, auth, departure, verifier, state) {
    const parameters = oauth.validateAuthResponse(as, clientOf(client), departure.url, state)
    return oauth.authorizationCodeGrantRequest(as, clientOf(client), auth, parameters, CALLBACK, verifier, insecure)
  }

  async function signIn(client, auth, changes, expectedNonce) {
    const { departure, verifier, state, nonce } = await authorize(client, changes)
    const answer = await exchange(client, auth, departure, verifier, state)
    const openid = !changes?.scope || changes.scope.includes('openid')
    const tokens = await oauth.processAuthorizationCodeResponse(as, clientOf(client), answer, {
      expectedNonce: openid ? (expectedNonce ?? nonce) : undefined,
      requireIdToken: openid,
    })
    if (openid) await oauth.validateApplicationLevelSignature(as, answer, insecure)
    return { tokens }
  }

  function refresh(client, auth, token, more = {}) {
    return oauth.refreshTokenGrantRequest(as, clientOf(client), auth, token, { ...insecure, additionalParameters: more })
  }

  async function refuses(answer, status, error) {
    const body = await answer.json()
    assert.deepEqual([answer.status, body.error], [status, error], JSON.stringify(body))
    assert.equal(typeof body.error_description, 'string')
    assert.equal(answer.headers.get('cache-control'), 'no-store')
  }
})
