// A browser without a screen: cookies, redirects and forms, no scripts.
//
// Promise: it follows redirects on the issuer's origin only. A redirect or a form that leaves the issuer ends the walk,
// so a test sees exactly what the client would have been sent.

import { load } from 'cheerio'

const MOST_REDIRECTS = 10

export class Browser {
  #cookies = new Map()

  constructor(issuer) {
    this.issuer = issuer
    this.origin = new URL(issuer).origin
  }

  /** Walks to a page of the issuer (`Page`) or out of it (`Departure`). */
  async open(url, init = {}) {
    let place = new URL(url, this.origin)
    let request = { method: 'GET', ...init }
    for (let step = 0; step < MOST_REDIRECTS; step += 1) {
      if (place.origin !== this.origin) return new Departure(place)
      const answer = await this.send(place, request)
      const location = answer.headers.get('location')
      if (answer.status < 300 || answer.status > 399 || !location) {
        return new Page(this, place, answer, await answer.text())
      }
      await answer.arrayBuffer()
      place = new URL(location, place)
      if (![307, 308].includes(answer.status)) request = { method: 'GET' }
    }
    throw new Error(`more than ${MOST_REDIRECTS} redirects, at last to ${place}`)
  }

  /** One request with this browser's cookies; redirects are not followed. */
  async send(url, { method = 'GET', headers = {}, body } = {}) {
    const place = new URL(url, this.origin)
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const answer = await fetch(place, {
      method,
      body,
      redirect: 'manual',
      headers: {
        ...(cookie && place.origin === this.origin ? { cookie } : {}),
        ...(method === 'GET' ? {} : { origin: this.origin }),
        ...headers,
      },
    })
    for (const line of answer.headers.getSetCookie()) this.#keep(line)
    return answer
  }

  /** One JSON request to the issuer's own API. */
  async post(path, body) {
    const answer = await this.send(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    const text = await answer.text()
    if (answer.status !== 200) throw new Error(`POST ${path}: ${answer.status} ${text}`)
    return JSON.parse(text)
  }

  get cookieNames() {
    return [...this.#cookies.keys()]
  }

  /** The cookies, for another browser to go on with. */
  get cookies() {
    return [...this.#cookies].map(([name, value]) => ({ name, value, url: this.origin }))
  }

  #keep(line) {
    const [pair, ...attributes] = line.split(';').map((part) => part.trim())
    const name = pair.slice(0, pair.indexOf('='))
    const value = pair.slice(pair.indexOf('=') + 1)
    const age = attributes.find((attribute) => /^max-age=/i.test(attribute))
    if (value === '' || (age && Number(age.slice(8)) <= 0)) this.#cookies.delete(name)
    else this.#cookies.set(name, value)
  }
}

/** Where the issuer sent the browser: a redirect to a client, with a body when a form was posted there. */
export class Departure {
  constructor(url, body) {
    this.url = url
    this.body = body
    this.answer = body ?? url.searchParams
  }

  /** What the client's own server receives. */
  get request() {
    if (!this.body) return new Request(this.url)
    return new Request(this.url, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: this.body.toString(),
    })
  }
}

export class Page {
  #browser
  #find

  constructor(browser, url, answer, html) {
    this.#browser = browser
    this.url = url
    this.status = answer.status
    this.headers = answer.headers
    this.html = html
    this.#find = load(html, { scriptingEnabled: false })
  }

  get text() {
    return this.#find('main').text().replace(/\s+/g, ' ').trim() || this.html
  }

  has(selector) {
    return this.#find(selector).length > 0
  }

  /** Follows the link with this text. */
  async follow(text) {
    const link = this.#one('a[href]', (one) => text.test(one.text().trim()), `link ${text}`)
    return this.#browser.open(new URL(link.attr('href'), this.url))
  }

  /** Presses the button with this caption. */
  async press(caption) {
    const button = this.#one('form button', (one) => caption.test(one.text().trim()), `button ${caption}`)
    const name = button.attr('name')
    return this.#submit(button.closest('form'), name ? { [name]: button.attr('value') ?? '' } : {})
  }

  /** Sends the form that has the controls named in `chosen`, with these values in them; `null` leaves one out, as an empty checkbox is. */
  async send(chosen) {
    const isMeant = (form) => Object.keys(chosen).every((name) => form.find(`[name="${name}"]`).length > 0)
    return this.#submit(this.#one('form', isMeant, `form with ${Object.keys(chosen)}`), chosen)
  }

  /** Sends the form that leads out of the issuer (`response_mode=form_post`). */
  async leave() {
    const isOutward = (form) => new URL(form.attr('action') ?? '', this.url).origin !== this.#browser.origin
    return this.#submit(this.#one('form', isOutward, 'form that leaves the issuer'), {})
  }

  #one(selector, isMeant, what) {
    const found = this.#find(selector).toArray().map((node) => this.#find(node)).find(isMeant)
    if (!found) throw new Error(`no ${what} on ${this.url} (${this.status}):\n${this.text}`)
    return found
  }

  /** Sends a form as a browser does without scripts: what it holds, what was chosen, the button that was pressed. */
  async #submit(form, chosen) {
    const fields = new URLSearchParams()
    const held = form.serializeArray().filter(({ name }) => !(name in chosen))
    for (const { name, value } of held) fields.append(name, value)
    for (const [name, value] of Object.entries(chosen)) if (value !== null) fields.append(name, value)

    const target = new URL(form.attr('action') || this.url, this.url)
    if ((form.attr('method') ?? 'get').toLowerCase() === 'get') {
      target.search = fields.toString()
      return this.#browser.open(target)
    }
    if (target.origin !== this.#browser.origin) return new Departure(target, fields)
    return this.#browser.open(target, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: fields.toString(),
    })
  }
}
