// An account elsewhere: a person links it to Notes, lets the agent of Notes at it call by call, and takes it back.

import { expect, follow, registers, survey } from '../lib/test.js'
import { FAKE, ISSUER, NOTES, test } from '../lib/demo.js'
import { connects, ends, finishes, opens, picks, says } from '../lib/linking.js'

const SHOTS = 'results/shots'

test('an agent of Notes uses a calendar, until its person takes it back', async ({ page, demo }) => {
  test.setTimeout(300_000)
  expect(demo.issuer).toBe(ISSUER)
  const { codes } = await arrives(page, 'linked')
  await survey(page, 'connect-before')
  await wide(page)

  // Nobody has let the agent at anything.
  await follow(page.getByRole('button', { name: 'Let Quill read' }))
  await expect(page.locator('#refused')).toContainText('Procura-Refusal: no_delegated_grant')

  // The window: what there is, and what the calendar lets Notes and its agent do.
  const window = await opens(page)
  await pictures(window, 'connect-picker')
  await survey(window, 'connect-picker')
  await small(window)
  await picks(window, 'Fake calendar')
  const main = window.getByRole('main')
  for (const words of ['See your calendar', 'Change your calendar', 'Quill', '@linked']) await expect(main).toContainText(words)
  await pictures(window, 'connect-scopes')
  await survey(window, 'connect-scopes')
  await small(window)
  await window.getByRole('button', { name: 'Continue' }).click()
  await window.waitForURL(`${FAKE}/**`)
  await pictures(window, 'connect-service')
  await small(window)
  await says(window, 'Allow')
  await expect(main).toContainText('Connected: ada@fake.example')
  await pictures(window, 'connect-picker-linked')
  await small(window)
  await finishes(page, window)
  await expect(page.locator('#linked')).toContainText('ada@fake.example, for Notes and Quill')

  // The agent reads by itself.
  await follow(page.getByRole('button', { name: 'Let Quill read' }))
  await expect(page.locator('#events')).toContainText('Dentist')
  await survey(page, 'connect-linked')
  await wide(page)

  // It wants to add something: the person allows that in another tab, and the page goes on by itself.
  await page.getByLabel('What to add').fill('Tea & cake <with> Quill')
  await follow(page.getByRole('button', { name: 'Let Quill add it' }))
  await survey(page, 'connect-waiting')
  await wide(page)
  const [tab] = await Promise.all([page.context().waitForEvent('page'), page.getByRole('link', { name: 'Decide' }).click()])
  await expect(tab.getByRole('heading', { level: 1 })).toContainText('Let Notes')
  await expect(tab.getByRole('main')).toContainText('Quill asks')
  await expect(tab.getByRole('main')).toContainText('Tea & cake <with> Quill')
  await pictures(tab, 'connect-approval')
  await survey(tab, 'connect-approval')
  await wide(tab)
  await tab.getByText('Allow with a recovery code').click()
  await tab.getByLabel(/code/i).fill(codes[0])
  await tab.getByRole('button', { name: 'Allow', exact: true }).click()
  await expect(tab.getByRole('main')).toContainText('This call is allowed and done')
  await pictures(tab, 'connect-approval-done')
  await tab.close()
  await expect(page.locator('#added')).toContainText('Done')
  await expect(page.locator('#add')).toContainText('Tea & cake <with> Quill')
  await survey(page, 'connect-added')
  await wide(page)

  // With the passkey, which is the usual way.
  await page.getByLabel('What to add').fill('A walk')
  await follow(page.getByRole('button', { name: 'Let Quill add it' }))
  await page.goto(await page.getByRole('link', { name: 'Decide' }).getAttribute('href'))
  await page.authenticator.touching(async () => {
    await page.getByRole('button', { name: 'Allow with passkey' }).click()
    await expect(page.getByRole('main')).toContainText('This call is allowed and done')
  })
  await page.goto(`${NOTES}/accounts`)
  await expect(page.locator('#add')).toContainText('A walk')

  // No is an answer too.
  await page.getByLabel('What to add').fill('Nothing good')
  await follow(page.getByRole('button', { name: 'Let Quill add it' }))
  await page.goto(await page.getByRole('link', { name: 'Decide' }).getAttribute('href'))
  await follow(page.getByRole('button', { name: 'Deny' }))
  await page.goto(`${NOTES}/accounts`)
  await expect(page.locator('#added')).toContainText('Nothing was added')
  await expect(page.locator('#add')).toContainText('approval_denied')
  await follow(page.getByRole('button', { name: 'Read again' }))
  await expect(page.locator('#events')).toContainText('A walk')
  await expect(page.locator('#events')).not.toContainText('Nothing good')

  // Taken back, the next call is refused, and no credential is left that could do it.
  await page.goto(`${ISSUER}/account/connections`)
  await survey(page, 'connect-connections')
  await wide(page)
  await ends(page)
  await page.goto(`${NOTES}/accounts`)
  await expect(page.locator('#linked')).toHaveCount(0)
  await follow(page.getByRole('button', { name: 'Let Quill try' }))
  await expect(page.locator('#refused')).toContainText('Procura-Refusal: no_delegated_grant')
  await survey(page, 'connect-ended')
})

test('a calendar is a resource, and an account is linked on the way', async ({ page, demo }) => {
  test.setTimeout(240_000)
  expect(demo.issuer).toBe(ISSUER)
  await arrives(page, 'resourceful')

  // Nothing is allowed, so there is no token.
  await follow(page.getByRole('button', { name: 'Read with a delegated token' }))
  await expect(page.locator('#resource-refused')).toContainText('access_denied')

  await follow(page.getByRole('link', { name: 'Ask for the calendar' }))
  await expect(page.getByRole('main')).toContainText('See your calendar')
  await expect(page.getByRole('main')).toContainText('Fake calendar')
  await pictures(page, 'connect-resource')
  await survey(page, 'connect-resource')
  await wide(page)
  await page.getByRole('button', { name: 'Deny' }).click()
  await page.waitForURL(`${NOTES}/accounts#resource`)
  await expect(page.locator('#resource')).toContainText('You said no.')

  await follow(page.getByRole('link', { name: 'Ask for the calendar' }))
  await page.getByRole('button', { name: 'Allow' }).click()
  await says(page, 'Allow')
  await page.waitForURL(`${NOTES}/accounts#resource`)
  await follow(page.getByRole('button', { name: 'Read with a delegated token' }))
  await expect(page.locator('#resource-events')).toContainText('Lunch with Bob')
  await survey(page, 'connect-resource-read')
  await wide(page)

  await page.goto(`${ISSUER}/account/access`)
  await follow(page.getByRole('link', { name: /^End see your calendar/ }))
  await follow(page.getByRole('main').locator('form[method="post"] button').last())
  await page.goto(`${NOTES}/accounts`)
  await follow(page.getByRole('button', { name: 'Read with a delegated token' }))
  await expect(page.locator('#resource-refused')).toContainText('Procura-Refusal: invalid_token')
  await expect(page.locator('#resource-refused')).toContainText('access_denied')
  await survey(page, 'connect-resource-ended')
})

test('a window closed, and a no, change nothing', async ({ page, demo }) => {
  expect(demo.issuer).toBe(ISSUER)
  await arrives(page, 'hesitant')
  const first = await opens(page)
  await first.getByRole('button', { name: 'Cancel' }).click()
  await expect(page.locator('#said')).toContainText('You said no.')

  const second = await opens(page)
  await second.close()
  // The widget asks the server for a while before it believes that a window is gone.
  await expect(page.locator('#said')).toContainText('You closed it', { timeout: 30_000 })

  // No at the service is said in the window, which offers the rest.
  const third = await opens(page)
  await picks(third, 'Fake calendar')
  await third.getByRole('button', { name: 'Continue' }).click()
  await says(third, 'Deny')
  await expect(third.getByRole('main')).toContainText('You said no')
  await pictures(third, 'connect-picker-declined')
  await third.close()
  await expect(page.locator('#linked')).toHaveCount(0)
})

test('an agent that was left out stays out', async ({ page, demo }) => {
  expect(demo.issuer).toBe(ISSUER)
  await arrives(page, 'private')
  const window = await opens(page)
  await picks(window, 'Fake calendar')
  await window.getByLabel(/Quill/).uncheck()
  await window.getByRole('button', { name: 'Continue' }).click()
  await says(window, 'Allow')
  await finishes(page, window)
  await expect(page.locator('#linked')).toContainText('for Notes alone')
  await follow(page.getByRole('button', { name: 'Let Quill read' }))
  await expect(page.locator('#refused')).toContainText('Procura-Refusal: no_delegated_grant')
})

test.describe('on a phone', () => {
  test.use({
    viewport: { width: 390, height: 844 },
    hasTouch: true,
    userAgent: 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1',
  })

  test('the page is left, and the browser comes back', async ({ page, demo }) => {
    expect(demo.issuer).toBe(ISSUER)
    await arrives(page, 'mobile')
    await page.getByRole('button', { name: /^Link/ }).click()
    await expect(page.getByRole('heading', { level: 1 })).toContainText('Connect your accounts to')
    await page.screenshot({ path: `${SHOTS}/connect-phone-picker.png` })
    await picks(page, 'Fake calendar')
    await page.screenshot({ path: `${SHOTS}/connect-phone-scopes.png`, fullPage: true })
    await page.getByRole('button', { name: 'Continue' }).click()
    await says(page, 'Allow')
    await picks(page, 'Fake chat')
    await page.getByRole('button', { name: 'Continue' }).click()
    await says(page, 'Allow')
    await page.getByRole('button', { name: 'Done' }).click()
    await page.waitForURL(`${NOTES}/accounts**`)
    // The widget takes the result out of the address.
    await page.waitForURL((url) => url.href.startsWith(`${NOTES}/accounts`) && !url.search)
    await expect(page.locator('#linked')).toContainText('Calendar')
    await expect(page.locator('#linked')).toContainText('Chat')
    await page.screenshot({ path: `${SHOTS}/connect-phone-back.png`, fullPage: true })
  })

  test('a no comes back too', async ({ page, demo }) => {
    expect(demo.issuer).toBe(ISSUER)
    await arrives(page, 'mobile_no')
    await page.getByRole('button', { name: /^Link/ }).click()
    await page.getByRole('button', { name: 'Cancel' }).click()
    await page.waitForURL(`${NOTES}/accounts**`)
    await expect(page.locator('#said')).toContainText('You said no.')
  })
})

/** Somebody new, signed in at Notes, where accounts can be linked. */
async function arrives(page, handle) {
  const person = await registers(page, ISSUER, { handle, name: 'Ada Moreau' })
  await page.goto(`${NOTES}/sign-in`)
  await page.getByRole('button', { name: 'Allow' }).click()
  await page.waitForURL(`${NOTES}/**`)
  await page.goto(`${NOTES}/accounts`)
  await expect(page.getByRole('button', { name: /^Link/ })).toBeEnabled()
  return person
}

/** The page in its window, on a phone and in the dark. */
async function pictures(page, name) {
  for (const [form, width, height, colorScheme] of [['window', 500, 700, 'light'], ['phone', 390, 844, 'light'], ['dark', 500, 700, 'dark'], ['desktop', 1280, 900, 'light']]) {
    await page.setViewportSize({ width, height })
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    await page.evaluate(() => document.fonts.ready.then(() => true))
    await page.screenshot({ path: `${SHOTS}/${name}-${form}.png`, fullPage: true })
  }
}

/** Back to the size that the widget gives its window. */
async function small(window) {
  await window.setViewportSize({ width: 500, height: 700 })
  await window.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' })
}

/** Back to a desk by day. */
async function wide(page) {
  await page.setViewportSize({ width: 1280, height: 900 })
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' })
}
