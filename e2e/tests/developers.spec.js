// The developers' pages: from nothing to an app that signs people in, and away again.

import { createHash } from 'node:crypto'
import { Authenticator } from '../lib/authenticator.js'
import { expect, follow, registers, signInUrl, survey, test } from '../lib/test.js'

test('creates a confidential app, signs somebody in with it, rotates its secret, deletes it', async ({ page, house, client, person, request }) => {
  expect(person.handle).toBeTruthy()
  await page.goto(`${house.issuer}/developers`)
  await survey(page, 'developers-empty')
  await follow(page.getByRole('link', { name: 'Create an app' }).first())
  await survey(page, 'developers-new')
  const organization = page.getByLabel('Who makes it')
  if (await organization.count()) await organization.fill('Moreau & Co.')
  await page.getByLabel('Name', { exact: true }).fill('Ledger')
  await page.getByLabel('Website').fill(client.origin)

  // Checked as typed.
  const redirect = page.locator('#redirect_uri input').first()
  const refused = {
    'http://ledger.test/callback': /https/,
    'https://ledger.test/callback#part': /fragment|#/i,
    'https://*.ledger.test/callback': /wildcard|\*/i,
    'https://me@ledger.test/callback': /user|@/i,
    'javascript:alert(1)': /./,
    'not an address': /./,
  }
  for (const [typed, said] of Object.entries(refused)) {
    await redirect.fill(typed)
    await expect(redirect).toHaveAttribute('aria-invalid', 'true')
    await expect(redirect).toHaveAccessibleDescription(said)
  }
  await survey(page, 'developers-new-refused')
  const callback = `${client.origin}/callback`
  await redirect.fill(callback)
  await expect(redirect).not.toHaveAttribute('aria-invalid', 'true')
  await expect(redirect).toHaveAccessibleDescription(/^Good/)
  await follow(page.getByRole('button', { name: 'Create' }))

  const clientId = (await page.locator('#client-id').textContent()).trim()
  const secret = (await page.locator('#fresh').textContent()).trim()
  expect(clientId).toMatch(/^app_[0-9a-f]{32}$/)
  expect(secret).toMatch(/^pcs_[\w-]{43,}$/)
  await survey(page, 'developers-secret')
  await follow(page.getByRole('link', { name: 'I have saved it' }))
  await expect(page.locator('#fresh')).toHaveCount(0)
  expect(await page.content()).not.toContain(secret)
  await survey(page, 'developers-app')

  // It works at once.
  const exchange = async (secret) => {
    await page.goto(signInUrl(house, { client_id: clientId, redirect_uris: [callback] }))
    const allow = page.getByRole('button', { name: 'Allow' })
    if (new URL(page.url()).origin === house.origin) await allow.click()
    await page.waitForURL(`${callback}?code=*`)
    const answer = await request.post(`${house.issuer}/api/oauth/token`, {
      headers: { authorization: `Basic ${Buffer.from(`${clientId}:${secret}`).toString('base64')}` },
      form: { grant_type: 'authorization_code', code: new URL(page.url()).searchParams.get('code'), redirect_uri: callback },
    })
    return answer.status()
  }
  expect(await exchange(secret)).toBe(200)

  // Rotation with overlap: both secrets work.
  await page.goto(`${house.issuer}/developers/apps/${clientId}`)
  await follow(page.getByRole('button', { name: 'Rotate' }))
  const second = (await page.locator('#fresh').textContent()).trim()
  expect(second).not.toBe(secret)
  await survey(page, 'developers-rotated')
  expect(await exchange(second)).toBe(200)
  expect(await exchange(secret)).toBe(200)

  // Ending the old one at once.
  await page.goto(`${house.issuer}/developers/apps/${clientId}`)
  await follow(page.getByRole('link', { name: /^End the secret/ }).last())
  await survey(page, 'developers-secret-end')
  await confirm(page)
  expect(await exchange(secret)).toBe(401)
  expect(await exchange(second)).toBe(200)

  await page.goto(`${house.issuer}/developers/apps/${clientId}`)
  await follow(page.getByRole('link', { name: 'Delete this app' }))
  await survey(page, 'developers-delete')
  await confirm(page)
  await page.goto(signInUrl(house, { client_id: clientId, redirect_uris: [callback] }))
  await expect(page.getByRole('button', { name: 'Allow' })).toHaveCount(0)
  await page.context().guard.forgive(/console: Failed to load resource.*400/)
})

test('a public app: no secret, PKCE always; scopes and lifetimes are kept', async ({ page, house, client, person, request }) => {
  expect(person.handle).toBeTruthy()
  const clientId = await creates(page, house, { name: 'Pocket', website: client.origin, callback: `${client.origin}/callback`, isPublic: true })
  await expect(page.locator('#fresh')).toHaveCount(0)
  await expect(page.getByRole('button', { name: 'Rotate' })).toHaveCount(0)

  await follow(page.getByRole('link', { name: 'Scopes' }))
  await survey(page, 'developers-scopes')
  await page.getByRole('checkbox', { name: /^profile/ }).uncheck()
  await follow(page.getByRole('button', { name: 'Save' }))
  await expect(page.getByRole('checkbox', { name: /^profile/ })).not.toBeChecked()

  await follow(page.getByRole('link', { name: 'Tokens' }))
  await page.locator('[name="access_token_ttl_secs"]').fill('7')
  await follow(page.getByRole('button', { name: 'Save' }))
  await expect(page.locator('[name="access_token_ttl_secs"]')).toHaveAttribute('aria-invalid', 'true')
  await expect(page.locator('[name="access_token_ttl_secs"]')).toHaveValue('7')
  await survey(page, 'developers-tokens-refused')
  await page.context().guard.forgive(/console: Failed to load resource.*422/)
  await page.locator('[name="access_token_ttl_secs"]').fill('600')
  await page.locator('[name="id_token_signed_response_alg"]').selectOption('ES256')
  await follow(page.getByRole('button', { name: 'Save' }))
  await expect(page.locator('[name="access_token_ttl_secs"]')).toHaveValue('600')
  await survey(page, 'developers-tokens')

  const verifier = 'a-verifier-that-is-long-enough-for-rfc-7636-4.1'
  const pkce = { code_challenge: createHash('sha256').update(verifier).digest('base64url'), code_challenge_method: 'S256' }
  const app = { client_id: clientId, redirect_uris: [`${client.origin}/callback`] }
  await page.goto(signInUrl(house, app, { ...pkce, scope: 'openid profile' }))
  expect(new URL(page.url()).searchParams.get('error')).toBe('invalid_scope')
  await page.goto(signInUrl(house, app, { ...pkce, scope: 'openid' }))
  await page.getByRole('button', { name: 'Allow' }).click()
  await page.waitForURL(`${client.origin}/callback?code=*`)
  const answer = await request.post(`${house.issuer}/api/oauth/token`, {
    form: {
      grant_type: 'authorization_code',
      code: new URL(page.url()).searchParams.get('code'),
      redirect_uri: `${client.origin}/callback`,
      client_id: clientId,
      code_verifier: verifier,
    },
  })
  const tokens = await answer.json()
  expect(tokens.expires_in).toBe(600)
  expect(JSON.parse(Buffer.from(tokens.id_token.split('.')[0], 'base64url')).alg).toBe('ES256')

  await page.goto(`${house.issuer}/developers/apps/${clientId}/activity`)
  await survey(page, 'developers-activity')
  await page.goto(`${house.issuer}/developers/members`)
  await survey(page, 'developers-members')
  await page.goto(`${house.issuer}/developers`)
  await survey(page, 'developers-apps')
})

test('development mode admits any loopback address, and people are told', async ({ page, house, client, person }) => {
  expect(person.handle).toBeTruthy()
  const clientId = await creates(page, house, { name: 'Workbench', website: 'https://workbench.test', callback: 'https://workbench.test/callback' })
  const loopback = { client_id: clientId, redirect_uris: [`${client.origin}/anything/at/all`] }
  await page.goto(signInUrl(house, loopback))
  await expect(page.getByRole('button', { name: 'Allow' })).toHaveCount(0)
  await page.context().guard.forgive(/console: Failed to load resource.*400/)

  await page.goto(`${house.issuer}/developers/apps/${clientId}`)
  await page.getByRole('checkbox', { name: /Development mode/ }).check()
  await follow(page.getByRole('form', { name: 'Addresses' }).getByRole('button', { name: 'Save' }))
  await expect(page.getByRole('checkbox', { name: /Development mode/ })).toBeChecked()
  await page.goto(signInUrl(house, loopback))
  await expect(page.getByRole('main')).toContainText(/being developed/)
  await survey(page, 'consent-development')
  await page.getByRole('button', { name: 'Allow' }).click()
  await page.waitForURL(`${client.origin}/anything/at/all?code=*`)
})

test("nobody sees or changes another's app", async ({ page, house, client, person, browser }) => {
  expect(person.handle).toBeTruthy()
  const clientId = await creates(page, house, { name: 'Private', website: client.origin, callback: `${client.origin}/callback` })
  const other = await browser.newContext()
  try {
    const stranger = await other.newPage()
    stranger.authenticator = await Authenticator.attach(stranger)
    await registers(stranger, house.issuer, { handle: `s${Date.now().toString(36)}`, name: 'Stranger' })
    const unknown = await stranger.goto(`${house.issuer}/developers/apps/app_${'0'.repeat(32)}`)
    const foreign = await stranger.goto(`${house.issuer}/developers/apps/${clientId}`)
    expect(foreign.status()).toBe(404)
    expect(foreign.status()).toBe(unknown.status())
    await expect(stranger.locator('body')).not.toContainText('Private')
  } finally {
    await other.close()
  }
})

async function creates(page, house, { name, website, callback, isPublic = false }) {
  await page.goto(`${house.issuer}/developers/apps/new`)
  const organization = page.getByLabel('Who makes it')
  if (await organization.count()) await organization.fill('Moreau & Co.')
  await page.getByLabel('Name', { exact: true }).fill(name)
  await page.getByLabel('Website').fill(website)
  if (isPublic) await page.getByRole('radio', { name: /^In a browser/ }).check()
  const redirect = page.locator('#redirect_uri input').first()
  await redirect.fill(callback)
  // The verdict moves the button, perhaps away from under the press.
  await expect(redirect).toHaveAccessibleDescription(/^Good/)
  await follow(page.getByRole('button', { name: 'Create' }))
  return (await page.locator('#client-id').textContent()).trim()
}

async function confirm(page) {
  await follow(page.getByRole('main').locator('form[method="post"] button').last())
}
