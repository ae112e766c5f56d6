// One app acts at another in the person's name: Notes asks Iris, in every way that a page can ask for that.

import { expect, registers, survey } from '../lib/test.js'
import { IRIS, ISSUER, NOTES, test } from '../lib/demo.js'

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
  page.context().guard.forgive(/status of 403/)

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

  // Iris answers word by word, in this page.
  await page.getByLabel('Your question').fill('Why is the sky blue?')
  await page.getByRole('button', { name: 'Ask', exact: true }).click()
  const answer = page.locator('.answered').last()
  await expect(answer).toContainText('Thank you')
  const part = (await answer.textContent()).length
  await expect(answer).toContainText('because you allowed it.')
  expect((await answer.textContent()).length, 'it came in pieces').toBeGreaterThan(part)
  await survey(page, 'connector-answer')
  await wide(page)
  // The page never shows the token, and the frame has none in its address.
  expect(await page.content()).not.toMatch(/eyJ[\w-]+\.[\w-]+\./)

  // What was not asked for is refused by Iris itself.
  await page.getByRole('button', { name: 'Show what I asked before' }).click()
  await expect(page.locator('#trouble')).toContainText('You did not allow that.')
  page.context().guard.forgive(/status of 403/)

  // In a window: more than before, so the difference is shown.
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
  await page.getByLabel(/questions you asked before/).check()
  await page.getByRole('button', { name: 'Silently' }).click()
  await expect(page.locator('#said')).toContainText('consent_required')
  await answersSheet(page, 'connector-away', (place) => place.getByLabel(/Also when I am away/).check())
  await page.waitForURL(`${NOTES}/iris#ask`)

  // Now it works without a question.
  await page.evaluate(() => history.replaceState(null, '', '/iris'))
  await page.getByRole('button', { name: 'Silently' }).click()
  await page.waitForURL(`${NOTES}/iris#ask`)
  await page.getByRole('button', { name: 'Ask', exact: true }).click()
  await expect(page.locator('.answered').last()).toContainText('because you allowed it.')

  // Take it back in another tab. The page is still open, with its token in the frame.
  const account = await page.context().newPage()
  await account.goto(`${ISSUER}/account/access`)
  await survey(account, 'connector-access')
  await account.getByRole('link', { name: /^End .*Iris/ }).click()
  await survey(account, 'connector-end')
  await account.getByRole('main').locator('form[method="post"] button').last().click()
  await account.close()
  await page.getByRole('button', { name: 'Ask again' }).click()
  const refusals = page.locator('#refusals')
  await expect(refusals).toContainText('invalid_token')
  await expect(refusals).toContainText('access_denied')
  await expect(page.locator('#trouble')).toContainText('you have ended it')
  page.context().guard.forgive(/status of 40[13]/)
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
  await page.getByRole('button', { name: 'In a sheet' }).click()
  // Whatever lies on the frame takes the proof away that it is seen.
  await page.locator('dialog').evaluate((dialog) => (dialog.style.opacity = '0.99'))
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

/** Says yes in the sheet: in the frame where the browser proves that it is seen, else in the window that its button opens. */
async function answersSheet(page, name, choose = async () => {}) {
  const frame = page.frameLocator('dialog iframe')
  const gate = frame.getByRole('button', { name: 'Continue' })
  await expect(gate.or(allow(frame)).first()).toBeVisible()
  const inFrame = await allow(frame).waitFor({ timeout: 4_000 }).then(() => true, () => false)
  await page.screenshot({ path: `${SHOTS}/${name}.png` })
  if (inFrame) {
    await choose(frame)
    await allow(frame).scrollIntoViewIfNeeded()
    // The form counts a click only after its answers have been seen for half a second.
    await page.waitForTimeout(700)
    return allow(frame).click()
  }
  const [popup] = await Promise.all([page.waitForEvent('popup'), gate.click()])
  await choose(popup)
  await popup.screenshot({ path: `${SHOTS}/${name}-window.png` })
  await allow(popup).click()
}

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
