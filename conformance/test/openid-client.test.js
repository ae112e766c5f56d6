// openid-client 6, unmodified: every way of being a client, with every signature.

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import * as openid from 'openid-client'
import { Page } from '../lib/browser.js'
import { app, CALLBACK, manifest, SIGNED_OUT } from '../lib/manifest.js'
import { Person } from '../lib/person.js'
import { startServer } from '../lib/server.js'

const SCOPE = 'openid profile offline_access'

const clients = {
  'client_secret_basic, RS256': { app: app('basic'), auth: openid.ClientSecretBasic },
  'client_secret_post, RS256': { app: app('post'), auth: openid.ClientSecretPost },
  'public, RS256': { app: app('public', { type: 'public' }), auth: openid.None },
  'client_secret_basic, ES256': { app: app('es256', { id_token_signed_response_alg: 'ES256' }), auth: openid.ClientSecretBasic },
  'public, EdDSA': { app: app('eddsa', { type: 'public', id_token_signed_response_alg: 'EdDSA' }), auth: openid.None },
}

describe('openid-client', () => {
  let server
  let person
  before(async () => {
    server = await startServer({ manifest: manifest(Object.values(clients).map((one) => one.app)) })
    person = await Person.registers(server)
  })
  after(() => server?.stop())

  for (const [title, client] of Object.entries(clients)) {
    describe(title, () => {
      test('signs in with code and PKCE, and the ID token passes every check', async () => {
        const { config, tokens, nonce } = await signIn(client)
        const claims = tokens.claims()
        assert.equal(claims.sub, person.identity.id)
        assert.equal(claims.nonce, nonce)
        assert.equal(claims.name, person.displayName)
        assert.equal(claims.preferred_username, person.handle)
        assert.equal(claims.email, undefined)
        assert.equal(tokens.token_type, 'bearer')
        assert.equal(tokens.expires_in, 3600)
        assert.deepEqual(tokens.scope.split(' ').sort(), SCOPE.split(' ').sort())

        const info = await openid.fetchUserInfo(config, tokens.access_token, claims.sub)
        assert.equal(info.name, person.displayName)
        assert.equal(info.preferred_username, person.handle)
        const same = await openid.fetchUserInfo(config, tokens.access_token_jwt, claims.sub)
        assert.deepEqual(same, info)
      })

      test('refreshes; the old refresh token is dead and its second use ends the family', async () => {
        const { config, tokens } = await signIn(client)
        const first = tokens.claims()
        const next = await openid.refreshTokenGrant(config, tokens.refresh_token)
        assert.notEqual(next.refresh_token, tokens.refresh_token)
        assert.notEqual(next.access_token, tokens.access_token)
        assert.equal(next.claims().sub, first.sub)
        assert.equal(next.claims().auth_time, first.auth_time)
        await openid.fetchUserInfo(config, next.access_token, first.sub)

        await refused(openid.refreshTokenGrant(config, tokens.refresh_token), 'invalid_grant', /^Invalid refresh token/)
        await refused(openid.refreshTokenGrant(config, next.refresh_token), 'invalid_grant', /^Invalid refresh token/)
        await unauthorized(openid.fetchUserInfo(config, next.access_token, first.sub))
      })

      test('revokes the refresh token, and the access tokens end with it', async () => {
        const { config, tokens } = await signIn(client)
        await openid.tokenRevocation(config, tokens.refresh_token, { token_type_hint: 'refresh_token' })
        await refused(openid.refreshTokenGrant(config, tokens.refresh_token), 'invalid_grant')
        await unauthorized(openid.fetchUserInfo(config, tokens.access_token, tokens.claims().sub))
        await unauthorized(openid.fetchUserInfo(config, tokens.access_token_jwt, tokens.claims().sub))
      })

      test('revokes either access token, and its twin ends with it', async () => {
        for (const [revoked, twin] of [['access_token', 'access_token_jwt'], ['access_token_jwt', 'access_token']]) {
          const { config, tokens } = await signIn(client)
          await openid.tokenRevocation(config, tokens[revoked])
          await unauthorized(openid.fetchUserInfo(config, tokens[twin], tokens.claims().sub))
        }
      })

      test('receives the answer by form_post', async () => {
        const { departure, tokens } = await signIn(client, { response_mode: 'form_post' })
        assert.equal(departure.request.method, 'POST')
        assert.equal(departure.url.search, '')
        assert.ok(tokens.id_token)
      })

      test('signs out through the issuer, and silent sign-in then needs a login', async () => {
        const somebody = await Person.registers(server)
        const { config, tokens } = await signIn(client, {}, somebody)
        const state = openid.randomState()
        const url = openid.buildEndSessionUrl(config, {
          id_token_hint: tokens.id_token,
          post_logout_redirect_uri: SIGNED_OUT,
          state,
        })
        let place = await somebody.browser.open(url)
        if (place instanceof Page) place = await place.press(/^Sign out$/)
        assert.equal(`${place.url}`, `${SIGNED_OUT}?state=${state}`)

        const silent = await somebody.browser.open(
          openid.buildAuthorizationUrl(config, { ...(await request(config)).parameters, prompt: 'none' }),
        )
        assert.equal(silent.answer?.get('error'), 'login_required')
        assert.equal(silent.answer.get('iss'), server.issuer)
      })
    })
  }

  for (const title of Object.keys(clients).filter((one) => !one.startsWith('public'))) {
    test(`${title}: introspects its own tokens`, async () => {
      const { config, tokens } = await signIn(clients[title])
      for (const kind of ['access_token', 'access_token_jwt', 'refresh_token']) {
        const answer = await openid.tokenIntrospection(config, tokens[kind])
        assert.equal(answer.active, true, kind)
        assert.equal(answer.client_id, config.clientMetadata().client_id, kind)
        assert.equal(answer.sub, person.identity.id, kind)
        assert.equal(answer.iss, server.issuer, kind)
        assert.deepEqual(answer.scope.split(' ').sort(), SCOPE.split(' ').sort(), kind)
      }
      await openid.tokenRevocation(config, tokens.refresh_token)
      for (const kind of ['access_token', 'access_token_jwt', 'refresh_token']) {
        assert.deepEqual({ ...(await openid.tokenIntrospection(config, tokens[kind])) }, { active: false }, kind)
      }
    })

    test(`${title}: acts for itself by client_credentials`, async () => {
      const config = await configure(clients[title])
      const tokens = await openid.clientCredentialsGrant(config)
      assert.equal(tokens.id_token, undefined)
      assert.equal(tokens.refresh_token, undefined)
      const answer = await openid.tokenIntrospection(config, tokens.access_token)
      assert.equal(answer.active, true)
      assert.equal(answer.sub, config.clientMetadata().client_id)
      await assert.rejects(
        openid.fetchUserInfo(config, tokens.access_token, openid.skipSubjectCheck),
        openid.WWWAuthenticateChallengeError,
      )
      await refused(openid.clientCredentialsGrant(config, { scope: 'openid' }), 'invalid_scope')
    })
  }

  test('a denied request comes back as access_denied with state and iss', async () => {
    const config = await configure(clients['public, RS256'])
    const { parameters, checks } = await request(config)
    const somebody = await Person.registers(server)
    const departure = await somebody.denies(openid.buildAuthorizationUrl(config, parameters))
    await assert.rejects(openid.authorizationCodeGrant(config, departure.url, checks), (failure) => {
      assert.ok(failure instanceof openid.AuthorizationResponseError)
      assert.equal(failure.error, 'access_denied')
      return true
    })
    assert.equal(departure.answer.get('iss'), server.issuer)
    assert.equal(departure.answer.get('state'), parameters.state)
  })

  test('consent is remembered: the second sign-in is silent, new scopes are asked again', async () => {
    const client = clients['public, RS256']
    const config = await configure(client)
    const somebody = await Person.registers(server)
    const ask = async (more) => {
      const { parameters, checks } = await request(config)
      return { url: openid.buildAuthorizationUrl(config, { ...parameters, ...more }), checks }
    }
    const first = await ask({ scope: 'openid', prompt: 'none' })
    assert.equal((await somebody.browser.open(first.url)).answer?.get('error'), 'consent_required')
    await somebody.allows((await ask({ scope: 'openid' })).url)

    const silent = await ask({ scope: 'openid', prompt: 'none' })
    const departure = await somebody.browser.open(silent.url)
    const tokens = await openid.authorizationCodeGrant(config, departure.url, silent.checks)
    assert.equal(tokens.claims().sub, somebody.identity.id)

    const wider = await somebody.browser.open((await ask({ scope: 'openid profile', prompt: 'none' })).url)
    assert.equal(wider.answer?.get('error'), 'consent_required')
    const again = await somebody.browser.open((await ask({ scope: 'openid', prompt: 'consent' })).url)
    assert.ok(again.has('[name=\"decision\"]'))
  })

  test('max_age=0 with prompt=none needs a login; auth_time satisfies a generous max_age', async () => {
    const client = clients['client_secret_basic, RS256']
    await signIn(client, { max_age: '10000' })
    const config = await configure(client)
    const { parameters } = await request(config)
    const url = openid.buildAuthorizationUrl(config, { ...parameters, max_age: '0', prompt: 'none' })
    // auth_time has whole seconds, so an authentication within this very second may still be young enough.
    await new Promise((wake) => setTimeout(wake, 1_100))
    assert.equal((await person.browser.open(url)).answer?.get('error'), 'login_required')
  })

  test('id_token_hint of another person is login_required', async () => {
    const client = clients['public, RS256']
    const { config, tokens } = await signIn(client)
    const other = await Person.registers(server)
    const { parameters } = await request(config)
    await other.allows(openid.buildAuthorizationUrl(config, parameters))
    const url = openid.buildAuthorizationUrl(config, { ...parameters, prompt: 'none', id_token_hint: tokens.id_token })
    assert.equal((await other.browser.open(url)).answer?.get('error'), 'login_required')
    assert.ok((await person.browser.open(url)).answer?.get('code'))
  })

  test('without a verified address email is not granted, and scope says so', async () => {
    const client = clients['public, RS256']
    const somebody = await Person.registers(server)
    const { tokens } = await signIn(client, { scope: 'openid email' }, somebody)
    assert.equal(tokens.scope, 'openid')
    assert.equal(tokens.claims().email, undefined)
  })

  async function configure({ app, auth }) {
    const metadata = { id_token_signed_response_alg: app.id_token_signed_response_alg ?? 'RS256' }
    if (app.client_secret) metadata.client_secret = app.client_secret
    return openid.discovery(new URL(server.issuer), app.client_id, metadata, auth(app.client_secret), {
      execute: [openid.allowInsecureRequests, openid.enableNonRepudiationChecks],
    })
  }

  async function request(config) {
    const pkceCodeVerifier = openid.randomPKCECodeVerifier()
    const expectedState = openid.randomState()
    const expectedNonce = openid.randomNonce()
    return {
      checks: { pkceCodeVerifier, expectedState, expectedNonce, idTokenExpected: true },
      parameters: {
        redirect_uri: CALLBACK,
        scope: SCOPE,
        state: expectedState,
        nonce: expectedNonce,
        code_challenge: await openid.calculatePKCECodeChallenge(pkceCodeVerifier),
        code_challenge_method: 'S256',
      },
    }
  }

  async function signIn(client, more = {}, who = person) {
    const config = await configure(client)
    const { parameters, checks } = await request(config)
    const departure = await who.allows(openid.buildAuthorizationUrl(config, { ...parameters, ...more }))
    const maxAge = more.max_age ? { maxAge: Number(more.max_age) } : {}
    const received = departure.body ? departure.request : departure.url
    const tokens = await openid.authorizationCodeGrant(config, received, { ...checks, ...maxAge })
    return { config, tokens, departure, nonce: checks.expectedNonce }
  }

  async function refused(promise, error, description = /./) {
    await assert.rejects(promise, (failure) => {
      assert.ok(failure instanceof openid.ResponseBodyError, failure.message)
      assert.equal(failure.status, 400)
      assert.equal(failure.error, error)
      assert.match(failure.error_description, description)
      return true
    })
  }

  async function unauthorized(promise) {
    await assert.rejects(promise, (failure) => {
      assert.ok(failure instanceof openid.WWWAuthenticateChallengeError, failure.message)
      assert.equal(failure.response.status, 401)
      assert.equal(failure.cause[0].scheme, 'bearer')
      assert.equal(failure.cause[0].parameters.error, 'invalid_token')
      return true
    })
  }
})
