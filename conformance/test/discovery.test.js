// What a client learns before it has a person: RFC 8414, OpenID Connect Discovery, RFC 7517, RFC 7033.

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import * as oauth from 'oauth4webapi'
import * as openid from 'openid-client'
import { startServer } from '../lib/server.js'

describe('discovery', () => {
  let server
  before(async () => (server = await startServer()))
  after(() => server?.stop())

  const insecure = { [oauth.allowInsecureRequests]: true }

  for (const algorithm of ['oidc', 'oauth2']) {
    test(`oauth4webapi reads the ${algorithm} document`, async () => {
      const issuer = new URL(server.issuer)
      const answer = await oauth.discoveryRequest(issuer, { algorithm, ...insecure })
      assert.equal(answer.headers.get('access-control-allow-origin'), '*')
      assert.match(answer.headers.get('cache-control'), /public, max-age=\d+/)
      const as = await oauth.processDiscoveryResponse(issuer, answer)
      assert.equal(as.issuer, server.issuer)
    })

    test(`openid-client configures itself from the ${algorithm} document`, async () => {
      const config = await openid.discovery(new URL(server.issuer), 'app_none', undefined, openid.None(), {
        algorithm,
        execute: [openid.allowInsecureRequests],
      })
      assert.equal(config.serverMetadata().supportsPKCE(), true)
    })
  }

  test('both documents say the same', async () => {
    const read = async (name) => (await fetch(`${server.issuer}/.well-known/${name}`)).json()
    assert.deepEqual(await read('openid-configuration'), await read('oauth-authorization-server'))
  })

  test('the document names what this server does, on one origin', async () => {
    const as = await (await fetch(`${server.issuer}/.well-known/openid-configuration`)).json()
    assert.equal(as.authorization_endpoint, `${server.issuer}/signin`)
    assert.equal(as.token_endpoint, `${server.issuer}/api/oauth/token`)
    assert.equal(as.userinfo_endpoint, `${server.issuer}/api/oauth/userinfo`)
    assert.equal(as.jwks_uri, `${server.issuer}/.well-known/jwks.json`)
    for (const name of ['revocation_endpoint', 'introspection_endpoint', 'end_session_endpoint']) {
      assert.equal(new URL(as[name]).origin, server.origin, name)
    }
    assert.deepEqual(as.response_types_supported, ['code'])
    assert.deepEqual(as.subject_types_supported, ['public'])
    assert.deepEqual(as.code_challenge_methods_supported, ['S256'])
    assert.equal(as.authorization_response_iss_parameter_supported, true)
    const includes = (field, ...values) => {
      for (const value of values) assert.ok(as[field]?.includes(value), `${field} lacks ${value}: ${as[field]}`)
    }
    includes('scopes_supported', 'openid', 'profile', 'email', 'offline_access')
    includes('grant_types_supported', 'authorization_code', 'refresh_token', 'client_credentials')
    includes('grant_types_supported', 'urn:ietf:params:oauth:grant-type:token-exchange')
    includes('response_modes_supported', 'query', 'form_post')
    includes('id_token_signing_alg_values_supported', 'RS256', 'ES256', 'EdDSA')
    includes('token_endpoint_auth_methods_supported', 'client_secret_basic', 'client_secret_post', 'none')
    includes('prompt_values_supported', 'none', 'login', 'consent', 'select_account')
    includes('claims_supported', 'sub', 'iss', 'auth_time', 'name', 'preferred_username', 'picture', 'email')
  })

  test('every endpoint of the document exists', async () => {
    const as = await (await fetch(`${server.issuer}/.well-known/openid-configuration`)).json()
    for (const [name, url] of Object.entries(as).filter(([name]) => /_(endpoint|uri)$/.test(name))) {
      const [get, post] = await Promise.all([fetch(url), fetch(url, { method: 'POST' })])
      assert.ok(get.status !== 404 || post.status !== 404, `${name} ${url} is 404`)
    }
  })

  test('keys are public halves only, each with kid, alg and use, cacheable by anyone', async () => {
    const answer = await fetch(`${server.issuer}/.well-known/jwks.json`)
    assert.equal(answer.headers.get('access-control-allow-origin'), '*')
    assert.match(answer.headers.get('cache-control'), /public, max-age=\d+/)
    const { keys } = await answer.json()
    for (const key of keys) {
      assert.ok(key.kid && key.alg && key.use === 'sig', JSON.stringify(key))
      for (const half of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k']) assert.ok(!(half in key), `${half} is published`)
    }
    assert.equal(new Set(keys.map((key) => key.kid)).size, keys.length)
    assert.ok(keys.some((key) => key.kty === 'RSA' && key.alg === 'RS256'))
  })

  test('webfinger leads to the issuer', async () => {
    const resource = `acct:ada@${new URL(server.issuer).host}`
    const answer = await fetch(`${server.issuer}/.well-known/webfinger?resource=${encodeURIComponent(resource)}`)
    assert.equal(answer.status, 200)
    const { subject, links } = await answer.json()
    assert.equal(subject, resource)
    assert.deepEqual(links, [{ rel: 'http://openid.net/specs/connect/1.0/issuer', href: server.issuer }])
    assert.equal((await fetch(`${server.issuer}/.well-known/webfinger`)).status, 400)
  })

  test('the operations listener answers on its own port', async () => {
    for (const path of ['livez', 'readyz', 'metrics']) {
      assert.equal((await fetch(`http://${server.ops}/${path}`)).status, 200, path)
      assert.equal((await fetch(`${server.issuer}/${path}`)).status, 404, `${path} on the public port`)
    }
  })
})
