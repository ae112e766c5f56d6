// The app: a backend that makes sessions, and a page on an origin of its own that opens the widget in a real browser.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { devices } from 'playwright-core'
import { App } from '../../sdk/packages/connect/src/server/index.js'
import { startChrome } from '../lib/chrome.js'
import { Linking } from '../lib/linking.js'

export const CALENDAR = 'fake-calendar'
export const CHAT = 'fake-chat'
export const PHONE = devices['iPhone 13']
const DESKTOP = { viewport: { width: 1280, height: 900 } }
const PATIENCE_MS = 15_000

/** The published package, as npm installs it. */
export const published = readFileSync(
  createRequire(import.meta.url).resolve('@alter-ai/connect').replace(/[^/]+$/, 'alter-connect.umd.js'),
  'utf8',
)

export class Stage {
  #server
  #rooms = []

  static async open() {
    const stage = new Stage()
    try {
      stage.world = await Linking.open()
      stage.backend = new App({ issuer: stage.world.issuer, appKey: stage.world.key })
      stage.chrome = await startChrome()
      stage.#server = createServer((request, answer) => stage.#serve(request, answer))
      await new Promise((found) => stage.#server.listen(0, '127.0.0.1', found))
      stage.origin = `http://127.0.0.1:${stage.#server.address().port}`
      return stage
    } catch (failure) {
      await stage.close()
      throw failure
    }
  }

  async close() {
    await this.chrome?.close()
    this.#server?.close()
    this.#server?.closeAllConnections()
    await this.world?.close()
  }

  /** Between two tests: everybody leaves, and the provider is as it was. */
  async clear() {
    await Promise.all(this.#rooms.splice(0).map((room) => room.close()))
    await this.world.fake.reset()
  }

  /** Somebody who is signed in, with the app's page before them: the published widget, or our own. */
  async visitor({ widget = 'published', on = DESKTOP, debug = false } = {}) {
    const person = await this.world.person()
    const context = await this.chrome.newContext(on)
    this.#rooms.push(context)
    await context.addCookies(person.browser.cookies)
    const page = await context.newPage()
    page.setDefaultTimeout(PATIENCE_MS)
    const visitor = new Visitor(this, person, context, page)
    page.on('pageerror', (failure) => visitor.complaints.push(failure.message))
    await page.goto(`${this.origin}/app?widget=${widget}${debug ? '&debug' : ''}`)
    return visitor
  }

  /** What the app's backend does before its page opens the widget. */
  async session(person, options = {}) {
    return this.backend.createConnectSession({
      allowedProviders: [CALENDAR],
      allowedOrigin: this.origin,
      returnUrl: `${this.origin}/app?back&widget=${options.widget ?? 'published'}`,
      userToken: person.userToken,
      ...options,
    })
  }

  #serve(request, answer) {
    const url = new URL(request.url, this.origin)
    const send = (type, body) => answer.writeHead(200, { 'content-type': type }).end(body)
    if (url.pathname === '/published.js') return send('text/javascript', published)
    if (url.pathname === '/app') return send('text/html; charset=utf-8', appPage(this.world.issuer, url.searchParams))
    answer.writeHead(204).end()
  }
}

function appPage(issuer, query) {
  const script = query.get('widget') === 'own' ? `${issuer}/sdk/js/alter-connect.umd.js` : '/published.js'
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>The app</title><button id="go">Connect</button><script src="${script}"></script><script>
  window.log = []
  const note = (kind) => (value, more) => log.push(more === undefined ? [kind, value] : [kind, value, more])
  const callbacks = { onSuccess: note('success'), onError: note('error'), onExit: () => log.push(['exit']), onEvent: note('event') }
  // What the published package says to itself before anybody can listen.
  Object.defineProperty(AlterConnect.prototype, 'eventEmitter', {
    set(bus) {
      const emit = bus.emit.bind(bus)
      bus.emit = (name, value) => (log.push(['bus', name, value]), emit(name, value))
      Object.defineProperty(this, 'eventEmitter', { value: bus, writable: true })
    },
  })
  window.arrived = location.href
  window.make = () => AlterConnect.create({ ${query.get('widget') === 'own' ? '...callbacks' : ''} })
  window.widget = make()
  window.open_ = (token, base, one = widget) => one.open({ token, baseURL: base, ...callbacks })
  document.getElementById('go').onclick = () => open_(window.token, window.base).catch((failure) => log.push(['rejected', failure.code, failure.message]))
</script></html>`
}

class Visitor {
  /** What went wrong on the app's page itself. */
  complaints = []

  constructor(stage, person, context, page) {
    Object.assign(this, { stage, person, context, page })
  }

  /** Presses the app's button: the window that opens. */
  async opens({ sessionToken }, base = this.stage.world.issuer) {
    await this.#prepare(sessionToken, base)
    const [popup] = await Promise.all([this.page.waitForEvent('popup'), this.page.click('#go')])
    popup.setDefaultTimeout(PATIENCE_MS)
    return popup
  }

  /** Presses the app's button, and the page itself leaves. */
  async leaves({ sessionToken }) {
    await this.#prepare(sessionToken, this.stage.world.issuer)
    await Promise.all([this.page.waitForURL(/\/sdk\/oauth\/connect/), this.page.click('#go')])
    return this.page
  }

  async #prepare(token, base) {
    await this.page.evaluate(([token, base]) => Object.assign(window, { token, base, log: [] }) && undefined, [token, base])
  }

  /** The first entry of this kind that the app's page has noted. */
  async hears(kind) {
    const handle = await this.page.waitForFunction((kind) => log.find(([own]) => own === kind), kind)
    return handle.jsonValue()
  }

  async log() {
    return this.page.evaluate(() => log)
  }

  async names() {
    return (await this.log()).filter(([kind]) => kind === 'event').map(([, name]) => name)
  }

  fine() {
    assert.deepEqual(this.complaints, [])
  }
}

export const press = (page, name) => page.getByRole('button', { name }).click()
