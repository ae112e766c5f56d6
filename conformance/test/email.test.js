// Scope `email`: an address is granted only when its owner has proven it.

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import * as openid from 'openid-client'
import { app, CALLBACK, manifest } from '../lib/manifest.js'
import { Person } from '../lib/person.js'
import { PostOffice } from '../lib/post-office.js'
import { startServer } from '../lib/server.js'

const client = app('mail')

describe('scope email', () => {
  let server
  let office
  let config
  before(async () => {
    office = await PostOffice.open()
    server = await startServer({ manifest: manifest([client]), settings: { PROCURA_SMTP_URL: office.url } })
    config = await openid.discovery(new URL(server.issuer), client.client_id, undefined, openid.ClientSecretBasic(client.client_secret), {
      execute: [openid.allowInsecureRequests, openid.enableNonRepudiationChecks],
    })
  })
  after(async () => {
    await server?.stop()
    await office?.close()
  })

  test('the consent page offers to add one; the code in the mail proves it; ID token and userinfo carry it', async () => {
    const person = await Person.registers(server)
    const url = openid.buildAuthorizationUrl(config, { redirect_uri: CALLBACK, scope: 'openid email', state: 's' })
    const consent = await person.browser.open(url)
    const add = await consent.follow(/e-mail address/)
    const asked = await add.send({ email: 'ada@moreau.example' })
    const mail = await office.mailTo('ada@moreau.example')
    const [code] = /\b\d{6}\b/.exec(mail.text)

    const wrong = await asked.send({ code: code === '000000' ? '111111' : '000000' })
    const again = await wrong.send({ code })
    assert.match(again.text, /ada@moreau\.example/)
    const departure = await again.send({ decision: 'allow' })

    const tokens = await openid.authorizationCodeGrant(config, departure.url, { expectedState: 's', idTokenExpected: true })
    assert.equal(tokens.scope.split(' ').sort().join(' '), 'email openid')
    assert.equal(tokens.claims().email, 'ada@moreau.example')
    assert.equal(tokens.claims().email_verified, true)
    assert.equal(tokens.user.email, 'ada@moreau.example')
    const info = await openid.fetchUserInfo(config, tokens.access_token, tokens.claims().sub)
    assert.equal(info.email, 'ada@moreau.example')
    assert.equal(info.email_verified, true)
    assert.equal(info.name, undefined)
  })

  test('without one, the person may go on, and the answer says that email was not granted', async () => {
    const person = await Person.registers(server)
    const url = openid.buildAuthorizationUrl(config, { redirect_uri: CALLBACK, scope: 'openid email', state: 's' })
    const departure = await person.allows(url)
    const tokens = await openid.authorizationCodeGrant(config, departure.url, { expectedState: 's', idTokenExpected: true })
    assert.equal(tokens.scope, 'openid')
    assert.ok(!('email' in tokens.claims()) && !('email_verified' in tokens.claims()))
    const info = await openid.fetchUserInfo(config, tokens.access_token, tokens.claims().sub)
    assert.deepEqual(Object.keys(info).filter((name) => name.startsWith('email')), [])
  })

  test('a refresh that repeats the original request gets what was granted', async () => {
    const person = await Person.registers(server)
    const scope = 'openid email offline_access'
    const departure = await person.allows(openid.buildAuthorizationUrl(config, { redirect_uri: CALLBACK, scope, state: 's' }))
    const tokens = await openid.authorizationCodeGrant(config, departure.url, { expectedState: 's' })
    const next = await openid.refreshTokenGrant(config, tokens.refresh_token, { scope })
    assert.equal(next.scope.split(' ').sort().join(' '), 'offline_access openid')
    await assert.rejects(openid.refreshTokenGrant(config, next.refresh_token, { scope: 'openid profile' }), (failure) => {
      assert.equal(failure.error, 'invalid_scope')
      return true
    })
  })
})
