// Somebody with a browser and a passkey.

import { randomBytes } from 'node:crypto'
import { Browser, Page } from './browser.js'
import { SoftPasskey } from './passkey.js'

const DEVICE = { name: 'Conformance suite', type: 'computer', browser: 'none', os: 'none' }

export class Person {
  constructor(server) {
    this.browser = new Browser(server.issuer)
    this.passkey = new SoftPasskey(this.browser.origin)
  }

  static async registers(server, { handle = `p${randomBytes(6).toString('hex')}`, displayName = 'Ada Moreau' } = {}) {
    const person = new Person(server)
    const { browser } = person
    const { options, tempUserId } = await browser.post('/api/register/start', { handle })
    const credential = person.passkey.create(options)
    const identity = { displayName, handle }
    const answer = await browser.post('/api/register/complete', { tempUserId, credential, identity, device: DEVICE })
    person.handle = handle
    person.displayName = displayName
    person.identity = answer.identity
    return person
  }

  async signsIn() {
    const { authSessionId, authOptions } = await this.browser.post('/api/login/start', {})
    const credential = this.passkey.get(authOptions)
    return this.browser.post('/api/login/passkey', { authSessionId, credential, device: DEVICE })
  }

  async signsOut() {
    return this.browser.post('/api/login/logout', {})
  }

  /** Opens an authorization request, answers the consent page if there is one, and comes back at the client.
   *  `chosen` is what else is picked on that page. */
  async allows(url, chosen = {}) {
    return this.#answers(url, { decision: 'allow', ...chosen })
  }

  async denies(url) {
    return this.#answers(url, { decision: 'deny' })
  }

  async #answers(url, chosen) {
    let place = await this.browser.open(url)
    if (place instanceof Page && place.has('[name="decision"]')) place = await place.send(chosen)
    return place instanceof Page ? place.leave() : place
  }
}
