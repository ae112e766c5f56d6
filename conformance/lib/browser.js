// A browser without a screen: cookies, redirects and forms, no scripts.
//
// Promise: it follows redirects on the issuer's origin only. A redirect or a form that leaves the issuer ends the walk,
// so a test sees exactly what the client would have been sent.

import { parse } from 'node-html-parser'

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

  constructor(browser, url, answer, html) {
    this.#browser = browser
    this.url = url
    this.status = answer.status
    this.headers = answer.headers
    this.html = html
    this.document = parse(html)
  }

  get heading() {
    return this.document.querySelector('h1')?.textContent.trim()
  }

  get text() {
    return this.document.querySelector('main')?.textContent.replace(/\s+/g, ' ').trim() ?? this.html
  }

  /** The form that has a control of this name. */
  form(control) {
    const form = this.document.querySelectorAll('form').find((one) => one.querySelector(`[name="${control}"]`))
    if (!form) throw new Error(`no form with ${control} on ${this.url} (${this.status}):\n${this.text}`)
    return form
  }

  /** Follows the link with this text. */
  async follow(text) {
    const link = this.document.querySelectorAll('a[href]').find((one) => text.test(one.textContent.trim()))
    if (!link) throw new Error(`no link ${text} on ${this.url} (${this.status}):\n${this.text}`)
    return this.#browser.open(new URL(link.getAttribute('href'), this.url))
  }

  /** Presses the button with this caption. */
  async press(caption) {
    const button = this.document.querySelectorAll('form button').find((one) => caption.test(one.textContent.trim()))
    if (!button) throw new Error(`no button ${caption} on ${this.url} (${this.status}):\n${this.text}`)
    const name = button.getAttribute('name')
    return this.submit(button.closest('form'), name ? { [name]: button.getAttribute('value') ?? '' } : {})
  }

  /** Sends a form as a browser does without scripts: what it holds, what was chosen, the button that was pressed. */
  async submit(form, chosen = {}) {
    const fields = new URLSearchParams()
    for (const control of form.querySelectorAll('input, select, textarea')) {
      const name = control.getAttribute('name')
      if (!name || name in chosen || control.hasAttribute('disabled')) continue
      if (control.tagName === 'SELECT') {
        const options = control.querySelectorAll('option')
        const option = options.find((one) => one.hasAttribute('selected')) ?? options[0]
        if (option) fields.append(name, option.getAttribute('value') ?? option.textContent)
        continue
      }
      const type = control.getAttribute('type') ?? 'text'
      if (['submit', 'button', 'reset'].includes(type)) continue
      if (['checkbox', 'radio'].includes(type) && !control.hasAttribute('checked')) continue
      fields.append(name, control.tagName === 'TEXTAREA' ? control.textContent : (control.getAttribute('value') ?? ''))
    }
    for (const [name, value] of Object.entries(chosen)) fields.append(name, value)

    const target = new URL(form.getAttribute('action') || this.url, this.url)
    const method = (form.getAttribute('method') ?? 'get').toUpperCase()
    if (method === 'GET') {
      target.search = fields.toString()
      return this.#browser.open(target)
    }
    if (target.origin !== this.#browser.origin) return new Departure(target, fields)
    return this.#browser.open(target, {
      method,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: fields.toString(),
    })
  }
}
