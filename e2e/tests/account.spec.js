// The account page: who one is, how one gets in, where one is signed in, and what apps may do.

import { expect, follow, signInUrl, survey, test } from '../lib/test.js'

test('every page of the account, for somebody new', async ({ page, house, person }) => {
  await page.goto(`${house.issuer}/account`)
  const rail = page.getByRole('navigation').first()
  await expect(rail).toContainText(person.handle)
  const places = await rail.getByRole('link').evaluateAll((links) => links.map((link) => link.getAttribute('href')))
  const pages = places.filter((place) => place.startsWith('/account'))
  expect(pages.length).toBeGreaterThanOrEqual(5)
  for (const place of pages) {
    await page.goto(`${house.issuer}${place}`)
    await expect(page.getByRole('heading', { level: 1 })).toHaveCount(1)
    await survey(page, `account${place.slice('/account'.length).replaceAll('/', '-')}-new`)
  }
})

test('leaves an app: its tokens end, and it has to ask again', async ({ page, house, client, person, request }) => {
  expect(person.handle).toBeTruthy()
  const { notes } = house.apps
  await page.goto(signInUrl(house, notes))
  await page.getByRole('button', { name: 'Allow' }).click()
  await page.waitForURL(`${client.origin}/callback?*`)
  const answer = await request.post(`${house.issuer}/api/oauth/token`, {
    form: {
      grant_type: 'authorization_code',
      code: new URL(page.url()).searchParams.get('code'),
      redirect_uri: notes.redirect_uris[0],
      client_id: notes.client_id,
      client_secret: notes.client_secret,
    },
  })
  const { access_token, refresh_token } = await answer.json()
  const userinfo = () => request.get(`${house.issuer}/api/oauth/userinfo`, { headers: { authorization: `Bearer ${access_token}` } })
  expect((await userinfo()).status()).toBe(200)

  await page.goto(`${house.issuer}/account/access`)
  await expect(page.getByRole('main')).toContainText('Acme Notes')
  await expect(page.getByRole('main')).toContainText(new URL(client.origin).host)
  await survey(page, 'account-access')
  await follow(page.getByRole('link', { name: /^End access of Acme Notes/ }))
  await survey(page, 'account-access-end')
  await confirm(page)
  await expect(page.getByRole('link', { name: /^End access of Acme Notes/ })).toHaveCount(0)

  expect((await userinfo()).status()).toBe(401)
  const refresh = await request.post(`${house.issuer}/api/oauth/token`, {
    form: { grant_type: 'refresh_token', refresh_token, client_id: notes.client_id, client_secret: notes.client_secret },
  })
  expect((await refresh.json()).error).toBe('invalid_grant')
  await page.goto(signInUrl(house, notes))
  await expect(page.getByRole('button', { name: 'Allow' })).toBeVisible()
})

test('adds a passkey, renames it, removes it; the only one stays', async ({ page, house, person }) => {
  expect(person.handle).toBeTruthy()
  await page.goto(`${house.issuer}/account/passkeys`)
  await expect(page.getByRole('link', { name: /^Remove/ })).toHaveCount(0)

  await follow(page.getByRole('link', { name: 'Add a passkey' }))
  await survey(page, 'account-passkeys-add')
  // One device holds one passkey of an account, so this one is made on another.
  await page.authenticator.replace()
  await page.getByLabel(/^Name/).fill('Security key')
  await page.authenticator.touching(async () => {
    await page.getByRole('button', { name: 'Make the passkey' }).click()
    await page.waitForURL(`${house.issuer}/account/passkeys`)
  })
  await expect(page.getByRole('main')).toContainText('Security key')
  await survey(page, 'account-passkeys-two')

  const row = page.getByRole('listitem').filter({ hasText: 'Security key' })
  await row.getByText('Rename').click()
  await row.getByRole('textbox').fill('Blue key')
  await follow(row.getByRole('button', { name: 'Save' }))
  await expect(page.getByRole('main')).toContainText('Blue key')

  await follow(page.getByRole('link', { name: 'Remove Blue key' }))
  await survey(page, 'account-passkeys-end')
  await confirm(page)
  await expect(page.getByRole('main')).not.toContainText('Blue key')
})

test('makes new recovery codes, which end the old ones', async ({ page, house, person }) => {
  await page.goto(`${house.issuer}/account/codes`)
  await survey(page, 'account-codes')
  await follow(page.getByRole('button', { name: 'Make them' }))
  const codes = await page.getByRole('list', { name: 'Recovery codes' }).getByRole('listitem').allTextContents()
  await survey(page, 'account-codes-shown')
  expect(codes).toHaveLength(10)
  expect(codes.filter((code) => person.codes.includes(code))).toEqual([])
})

test('sees other sessions, and ends one from here', async ({ page, house, person, browser }) => {
  const other = await browser.newContext()
  const phone = await other.newPage()
  try {
    await phone.goto(`${house.issuer}/recover`)
    await phone.getByLabel('Handle').fill(person.handle)
    await phone.getByLabel(/code/i).fill(person.codes[1])
    await phone.getByRole('button', { name: 'Sign in' }).click()
    await phone.waitForURL((url) => url.pathname !== '/recover')

    await page.goto(`${house.issuer}/account/devices`)
    await expect(page.getByText('This one')).toHaveCount(1)
    const rows = page.getByRole('main').getByRole('listitem')
    await expect(rows).toHaveCount(2)
    await survey(page, 'account-devices')
    await follow(rows.filter({ hasNotText: 'This one' }).getByRole('link', { name: /^Sign out/ }))
    await survey(page, 'account-devices-end')
    await confirm(page)
    await expect(page.getByRole('main').getByRole('listitem')).toHaveCount(1)

    await phone.goto(`${house.issuer}/account`)
    await expect(phone.getByRole('heading', { name: 'Sign in' })).toBeVisible()
  } finally {
    await other.close()
  }
})

test('a second identity can be chosen at an app, on the consent page', async ({ page, house, client, person }) => {
  const pen = `pen_${person.handle}`
  await page.goto(`${house.issuer}/account/identities`)
  await follow(page.getByRole('link', { name: 'Add an identity' }))
  await survey(page, 'account-identities-add')
  await page.getByLabel('Name').fill('Pen Name')
  await page.getByLabel('Handle').fill(pen)
  // The verdict moves the button.
  await expect(page.getByLabel('Handle')).toHaveAccessibleDescription(/is free/)
  await follow(page.getByRole('button', { name: 'Add' }))
  await page.goto(`${house.issuer}/account/identities`)
  await expect(page.getByRole('main')).toContainText('Pen Name')
  await survey(page, 'account-identities-two')

  await page.goto(signInUrl(house, house.apps.spa, { code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM', code_challenge_method: 'S256' }))
  await page.getByLabel('As').selectOption({ label: await optionOf(page, pen) })
  await survey(page, 'consent-two-identities')
  await page.getByRole('button', { name: 'Allow' }).click()
  await page.waitForURL(`${client.origin}/callback?code=*`)
  const answer = await page.request.post(`${house.issuer}/api/oauth/token`, {
    form: {
      grant_type: 'authorization_code',
      code: new URL(page.url()).searchParams.get('code'),
      redirect_uri: house.apps.spa.redirect_uris[0],
      client_id: house.apps.spa.client_id,
      code_verifier: 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk',
    },
  })
  expect((await answer.json()).user.handle).toBe(pen)
})

/** The page before something ends has one form; its last button does the deed. */
async function confirm(page) {
  await follow(page.getByRole('main').locator('form[method="post"] button').last())
}

async function optionOf(page, text) {
  const labels = await page.getByLabel('As').locator('option').allTextContents()
  return labels.find((label) => label.includes(text))
}
