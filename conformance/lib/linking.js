// An app whose backend speaks Connect, with everything around it: the server, the fake provider, an identity provider of the app's own.

import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import * as jose from 'jose'
import * as openid from 'openid-client'
import { Departure, Page } from './browser.js'
import { FakeProvider } from './fake.js'
import { app, CALLBACK, manifest } from './manifest.js'
import { Person } from './person.js'
import { startServer } from './server.js'

/** Where the app lives as the server knows it; nothing listens there. */
export const WEBSITE = 'https://client.test'
const AUDIENCE = 'desk'

/** People that only the app knows, and who vouches for them. */
class OwnIssuer {
  #server
  #key

  static async open() {
    const issuer = new OwnIssuer()
    const { publicKey, privateKey } = await jose.generateKeyPair('ES256')
    issuer.#key = privateKey
    const keys = { keys: [{ ...(await jose.exportJWK(publicKey)), kid: 'one', alg: 'ES256', use: 'sig' }] }
    issuer.#server = createServer((_, answer) => {
      answer.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(keys))
    })
    await new Promise((found) => issuer.#server.listen(0, '127.0.0.1', found))
    issuer.host = `127.0.0.1:${issuer.#server.address().port}`
    issuer.url = `http://${issuer.host}`
    return issuer
  }

  /** A JWT about a person of the app. */
  async vouches({ sub, audience = AUDIENCE, expires = '10m', ...claims }) {
    return new jose.SignJWT(claims)
      .setProtectedHeader({ alg: 'ES256', kid: 'one' })
      .setIssuer(this.url)
      .setAudience(audience)
      .setSubject(sub)
      .setIssuedAt(Math.floor(Date.now() / 1000) - 60)
      .setExpirationTime(expires)
      .sign(this.#key)
  }

  close() {
    this.#server.close()
    this.#server.closeAllConnections()
  }
}

export class Linking {
  static async open() {
    const world = new Linking()
    try {
      world.fake = await FakeProvider.open()
      world.own = await OwnIssuer.open()
      world.client = app('desk', { name: 'Suite Desk', website_url: WEBSITE })
      // One keeps its tokens to itself; the calls of another are judged by rules.
      const apps = [world.client, app('careful', { hand_out_tokens: false }), app('judged', { website_url: WEBSITE })]
      const host = new URL(world.fake.url).host
      world.server = await startServer({
        settings: { PROCURA_FAKE_PROVIDER: world.fake.url, PROCURA_EGRESS_ALLOW: `${world.own.host},${host}` },
      })
      // The classic form of a key, which an operator brings along from before.
      world.classicKey = `alter_key_${randomBytes(30).toString('base64url')}`
      const keys = [key('backend', 'desk'), key('careful', 'careful', `value = "${world.classicKey}"\n`), key('judged', 'judged')]
      world.values = await world.server.apply([manifest(apps), ...keys, issuerOf(world.own), RULES, secretAt(host)].join('\n'))
      world.issuer = world.server.issuer
      world.key = world.values['app_key.backend.value']
      return world
    } catch (failure) {
      await world.close()
      throw failure
    }
  }

  async close() {
    await this.server?.stop()
    await this.fake?.close()
    this.own?.close()
  }

  /** Somebody with an account here, and the tokens that the app has of them. */
  async person() {
    const person = await Person.registers(this.server)
    const config = await openid.discovery(
      new URL(this.issuer),
      this.client.client_id,
      this.client.client_secret,
      openid.ClientSecretBasic(this.client.client_secret),
      { execute: [openid.allowInsecureRequests] },
    )
    const pkceCodeVerifier = openid.randomPKCECodeVerifier()
    const departure = await person.allows(
      openid.buildAuthorizationUrl(config, {
        redirect_uri: CALLBACK,
        scope: 'openid profile',
        code_challenge: await openid.calculatePKCECodeChallenge(pkceCodeVerifier),
        code_challenge_method: 'S256',
      }),
    )
    const tokens = await openid.authorizationCodeGrant(config, departure.url, { pkceCodeVerifier, idTokenExpected: true })
    person.userToken = tokens.access_token_jwt
    person.idToken = tokens.id_token
    return person
  }
}

/** The person signs in for a backend without pages. */
export async function signsIn(person, authUrl, decision = 'allow') {
  const { browser } = person
  const url = new URL(authUrl)
  const token = new URLSearchParams(url.hash.slice(1)).get('session')
  url.hash = ''
  await browser.open(url)
  const { next } = await browser.post('/sdk/auth/open', { session_token: token, has_opener: false })
  const page = await browser.open(next)
  return page.send({ decision })
}

/** The person looks at a call that waits for them, and allows it with their passkey, or denies it. */
export async function decides(person, approvalUrl, decision) {
  const { browser, passkey } = person
  const page = await browser.open(approvalUrl)
  if (decision === 'deny') return page.send({ decision })
  const { id } = /\/approvals\/(?<id>[^/?]+)/.exec(page.url.pathname).groups
  const { digest } = /data-digest="(?<digest>[^"]+)"/.exec(page.html).groups
  const { authSessionId, authOptions } = await browser.post(`/api/approvals/${id}/start`, { digest })
  await browser.post(`/api/approvals/${id}/approve`, { authSessionId, credential: passkey.get(authOptions), digest })
  return browser.open(approvalUrl)
}

/** Opens a session's page in a browser without scripts, as its script would: a `Page`, or a `Departure` to the app. */
export async function opens(browser, connectUrl, { hasOpener = false } = {}) {
  const url = new URL(connectUrl)
  const token = new URLSearchParams(url.hash.slice(1)).get('session')
  url.hash = ''
  const first = await browser.open(url)
  if (first.status !== 200) return first
  const { next, error, sentence } = await browser.post('/sdk/oauth/connect/open', { session_token: token, has_opener: hasOpener })
  if (!next) throw new Error(`${error}: ${sentence}`)
  return browser.open(next)
}

/** Answers the page of a session, one answer for each time it asks. An answer names a `service` where there are several, what
 *  is pressed (`decision`), and what else is filled in. Whoever is sent to the provider comes back by its redirect. */
export async function answers(browser, page, all = [{}]) {
  for (const { service, decision = 'continue', ...fields } of all) {
    if (!(page instanceof Page)) throw new Error(`the page is left already, to ${page.url}`)
    if (service) page = await browser.open(`${page.url.pathname}?service=${service}`)
    page = await page.send({ decision, ...fields })
    if (page instanceof Departure && page.url.origin !== WEBSITE) page = await returns(browser, page)
  }
  return page
}

/** The provider asks nobody, and sends the browser back. */
export async function returns(browser, departure) {
  const answer = await fetch(departure.url, { redirect: 'manual' })
  const back = answer.headers.get('location')
  if (!back) throw new Error(`the provider keeps the browser: ${answer.status} ${await answer.text()}`)
  return browser.open(back)
}

function key(name, app, more = '') {
  return `[[app_key]]\nkey = "${name}"\napp = "${app}"\n${more}`
}

function issuerOf(own) {
  const lines = {
    app: 'desk', issuer: own.url, audience: AUDIENCE, jwks_uri: `${own.url}/jwks`, email_claim: 'email', groups_claim: 'groups',
  }
  return `[[identity_issuer]]\n${Object.entries(lines).map(([name, value]) => `${name} = "${value}"\n`).join('')}`
}

const RULES = [
  ['require_approval', 'DELETE /calendar/v3/events/**'],
  ['deny', 'PUT /calendar/**'],
  ['limit', 'GET /calendar/v3/events', 'times = 2\nper_secs = 3600\n'],
].map(([kind, match, more = '']) => `[[policy]]\napp = "judged"\nprovider = "fake-calendar"\nkind = "${kind}"\nmatch = ["${match}"]\n${more}`).join('')

/** A secret of the company that owns the app. */
export const SECRET = 'weather-secret-0123456789'

function secretAt(host) {
  return `[[managed_secret]]\nslug = "weather"\napp = "desk"\nname = "Weather"\ninject = "header:X-Weather-Key"\nhosts = ["${host}"]\ncredential = "${SECRET}"\n`
}
