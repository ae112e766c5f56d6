// The hosted page as people get it: wide and narrow, light and dark, under the rules of axe-core. Pictures land in `results/`.

import assert from 'node:assert/strict'
import { mkdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { after, afterEach, before, beforeEach, describe, test } from 'node:test'
import { room } from '../lib/python.js'
import { CALENDAR, CHAT, press, Stage } from './app.js'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const shots = `${room}results/`
// The window that the widget opens, and the narrowest phone.
const SIZES = { window: { width: 500, height: 700 }, phone: { width: 320, height: 640 } }

describe('the pages of Connect', () => {
  let stage
  let visitor
  before(async () => {
    mkdirSync(shots, { recursive: true })
    stage = await Stage.open()
  })
  beforeEach(async () => (visitor = await stage.visitor()))
  afterEach(() => stage.clear())
  after(() => stage?.close())

  const looks = async (options, name, deed) => {
    const popup = await visitor.opens(await stage.session(visitor.person, options))
    await popup.locator('form').first().waitFor()
    await deed?.(popup)
    await survey(popup, name)
    return popup
  }

  test('one service, with its scopes', async () => {
    await looks({ requiredScopes: { [CALENDAR]: ['calendar.read', 'calendar.write'] } }, 'scopes')
  })

  test('several services, before and after one of them', async () => {
    const popup = await looks({ allowedProviders: [CALENDAR, CHAT] }, 'services')
    await popup.getByRole('link', { name: /Fake chat/ }).click()
    await press(popup, 'Continue')
    await popup.getByRole('button', { name: 'Done' }).waitFor()
    await survey(popup, 'services-one-done')
  })

  test('an account that is linked already, with an agent', async () => {
    const agent = await stage.backend.agents.create({ name: 'Calendar helper', scopes: { [CALENDAR]: ['calendar.read'] } })
    const popup = await visitor.opens(await stage.session(visitor.person))
    await press(popup, 'Continue')
    await visitor.hears('success')
    await looks({ agent: agent.id, delegable: true }, 'linked-agent')
  })

  test('a person of whom only the app knows', async () => {
    await looks({ userToken: await stage.world.own.vouches({ sub: 'customer-7' }) }, 'stranger')
  })

  test('a service that failed', async () => {
    await stage.world.fake.faults({ error: 'server_error', status_on: 'authorize' })
    await looks({ allowedProviders: [CALENDAR, CHAT], switchAccount: true }, 'services-failed', async (popup) => {
      await popup.getByRole('link', { name: /Fake chat/ }).click()
      await press(popup, 'Continue')
      await popup.getByText(/did not work/).first().waitFor()
    })
  })

  test('a link that is not whole', async () => {
    const popup = await visitor.opens({ sessionToken: 'sess_nothing' })
    await popup.getByRole('heading', { name: 'This did not work' }).waitFor()
    await popup.getByText('This link is not whole.').waitFor()
    await survey(popup, 'open-broken')
  })

  test('the end, when nobody waits for it: linked, and not', async () => {
    for (const [name, button, heading] of [['end', /Continue|Use this account/, 'Connected'], ['end-no', 'Cancel', 'Nothing was connected']]) {
      const { connectUrl } = await stage.session(visitor.person, { returnUrl: undefined })
      const page = await visitor.context.newPage()
      await page.goto(connectUrl)
      await page.getByRole('button', { name: button }).first().click()
      await page.getByRole('heading', { name: heading }).waitFor()
      await survey(page, name)
      await page.close()
    }
  })
})

/** Four looks at a page as it stands. */
async function survey(page, name) {
  await page.waitForLoadState()
  for (const [width, size] of Object.entries(SIZES)) {
    for (const colorScheme of ['light', 'dark']) {
      await page.setViewportSize(size)
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
      await page.evaluate(() => document.fonts.ready.then(() => true))
      await page.screenshot({ path: `${shots}${name}-${width}-${colorScheme}.png`, fullPage: true, animations: 'disabled' })
      const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
      assert.ok(over <= 0, `${name}, ${width}: scrolls sideways by ${over} px`)
      await page.evaluate(axe)
      const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }))
      const told = violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html.slice(0, 160)).join(' | ')}`)
      assert.deepEqual(told, [], `${name}, ${width}, ${colorScheme}`)
    }
  }
}
