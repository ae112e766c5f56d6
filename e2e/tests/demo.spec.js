// `procura demo`, with no setting at all: the tour that a newcomer takes, step by step.

import { expect, follow, introduces, survey } from '../lib/test.js'
import { IRIS, ISSUER, NOTES, test } from '../lib/demo.js'
import { connects, ends, says } from '../lib/linking.js'

test('says where everything is', async ({ demo }) => {
  expect(demo.issuer).toBe(ISSUER)
  expect(demo.ops).toBe('127.0.0.1:8469')
  expect(demo.log).toContain(NOTES)
  expect(demo.log).toContain(`${ISSUER}/dev/mailbox`)
  expect(demo.log).toMatch(/http:\/\/localhost:8460\/\S+/)
  expect((await fetch(`http://${demo.ops}/readyz`)).status).toBe(200)
})

test('a newcomer takes the whole tour', async ({ page, demo }) => {
  test.setTimeout(300_000)
  expect(demo.issuer).toBe(ISSUER)
  const step = (number) => page.locator('.steps > .step').nth(number - 1)
  const isDone = (number) => expect(step(number)).toHaveClass(/\bdone\b/)

  await page.goto(ISSUER)
  await survey(page, 'demo-home')
  await page.goto(NOTES)
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('A tour in fifteen steps')
  await survey(page, 'demo-tour')

  // 1. An identity.
  await follow(page.getByRole('link', { name: 'Create an identity' }))
  await introduces(page, { handle: 'newcomer', name: 'Newcomer' })
  await page.authenticator.touching(async () => {
    await page.getByRole('button', { name: 'Make my passkey' }).click()
    await page.getByRole('link', { name: 'I have saved them' }).click()
  })
  await page.waitForURL(`${NOTES}/`)
  await isDone(1)

  // 2. Sign in at Notes.
  await follow(page.getByRole('link', { name: 'Sign in', exact: true }))
  await expect(page.getByRole('heading', { level: 1 })).toContainText('Notes')
  await survey(page, 'demo-consent-notes')
  await page.getByRole('button', { name: 'Allow' }).click()
  await page.waitForURL(`${NOTES}/**`)
  await page.goto(NOTES)
  await isDone(2)
  await expect(page.getByText('Newcomer').first()).toBeVisible()

  // 3. The tokens.
  await follow(page.getByRole('link', { name: 'Show the tokens' }))
  for (const token of ['access_token', 'access_token_jwt', 'id_token', 'refresh_token']) {
    await expect(page.locator(`section#${token}`)).toBeVisible()
  }
  await expect(page.locator('section#id_token')).toContainText('nonce')
  await expect(page.getByText('A claim that this tour has no words for')).toHaveCount(0)
  await survey(page, 'demo-tokens')
  await page.goto(NOTES)
  await isDone(3)

  // 4. Refresh, then the old refresh token.
  await follow(page.getByRole('button', { name: 'Refresh now' }))
  await survey(page, 'demo-refreshed')
  await follow(page.getByRole('button', { name: 'Use the old refresh token' }))
  await expect(page.getByRole('main')).toContainText('invalid_grant')
  await expect(page.getByRole('main')).toContainText('401')
  await survey(page, 'demo-replayed')
  await follow(page.getByRole('link', { name: 'Sign in again' }))
  await page.waitForURL(`${NOTES}/**`)
  await page.goto(NOTES)
  await isDone(4)

  // 5. Sign out of both.
  await follow(page.getByRole('button', { name: 'Sign out' }))
  if (new URL(page.url()).origin === ISSUER) {
    await survey(page, 'demo-logout')
    await page.getByRole('button', { name: 'Sign out' }).click()
  }
  await page.waitForURL(`${NOTES}/**`)
  await page.goto(NOTES)
  await isDone(5)
  await page.goto(`${ISSUER}/account`)
  await expect(page.getByRole('button', { name: /passkey/ })).toBeVisible()

  // 6. Quick sign-in at Iris.
  await page.goto(NOTES)
  await follow(page.getByRole('link', { name: 'Open Iris' }))
  await survey(page, 'demo-iris')
  const proven = page.waitForResponse(`${ISSUER}/api/login/passkey`)
  await page.authenticator.touching(async () => {
    // The authenticator is at hand when the sign-in page loads, so that takes the passkey from the autofill.
    await page.getByRole('button', { name: 'Quick sign-in' }).click()
    expect((await proven).status()).toBe(200)
    await expect(page.getByRole('main')).toContainText('Nobody has registered this app')
  })
  await expect(page.getByRole('main')).toContainText('localhost:8462')
  await survey(page, 'demo-consent-quick')
  await page.getByRole('button', { name: /Allow|Continue/ }).click()
  await page.waitForURL(`${IRIS}/**`)
  await expect(page.locator('#hello')).toHaveText('Hello, Newcomer')
  await expect(page.locator('#userinfo')).toContainText('newcomer')
  await survey(page, 'demo-iris-signed-in')
  await follow(page.getByRole('link', { name: 'On with the tour' }))
  await isDone(6)

  // 7. Take it back.
  await follow(step(7).getByRole('link', { name: /Sign in at Notes again/ }))
  await page.waitForURL(`${NOTES}/**`)
  await page.goto(`${ISSUER}/account/access`)
  await expect(page.getByRole('main')).toContainText('Notes')
  await expect(page.getByRole('main')).toContainText('Quick')
  await survey(page, 'demo-access')
  await follow(page.getByRole('link', { name: /^End access of .*Notes/ }))
  await follow(page.getByRole('main').locator('form[method="post"] button').last())
  await page.goto(NOTES)
  await follow(page.getByRole('button', { name: 'Let Notes refresh' }))
  await page.goto(NOTES)
  await isDone(7)
  await expect(page.getByRole('main')).toContainText('invalid_grant')

  // 8. Let Notes use Iris. (`connector.spec.js` takes the other ways.)
  await follow(step(8).getByRole('link', { name: 'Sign in at Notes' }))
  await page.getByRole('button', { name: 'Allow' }).click()
  await page.waitForURL(`${NOTES}/**`)
  await follow(step(8).getByRole('link', { name: 'Let Notes use Iris' }))
  await follow(page.getByRole('button', { name: 'By a redirect' }))
  await page.getByRole('button', { name: 'Allow' }).click()
  await page.waitForURL(`${NOTES}/iris#ask`)

  // 9. Ask it. The tour hears of the answer at its end, a moment after the last word.
  const told = page.waitForRequest(`${NOTES}/done/ask`)
  await page.getByRole('button', { name: 'Ask', exact: true }).click()
  await expect(page.locator('.answered').last()).toContainText('because you allowed it.')
  await told
  await expect(async () => {
    await page.goto(NOTES)
    await expect(step(9)).toHaveClass(/\bdone\b/, { timeout: 1_000 })
  }).toPass()
  await isDone(8)

  // 10. Take that back too.
  await page.goto(`${ISSUER}/account/access`)
  await follow(page.getByRole('link', { name: /^End .*Iris/ }))
  await follow(page.getByRole('main').locator('form[method="post"] button').last())
  await page.goto(`${NOTES}/iris`)
  await page.getByRole('button', { name: 'Ask again' }).click()
  await expect(page.locator('#refusals')).toContainText('access_denied')
  await page.context().guard.forgive(/status of 403/)
  await page.goto(NOTES)
  await isDone(10)

  // 11. Link a calendar, and let the agent at it. (`connect.spec.js` looks closer.)
  await follow(step(11).getByRole('link', { name: 'Open your calendar and chat' }))
  await connects(page)
  await expect(page.locator('#linked')).toContainText('ada@fake.example, for Notes and Quill')

  // 12. The agent reads it.
  await follow(page.getByRole('button', { name: 'Let Quill read' }))
  await expect(page.locator('#events')).toContainText('Dentist')

  // 13. It adds something, and the person agrees with their passkey.
  await follow(page.getByRole('button', { name: 'Let Quill add it' }))
  const place = await page.getByRole('link', { name: 'Decide' }).getAttribute('href')
  await page.goto(place)
  await page.authenticator.touching(async () => {
    await page.getByRole('button', { name: 'Allow with passkey' }).click()
    await expect(page.getByRole('main')).toContainText('This call is allowed and done')
  })
  await page.goto(`${NOTES}/accounts`)
  await expect(page.locator('#add')).toContainText('Tea with Quill')

  // 14. Take it back.
  await ends(page)
  await page.goto(`${NOTES}/accounts`)
  await follow(page.getByRole('button', { name: 'Let Quill try' }))
  await expect(page.locator('#refused')).toContainText('Procura-Refusal: no_delegated_grant')

  // 15. A calendar as a resource: none is linked, so one is linked on the way.
  await follow(page.getByRole('link', { name: 'Ask for the calendar' }))
  await page.getByRole('button', { name: 'Allow' }).click()
  await says(page, 'Allow')
  await page.waitForURL(`${NOTES}/accounts#resource`)
  await follow(page.getByRole('button', { name: 'Read with a delegated token' }))
  await expect(page.locator('#resource-events')).toContainText('Train to Turin')

  await page.goto(NOTES)
  for (const number of [11, 12, 13, 14, 15]) await isDone(number)
  await expect(page.getByText('That was the tour.')).toBeVisible()
  await survey(page, 'demo-tour-over')
})

test('Iris signs in as a registered public app too, and out again', async ({ page, demo }) => {
  await asAda(page, demo)
  await page.goto(IRIS)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  await page.getByRole('button', { name: 'Allow' }).click()
  await expect(page.locator('#hello')).toHaveText(/^Hello, /)
  await page.getByRole('button', { name: 'Sign out of Iris' }).click()
  await expect(page.getByRole('button', { name: 'Quick sign-in' })).toBeVisible()
  await expect(page.locator('#mistake')).toBeEmpty()
})

test('a refused sign-in is said in words at Iris', async ({ page, demo }) => {
  await asAda(page, demo)
  await page.goto(IRIS)
  await page.getByRole('button', { name: 'Quick sign-in' }).click()
  await page.getByRole('button', { name: /Deny|Cancel/ }).click()
  await expect(page.locator('#mistake')).toHaveText(/You said no/)
  await survey(page, 'demo-iris-refused')
})

test('mail arrives in the mailbox, and the code in it proves an address', async ({ page, demo }) => {
  await asAda(page, demo)
  await page.goto(`${ISSUER}/account/identities`)
  await follow(page.getByRole('link', { name: /^Edit/ }).first())
  await survey(page, 'demo-identity')
  await follow(page.getByRole('link', { name: /Add an address|Change/ }))
  await survey(page, 'demo-email-add')
  await page.getByLabel('E-mail address').fill('new@moreau.example')
  await follow(page.getByRole('button', { name: 'Send the code' }))
  await survey(page, 'demo-email-code')

  const mailbox = await page.context().newPage()
  await mailbox.goto(`${ISSUER}/dev/mailbox`)
  await survey(mailbox, 'demo-mailbox')
  const [code] = /\b\d{6}\b/.exec(await mailbox.locator('article').first().textContent())
  await mailbox.close()
  await page.getByLabel(/^Code/).fill(code)
  await follow(page.getByRole('button', { name: 'Confirm the address' }))
  await expect(page.getByRole('main')).toContainText('new@moreau.example')
})

let codes
/** Signs in as Ada, as the console says: by the link the first time, by a recovery code after that. */
async function asAda(page, demo) {
  if (!codes) {
    const link = demo.log.match(/One-time link\s+(\S+)/)[1]
    codes = demo.log.split('Recovery codes\n')[1].match(/\b[\w-]{9,}\b/g).slice(0, 10)
    await page.goto(link)
    await survey(page, 'demo-one-time-link')
    await follow(page.getByRole('main').getByRole('button'))
  } else {
    await page.goto(`${ISSUER}/recover`)
    await page.getByLabel('Handle').fill('ada')
    await page.getByLabel(/code/i).fill(codes.pop())
    await page.getByRole('button', { name: 'Sign in' }).click()
  }
  await page.waitForURL((url) => url.pathname.startsWith('/account') || url.pathname === '/')
}
