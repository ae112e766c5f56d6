// Registering and signing in, as people do it.

import { expect, follow, introduces, signInUrl, survey, test } from '../lib/test.js'

test('registers with a passkey and gets ten codes, shown once', async ({ page, house }) => {
  await page.goto(`${house.issuer}/register`)
  await survey(page, 'register')
  await introduces(page, { handle: 'ada_moreau', name: 'Ada Moreau' })
  await page.authenticator.touching(async () => {
    await page.getByRole('button', { name: 'Make my passkey' }).click()
    await expect(page.getByRole('heading', { name: /Keep these ten codes/ })).toBeVisible()
  })
  await survey(page, 'register-codes')
  const codes = await page.getByRole('list', { name: 'Recovery codes' }).getByRole('listitem').allTextContents()
  expect(new Set(codes).size).toBe(10)
  expect(await page.authenticator.passkeys()).toHaveLength(1)
  expect((await page.authenticator.passkeys())[0].isResidentCredential).toBe(true)
  await page.getByRole('link', { name: 'I have saved them' }).click()
  await page.waitForURL((url) => url.pathname !== '/register')
  await page.goBack()
  for (const code of codes) await expect(page.getByText(code)).toHaveCount(0)
})

test('a handle that is taken is said at the field, and what was typed stays', async ({ page, house, person }) => {
  await page.goto(`${house.issuer}/register`)
  await page.getByLabel('Your name').fill('Somebody Else')
  await page.getByLabel('Handle').fill(person.handle)
  await expect(page.getByLabel('Handle')).toHaveAttribute('aria-invalid', 'true')
  await expect(page.getByLabel('Handle')).toHaveAccessibleDescription(/has this handle|is taken/)
  await expect(page.getByLabel('Your name')).toHaveValue('Somebody Else')
  await survey(page, 'register-taken')
})

test('signs out, and in again by the button', async ({ page, house, person }) => {
  await signOut(page, house)
  await page.goto(`${house.issuer}/login`)
  await survey(page, 'login')
  await page.authenticator.touching(async () => {
    await page.getByRole('button', { name: 'Continue with a passkey' }).click()
    await page.waitForURL((url) => url.pathname !== '/login')
  })
  await page.goto(`${house.issuer}/account`)
  await expect(page.locator('body')).toContainText(person.handle)
})

test('signs in from the autofill (conditional mediation), with no click on our page', async ({ page, house, person }) => {
  await signOut(page, house)
  await page.authenticator.touching(async () => {
    // The page may have gone on before all of it was there.
    await page.goto(`${house.issuer}/login`, { waitUntil: 'commit' })
    await page.waitForURL((url) => url.pathname !== '/login')
  })
  await page.goto(`${house.issuer}/account`)
  await expect(page.locator('body')).toContainText(person.handle)
})

test('a button that its script brings to life cannot be pressed before', async ({ page, house, person }) => {
  expect(person.handle).toBeTruthy()
  const buttons = {
    '/register': 'Make my passkey',
    '/login?other=1': 'Continue with a passkey',
    '/step-up': 'Use your passkey',
    '/account/passkeys/new': 'Make the passkey',
  }
  for (const [path, name] of Object.entries(buttons)) {
    let arrive
    const late = new Promise((found) => (arrive = found))
    await page.route('**/assets/*.js', (route) => late.then(() => route.fallback()))
    await page.goto(`${house.issuer}${path}`, { waitUntil: 'commit' })
    await expect(page.getByRole('button', { name })).toBeDisabled()
    arrive()
    await expect(page.getByRole('button', { name })).toBeEnabled()
    await page.unrouteAll({ behavior: 'wait' })
  }
})

test('an offer of passkeys that comes late does not end what the button began', async ({ page, house, person }) => {
  expect(person.handle).toBeTruthy()
  await signOut(page, house)
  let arrive
  const late = new Promise((found) => (arrive = found))
  await page.route('**/api/login/start', (route) => late.then(() => route.fallback()), { times: 1 })
  await page.goto(`${house.issuer}/login`)
  const asked = page.waitForResponse('**/api/login/start')
  const button = page.getByRole('button', { name: 'Continue with a passkey' })
  await button.click()
  await (await asked).finished()
  const offered = page.waitForResponse('**/api/login/start')
  arrive()
  await (await offered).finished()
  // The script has had the offer by the time that the page answers to something later.
  await page.evaluate(() => new Promise((found) => setTimeout(found, 300)))
  await expect(button).toHaveAttribute('aria-busy', 'true')
})

test('an app sends a newcomer through registration and gets its answer', async ({ page, house, client }) => {
  await page.goto(signInUrl(house, house.apps.notes))
  await expect(page.getByText('Acme Notes').first()).toBeVisible()
  await survey(page, 'login-for-an-app')
  await follow(page.getByRole('link', { name: 'Create your identity' }))
  await expect(page.getByText('Acme Notes').first()).toBeVisible()
  await introduces(page, { handle: `g${Date.now().toString(36)}`, name: 'Grace' })
  await page.authenticator.touching(async () => {
    await page.getByRole('button', { name: 'Make my passkey' }).click()
    await page.getByRole('link', { name: 'I have saved them' }).click()
  })
  await page.getByRole('button', { name: 'Allow' }).click()
  await page.waitForURL(`${client.origin}/callback?*`)
  expect(new URL(page.url()).searchParams.get('state')).toBe('a-state')
})

test('prompt=login asks for the passkey again, then goes on', async ({ page, house, client, person }) => {
  expect(person.codes).toHaveLength(10)
  await page.goto(signInUrl(house, house.apps.notes, { prompt: 'login' }))
  await expect(page.getByRole('heading', { level: 1 })).toContainText(/again/i)
  await survey(page, 'login-again')
  await page.authenticator.touching(() => page.getByRole('button', { name: /passkey/i }).click().then(() => page.getByRole('button', { name: 'Allow' }).click()))
  await page.waitForURL(`${client.origin}/callback?code=*`)
})

test('a recovery code signs in once', async ({ page, house, person }) => {
  const use = async (code) => {
    await signOut(page, house)
    await page.goto(`${house.issuer}/login`)
    await page.getByText('Another way').click()
    await follow(page.getByRole('link', { name: 'Use a recovery code' }))
    await page.getByLabel('Handle').fill(person.handle)
    await page.getByLabel(/code/i).fill(code)
    await follow(page.getByRole('button', { name: 'Sign in' }))
  }
  await use(person.codes[0])
  await page.goto(`${house.issuer}/account`)
  await expect(page.locator('body')).toContainText(person.handle)

  await use(person.codes[0])
  await expect(page.getByRole('alert').filter({ hasText: /./ })).toBeVisible()
  await survey(page, 'recover-spent')
  await page.context().guard.forgive(/console: Failed to load resource.*\b4\d\d\b/)
})

test('a device that is signed in lets another one in', async ({ page, house, person, browser }) => {
  const other = await browser.newContext()
  const phone = await other.newPage()
  try {
    await phone.goto(`${house.issuer}/login`)
    await phone.getByText('Another way').click()
    await follow(phone.getByRole('link', { name: /Approve on a device/ }))
    await survey(phone, 'approval-ask')
    await follow(phone.getByRole('button', { name: 'Show the code' }))
    await survey(phone, 'approval-waiting')
    const code = (await phone.locator('.compare').textContent()).trim()

    await page.goto(`${house.issuer}/account`)
    await follow(page.getByRole('link', { name: 'Approve a sign-in' }))
    await survey(page, 'approval-enter')
    await page.getByLabel(/^Code/).fill(code)
    await follow(page.getByRole('button', { name: 'Next' }))
    await expect(page.getByRole('heading', { name: 'Let this device in?' })).toBeVisible()
    await expect(page.getByRole('main')).toContainText(code)
    await survey(page, 'approval-decide')
    await page.getByRole('button', { name: 'Approve' }).click()

    // The waiting page notices and goes on by itself.
    await phone.waitForURL((url) => !url.pathname.startsWith('/login'))
    await phone.goto(`${house.issuer}/account`)
    await expect(phone.locator('body')).toContainText(person.handle)
  } finally {
    await other.close()
  }
})

async function signOut(page, house) {
  await page.goto(`${house.issuer}/logout`)
  await follow(page.getByRole('button', { name: 'Sign out' }))
  await expect(page.getByRole('heading', { name: /signed out/i })).toBeVisible()
}

test('the page for somebody at 127.0.0.1 leads to the issuer', async ({ page, house, origins }) => {
  const typed = house.issuer.replace('localhost', '127.0.0.1')
  origins.push(new URL(typed).origin)
  await page.goto(`${typed}/login`)
  await survey(page, 'moved')
  await expect(page.getByRole('link', { name: 'Open it there' })).toHaveAttribute('href', `${house.issuer}/login`)
  await page.context().guard.forgive(/console: Failed to load resource.*421/)
})

test('what a visitor sees without an account', async ({ page, house }) => {
  const pages = { home: '/', recover: '/recover', 'nothing-here': '/nothing/here', logout: '/logout' }
  for (const [name, path] of Object.entries(pages)) {
    await page.goto(`${house.issuer}${path}`)
    await expect(page.getByRole('heading', { level: 1 })).toHaveCount(1)
    await survey(page, name)
  }
  await page.context().guard.forgive(/console: Failed to load resource.*404/)
})

test('a refused request is a page that says what happened and what to do', async ({ page, house }) => {
  const refused = {
    'oops-client': { client_id: `app_${'f'.repeat(32)}` },
    'oops-redirect': { redirect_uri: 'https://evil.test/callback' },
  }
  for (const [name, changes] of Object.entries(refused)) {
    await page.goto(signInUrl(house, house.apps.notes, changes))
    expect(new URL(page.url()).origin).toBe(house.origin)
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
    await expect(page.locator('h1')).not.toContainText(/invalid_|oauth/i)
    await survey(page, name)
  }
  await page.context().guard.forgive(/console: Failed to load resource.*400/)
})

