// The raw HTTP of the guide for confidential clients, byte for byte, and the JSON that goes with it.

import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { connect } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { app, CALLBACK, manifest } from '../lib/manifest.js'
import { Person } from '../lib/person.js'
import { startServer } from '../lib/server.js'

const client = app('server')
const spa = app('spa', { type: 'public' })

describe('the raw requests of the guide', () => {
  let server
  let person
  before(async () => {
    server = await startServer({ manifest: manifest([client, spa]) })
    person = await Person.registers(server)
  })
  after(() => server?.stop())

  test('code exchange with the secret, without PKCE', async () => {
    const code = await authorize(client)
    const { status, headers, body } = await raw(`POST /api/oauth/token HTTP/1.1
Host: ${new URL(server.issuer).host}
Content-Type: application/json

{
  "grantType": "authorization_code",
  "code": "${code}",
  "redirectUri": "${CALLBACK}",
  "clientId": "${client.client_id}",
  "clientSecret": "${client.client_secret}"
}`)
    assert.equal(status, 200, JSON.stringify(body))
    assert.equal(headers['cache-control'], 'no-store')
    assert.match(headers['content-type'], /^application\/json/)
    assert.equal(body.token_type, 'Bearer')
    assert.equal(body.expires_in, 3600)
    for (const name of ['access_token', 'access_token_jwt', 'id_token', 'refresh_token', 'scope']) {
      assert.equal(typeof body[name], 'string', name)
    }
    assert.equal(body.user.id, person.identity.id)
    assert.equal(body.user.avatarUrl, null)
  })

  test('code exchange with the secret and PKCE: both are checked', async () => {
    const verifier = randomBytes(32).toString('base64url')
    const ask = async (fields) => post({ grantType: 'authorization_code', redirectUri: CALLBACK, clientId: client.client_id, ...fields })
    const { client_secret: clientSecret } = client

    const both = await ask({ code: await authorize(client, verifier), clientSecret, codeVerifier: verifier })
    assert.equal(both.status, 200, JSON.stringify(both.body))
    const noVerifier = await ask({ code: await authorize(client, verifier), clientSecret })
    assert.deepEqual([noVerifier.status, noVerifier.body.error], [400, 'invalid_request'])
    const badVerifier = await ask({ code: await authorize(client, verifier), clientSecret, codeVerifier: 'x'.repeat(43) })
    assert.deepEqual([badVerifier.status, badVerifier.body.error], [400, 'invalid_grant'])
    const noSecret = await ask({ code: await authorize(client, verifier), codeVerifier: verifier })
    assert.deepEqual([noSecret.status, noSecret.body.error], [401, 'invalid_client'])
    const badSecret = await ask({ code: await authorize(client, verifier), clientSecret: 'wrong', codeVerifier: verifier })
    assert.deepEqual([badSecret.status, badSecret.body.error], [401, 'invalid_client'])
  })

  test('a public client exchanges with its verifier alone', async () => {
    const codeVerifier = randomBytes(32).toString('base64url')
    const code = await authorize(spa, codeVerifier)
    const fields = { grantType: 'authorization_code', code, redirectUri: CALLBACK, clientId: spa.client_id, codeVerifier }
    const { status, body } = await post(fields)
    assert.equal(status, 200, JSON.stringify(body))
  })

  test('refresh: new tokens each time, the old one is invalid_grant at once', async () => {
    const secret = { clientId: client.client_id, clientSecret: client.client_secret }
    const first = await post({ grantType: 'authorization_code', code: await authorize(client), redirectUri: CALLBACK, ...secret })
    const refresh = (refreshToken) => post({ grantType: 'refresh_token', refreshToken, ...secret })
    const second = await refresh(first.body.refresh_token)
    assert.equal(second.status, 200, JSON.stringify(second.body))
    for (const name of ['access_token', 'access_token_jwt', 'id_token', 'refresh_token']) {
      assert.equal(typeof second.body[name], 'string', name)
      assert.notEqual(second.body[name], first.body[name], name)
    }
    assert.equal(typeof second.body.scope, 'string')
    const reuse = await refresh(first.body.refresh_token)
    assert.deepEqual([reuse.status, reuse.body.error], [400, 'invalid_grant'])
    assert.match(reuse.body.error_description, /^Invalid refresh token/)
  })

  test('parallel refreshes with one token share one answer, and nobody is signed out', async () => {
    const secret = { clientId: client.client_id, clientSecret: client.client_secret }
    const first = await post({ grantType: 'authorization_code', code: await authorize(client), redirectUri: CALLBACK, ...secret })
    const refresh = (refreshToken) => post({ grantType: 'refresh_token', refreshToken, ...secret })
    const answers = await Promise.all(Array.from({ length: 6 }, () => refresh(first.body.refresh_token)))
    const granted = answers.filter((answer) => answer.status === 200)
    assert.ok(granted.length >= 1)
    assert.equal(new Set(granted.map((answer) => answer.body.refresh_token)).size, 1)
  })

  test('client_credentials in camelCase', async () => {
    const { status, body } = await post({
      grantType: 'client_credentials',
      clientId: client.client_id,
      clientSecret: client.client_secret,
    })
    assert.equal(status, 200, JSON.stringify(body))
    assert.equal(body.token_type, 'Bearer')
    assert.equal(typeof body.access_token, 'string')
    assert.ok(!('id_token' in body) && !('refresh_token' in body))
  })

  test('revocation and introspection read the same JSON', async () => {
    const secret = { clientId: client.client_id, clientSecret: client.client_secret }
    const { body } = await post({ grantType: 'authorization_code', code: await authorize(client), redirectUri: CALLBACK, ...secret })
    const introspect = () => post({ token: body.access_token, ...secret }, '/api/oauth/introspect')
    assert.equal((await introspect()).body.active, true)
    assert.equal((await post({ token: body.access_token, ...secret }, '/api/oauth/revoke')).status, 200)
    assert.deepEqual((await introspect()).body, { active: false })
  })

  describe('what the error reference promises', () => {
    const secret = { clientId: client.client_id, clientSecret: client.client_secret }
    const cases = {
      'no grant type': [{ ...secret }, 400, 'invalid_request'],
      'no code': [{ grantType: 'authorization_code', redirectUri: CALLBACK, ...secret }, 400, 'invalid_request'],
      'no redirect URI': [{ grantType: 'authorization_code', code: 'pac_x', ...secret }, 400, 'invalid_request'],
      'no refresh token': [{ grantType: 'refresh_token', ...secret }, 400, 'invalid_request'],
      'an unknown code': [{ grantType: 'authorization_code', code: 'pac_x', redirectUri: CALLBACK, ...secret }, 400, 'invalid_grant'],
      'an unknown refresh token': [{ grantType: 'refresh_token', refreshToken: 'prt_x', ...secret }, 400, 'invalid_grant'],
      'an unknown grant': [{ grantType: 'password', ...secret }, 400, 'unsupported_grant_type'],
      'an unknown client': [{ grantType: 'refresh_token', refreshToken: 'x', clientId: `app_${'f'.repeat(32)}`, clientSecret: 'y' }, 401, 'invalid_client'],
      'no client': [{ grantType: 'refresh_token', refreshToken: 'x' }, 401, 'invalid_client'],
      'both spellings': [{ grantType: 'refresh_token', refreshToken: 'x', refresh_token: 'x', ...secret }, 400, 'invalid_request'],
      'a number for a string': [{ grantType: 'refresh_token', refreshToken: 7, ...secret }, 400, 'invalid_request'],
    }
    for (const [title, [fields, status, error]] of Object.entries(cases)) {
      test(`${title}: ${status} ${error}`, async () => {
        const answer = await post(fields)
        assert.deepEqual([answer.status, answer.body.error], [status, error], JSON.stringify(answer.body))
        assert.equal(typeof answer.body.error_description, 'string')
      })
    }

    const texts = {
      'malformed JSON': '{"grantType":',
      'a member twice': '{"grantType":"refresh_token","grantType":"refresh_token","refreshToken":"x"}',
      'no object': '["grantType"]',
    }
    for (const [title, text] of Object.entries(texts)) {
      test(`${title}: 400 invalid_request`, async () => {
        const answer = await post(text)
        assert.deepEqual([answer.status, answer.body.error], [400, 'invalid_request'], JSON.stringify(answer.body))
      })
    }
  })

  async function authorize({ client_id }, verifier) {
    const challenge = verifier && createHash('sha256').update(verifier).digest('base64url')
    const departure = await person.allows(
      `/signin?${new URLSearchParams({
        client_id,
        redirect_uri: CALLBACK,
        scope: 'openid profile offline_access',
        state: 'YOUR_STATE',
        ...(verifier ? { code_challenge: challenge, code_challenge_method: 'S256' } : {}),
      })}`,
    )
    assert.equal(departure.answer.get('state'), 'YOUR_STATE')
    return departure.answer.get('code')
  }

  async function post(fields, path = '/api/oauth/token') {
    const answer = await fetch(`${server.issuer}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: typeof fields === 'string' ? fields : JSON.stringify(fields),
    })
    const text = await answer.text()
    return { status: answer.status, body: text ? JSON.parse(text) : undefined }
  }

  /** Writes the text to a socket as it stands, but for the length that HTTP/1.1 needs and CRLF between its lines. */
  async function raw(text) {
    const at = text.indexOf('\n\n')
    const body = text.slice(at + 2)
    const head = `${text.slice(0, at)}\nContent-Length: ${Buffer.byteLength(body)}\nConnection: close\n\n`.replaceAll('\n', '\r\n')
    const { hostname, port } = new URL(`http://${server.listen}`)
    const socket = connect({ host: hostname, port: Number(port) })
    socket.write(head + body)
    let answer = ''
    for await (const part of socket.setEncoding('utf8')) answer += part
    const [status, ...lines] = answer.slice(0, answer.indexOf('\r\n\r\n')).split('\r\n')
    const headers = Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]))
    const payload = answer.slice(answer.indexOf('\r\n\r\n') + 4)
    return { status: Number(status.split(' ')[1]), headers, body: JSON.parse(payload) }
  }
})
