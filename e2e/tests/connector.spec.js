// One app acts at another in the person's name: Notes asks Iris, in every way that a page can ask for that.

import { expect, follow, registers, survey } from '../lib/test.js'
import { IRIS, ISSUER, NOTES, test } from '../lib/demo.js'
import { sight } from '../lib/sight.js'

const SHOTS = 'results/shots'
const allow = (place) => place.getByRole('button', { name: 'Allow' })

test('Notes asks Iris in the name of a person, until she takes it back', async ({ page, demo }) => {
  test.setTimeout(240_000)
  expect(demo.issuer).toBe(ISSUER)
  await arrives(page, 'connected')
  await survey(page, 'connector-before')
  await wide(page)

  // Nothing is allowed, so there is nothing to ask with.
  await page.getByRole('button', { name: 'Ask', exact: true }).click()
  await expect(page.locator('#trouble')).toContainText('you have not allowed it')
  await page.context().guard.forgive(/status of 403/)

  // By a redirect: the question in three forms, and no.
  await page.goto(`${NOTES}/iris`)
  await page.getByLabel(/questions you asked before/).check()
  await page.getByRole('button', { name: 'By a redirect' }).click()
  const main = page.getByRole('main')
  await expect(page.getByRole('heading', { level: 1, name: 'Let Notes use Iris in your name?' })).toBeVisible()
  await expect(main).toContainText('Ask Iris questions in your name')
  await expect(main).toContainText('Read the questions you asked before')
  await pictures(page, 'connector-consent')
  await survey(page, 'connector-consent')
  await wide(page)
  await page.getByRole('button', { name: 'Deny' }).click()
  await page.waitForURL(`${NOTES}/iris#let`)
  await expect(page.locator('#let')).toContainText('You said no.')

  // In a sheet: the gate, and the form in the frame or in a window of its own.
  await page.getByRole('button', { name: 'In a sheet' }).click()
  await answersSheet(page, 'connector-sheet')
  await page.waitForURL(`${NOTES}/iris#ask`)
  await expect(page.locator('#let')).toContainText('You have allowed it.')

  // Iris answers word by word, in this page, which takes longer than a second.
  await page.evaluate(() => {
    globalThis.pieces = []
    new MutationObserver(() => {
      const text = document.querySelector('.answered')?.textContent
      if (text) pieces.push({ text, at: performance.now() })
    }).observe(document.getElementById('talk'), { childList: true, subtree: true })
  })
  await page.getByLabel('Your question').fill('Why is the sky blue?')
  await page.getByRole('button', { name: 'Ask', exact: true }).click()
  await expect(page.locator('.answered').last()).toContainText('because you allowed it.')
  const pieces = await page.evaluate(() => globalThis.pieces)
  expect(pieces[0].text).toBe('Thank')
  expect(pieces.length, 'it came in pieces').toBeGreaterThan(10)
  expect(pieces.at(-1).at - pieces[0].at, 'they came one after the other, not all at the end').toBeGreaterThan(300)
  await survey(page, 'connector-answer')
  await wide(page)
  // The page never shows the token, and the frame has none in its address.
  expect(await page.content()).not.toMatch(/eyJ[\w-]+\.[\w-]+\./)

  // What was not asked for is refused by Iris itself.
  await page.getByRole('button', { name: 'Show what I asked before' }).click()
  await expect(page.locator('#trouble')).toContainText('You did not allow that.')
  await page.context().guard.forgive(/status of 403/)

  // In a window: more than before, so the difference is shown.
  await asksAnew(page)
  await page.getByLabel(/questions you asked before/).check()
  const [popup] = await Promise.all([page.waitForEvent('popup'), page.getByRole('button', { name: 'In a window' }).click()])
  await expect(popup.getByRole('main')).toContainText('Already allowed')
  await expect(popup.getByRole('main')).toContainText('New')
  await popup.screenshot({ path: `${SHOTS}/connector-window.png` })
  await allow(popup).click()
  await page.waitForURL(`${NOTES}/iris#ask`)
  await page.getByRole('button', { name: 'Show what I asked before' }).click()
  await expect(page.locator('.answered').last()).toHaveText('“Why is the sky blue?”')

  // A server may read them too, with the same token.
  const { access_token: token } = await page.evaluate(async () => (await fetch('/iris/token', { method: 'POST' })).json())
  const told = await fetch(`${IRIS}/api/history`, { headers: { authorization: `Bearer ${token}` } })
  expect(await told.json()).toEqual({ questions: ['Why is the sky blue?'] })

  // Silently: not allowed yet, so the sheet asks, and offers what makes silence possible.
  await asksAnew(page)
  await page.getByLabel(/questions you asked before/).check()
  await page.getByRole('button', { name: 'Silently' }).click()
  await expect(page.locator('#said')).toContainText('consent_required')
  await answersSheet(page, 'connector-away', (place) => place.getByLabel(/Also when I am away/).check())
  await page.waitForURL(`${NOTES}/iris#ask`)

  // Now it works without a question.
  await asksAnew(page)
  await page.getByRole('button', { name: 'Silently' }).click()
  await page.waitForURL(`${NOTES}/iris#ask`)
  await page.getByRole('button', { name: 'Ask', exact: true }).click()
  await expect(page.locator('.answered').last()).toContainText('because you allowed it.')

  // Take it back in another tab. The page is still open, with its token in the frame.
  const account = await page.context().newPage()
  await account.goto(`${ISSUER}/account/access`)
  await survey(account, 'connector-access')
  await follow(account.getByRole('link', { name: /^End .*Iris/ }))
  await survey(account, 'connector-end')
  await follow(account.getByRole('main').locator('form[method="post"] button').last())
  await account.close()
  await page.getByRole('button', { name: 'Ask again' }).click()
  const refusals = page.locator('#refusals')
  await expect(refusals).toContainText('invalid_token')
  await expect(refusals).toContainText('access_denied')
  await expect(page.locator('#trouble')).toContainText('you have ended it')
  await page.context().guard.forgive(/status of 401/)
  await page.context().guard.forgive(/status of 403/)
  expect((await fetch(`${IRIS}/api/history`, { headers: { authorization: `Bearer ${token}` } })).status).toBe(401)
  await survey(page, 'connector-ended')

  // The tour knows it all.
  await page.goto(NOTES)
  for (const step of ['connect', 'ask', 'disconnect']) await expect(page.locator(`#${step}`)).toHaveClass(/\bdone\b/)
  await expect(page.locator('#disconnect')).toContainText('access_denied')
})

test('a sheet that may be covered asks in a window of its own', async ({ page, demo }) => {
  expect(demo.issuer).toBe(ISSUER)
  await arrives(page, 'careful')
  // Whatever lies on the frame takes the proof away that it is seen.
  await page.evaluate(() => {
    const cover = new CSSStyleSheet()
    cover.replaceSync('dialog { opacity: 0.99; }')
    document.adoptedStyleSheets.push(cover)
  })
  await page.getByRole('button', { name: 'In a sheet' }).click()
  const frame = page.frameLocator('dialog iframe')
  await expect(frame.getByRole('button', { name: 'Continue' })).toBeVisible()
  // Longer than the gate takes to find itself seen, had it been.
  await page.waitForTimeout(1_500)
  const [popup] = await Promise.all([page.waitForEvent('popup'), frame.getByRole('button', { name: 'Continue' }).click()])
  await expect(allow(frame)).toHaveCount(0)
  await page.screenshot({ path: `${SHOTS}/connector-gate.png` })
  await allow(popup).click()
  await page.waitForURL(`${NOTES}/iris#ask`)
  await expect(page.locator('#let')).toContainText('You have allowed it.')
})

test('a window closed without an answer changes nothing', async ({ page, demo }) => {
  expect(demo.issuer).toBe(ISSUER)
  await arrives(page, 'undecided')
  const [popup] = await Promise.all([page.waitForEvent('popup'), page.getByRole('button', { name: 'In a window' }).click()])
  await expect(allow(popup)).toBeVisible()
  await popup.close()
  await expect(page.locator('#said')).toContainText('You closed it')
  const [again] = await Promise.all([page.waitForEvent('popup'), page.getByRole('button', { name: 'In a window' }).click()])
  await again.getByRole('button', { name: 'Deny' }).click()
  await expect(page.locator('#said')).toContainText('You said no.')
})

test('a conversation outlives its token', async ({ page, demo }) => {
  expect(demo.issuer).toBe(ISSUER)
  await arrives(page, 'talkative')
  await page.clock.install()
  await page.getByRole('button', { name: 'By a redirect' }).click()
  await allow(page).click()
  await page.waitForURL(`${NOTES}/iris#ask`)
  await page.getByRole('button', { name: 'Ask', exact: true }).click()
  await expect(page.locator('.answered').last()).toContainText('because you allowed it.')

  const renewed = page.waitForResponse(`${NOTES}/iris/token`)
  await page.clock.fastForward('11:00')
  expect((await renewed).status()).toBe(200)
  await page.getByLabel('Your question').fill('Are you still there?')
  await page.getByRole('button', { name: 'Ask', exact: true }).click()
  await expect(page.locator('.answered')).toHaveCount(2)
  await expect(page.locator('.answered').last()).toContainText('because you allowed it.')
  await expect(page.locator('#trouble')).toBeEmpty()
})

/** Somebody new, signed in at Notes, where Iris is offered. */
async function arrives(page, handle) {
  await registers(page, ISSUER, { handle, name: 'Ada Moreau' })
  await page.goto(`${NOTES}/sign-in`)
  await allow(page).click()
  await page.waitForURL(`${NOTES}/**`)
  await page.goto(`${NOTES}/iris`)
}

/** Says yes in the sheet, in the form that comes once the browser has proven that the frame is seen. */
async function answersSheet(page, name, choose = async () => {}) {
  const frame = page.frameLocator('dialog iframe')
  await expect(allow(frame)).toBeVisible()
  await page.screenshot({ path: `${SHOTS}/${name}.png` })
  await choose(frame)
  await allow(frame).scrollIntoViewIfNeeded()
  // The form counts a click only after its answers have been seen for a while.
  await frame.locator('.answers').evaluate(sight, true)
  await allow(frame).click()
}

/** Leaves the place where an answer leads, so that arriving there can be waited for. */
const asksAnew = (page) => page.evaluate(() => history.replaceState(null, '', '/iris'))

/** The question as it looks on a desk, on a phone and in the dark. */
async function pictures(page, name) {
  for (const [form, width, height, colorScheme] of [['desktop', 1280, 900, 'light'], ['phone', 390, 844, 'light'], ['dark', 1280, 900, 'dark']]) {
    await page.setViewportSize({ width, height })
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    await page.evaluate(() => document.fonts.ready.then(() => true))
    await page.screenshot({ path: `${SHOTS}/${name}-${form}.png`, fullPage: true })
  }
}

/** Back to a desk by day. */
async function wide(page) {
  await page.setViewportSize({ width: 1280, height: 900 })
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' })
}
