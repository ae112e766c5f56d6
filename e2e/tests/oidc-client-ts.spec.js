// oidc-client-ts 3, unmodified, in a browser app on another origin.

import { expect, follow, test } from '../lib/test.js'

test.beforeEach(async ({ page, client }) => {
  await page.goto(client.origin)
  await expect(page.getByText('ready function')).toBeVisible()
})

test('a public app: sign-in, userinfo, refresh, revocation, logout', async ({ page, house, client, person }) => {
  await settle(page, client, house, { scope: 'openid profile offline_access', loadUserInfo: true })
  const user = await signIn(page, client)
  expect(user.profile.preferred_username).toBe(person.handle)
  expect(user.profile.name).toBe(person.name)
  expect(user.profile.iss).toBe(house.issuer)
  expect(user.profile.aud).toBe(house.apps.spa.client_id)
  expect(user.refresh_token).toMatch(/^prt_/)

  const renewed = await page.evaluate(async () => {
    const user = await manager().signinSilent()
    return { ...user }
  })
  expect(renewed.refresh_token).not.toBe(user.refresh_token)
  expect(renewed.access_token).not.toBe(user.access_token)
  expect(renewed.profile.sub).toBe(user.profile.sub)
  expect(await userInfo(page, house, renewed.access_token)).toBe(200)

  await page.evaluate(() => manager().revokeTokens(['access_token', 'refresh_token']))
  expect(await userInfo(page, house, renewed.access_token)).toBe(401)
  await page.context().guard.forgive(/console: Failed to load resource.*401/)

  await page.evaluate(() => void manager().signoutRedirect({ state: 'bye' }))
  const confirm = page.getByRole('button', { name: 'Sign out' })
  await Promise.race([confirm.click().catch(() => {}), page.waitForURL(`${client.origin}/signed-out*`)])
  await page.waitForURL(`${client.origin}/signed-out?state=*`)
  await page.evaluate(() => manager().signoutCallback())
  expect(await page.evaluate(() => manager().getUser())).toBeNull()
  await page.goto(`${house.issuer}/account`)
  await expect(page.getByRole('button', { name: /passkey/i })).toBeVisible()
})

test('silent sign-in in a hidden frame: a code where consent is remembered, login_required where nobody is', async ({
  page,
  house,
  client,
  person,
}) => {
  expect(person.handle).toBeTruthy()
  await settle(page, client, house, { scope: 'openid profile' })
  const user = await signIn(page, client)
  const silent = () =>
    page.evaluate(() => manager().signinSilent({ silentRequestTimeoutInSeconds: 8 }).then((user) => user.profile.sub, (error) => error.error ?? error.message))
  expect(await silent()).toBe(user.profile.sub)
  await page.goto(`${house.issuer}/logout`)
  await follow(page.getByRole('button', { name: 'Sign out' }))
  await page.goto(client.origin)
  expect(await silent()).toBe('login_required')
})

test('a popup', async ({ page, house, client, person }) => {
  await settle(page, client, house, { scope: 'openid profile' })
  const opened = page.waitForEvent('popup')
  const signedIn = page.evaluate(() => manager().signinPopup().then((user) => user.profile.preferred_username))
  const popup = await opened
  await popup.getByRole('button', { name: 'Allow' }).click()
  expect(await signedIn).toBe(person.handle)
})

test('Quick: the origin is the client id', async ({ page, house, client, person }) => {
  await settle(page, client, house, {
    client_id: `origin:${client.origin}`,
    redirect_uri: `${client.origin}/ave/callback`,
    scope: 'openid profile',
    loadUserInfo: true,
  })
  const user = await signIn(page, client, '/ave/callback')
  expect(user.profile.aud).toBe(`origin:${client.origin}`)
  expect(user.profile.preferred_username).toBe(person.handle)
  expect(user.refresh_token).toBeUndefined()
})

async function settle(page, client, house, settings) {
  await page.goto(client.origin)
  await page.evaluate((settings) => (localStorage.settings = JSON.stringify(settings)), {
    authority: house.issuer,
    client_id: house.apps.spa.client_id,
    redirect_uri: `${client.origin}/callback`,
    silent_redirect_uri: `${client.origin}/callback`,
    post_logout_redirect_uri: `${client.origin}/signed-out`,
    automaticSilentRenew: false,
    ...settings,
  })
}

async function signIn(page, client, path = '/callback') {
  await page.evaluate(() => void manager().signinRedirect())
  await page.getByRole('button', { name: 'Allow' }).click()
  await page.waitForURL(`${client.origin}${path}?*`)
  return page.evaluate(async () => ({ ...(await manager().signinCallback()) }))
}

function userInfo(page, house, token) {
  return page.evaluate(
    ([url, token]) => fetch(url, { headers: { authorization: `Bearer ${token}` } }).then((answer) => answer.status),
    [`${house.issuer}/api/oauth/userinfo`, token],
  )
}
