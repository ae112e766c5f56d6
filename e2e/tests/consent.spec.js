// The page where somebody says yes or no.

import { expect, follow, signInUrl, survey, test } from '../lib/test.js'

test('says who asks, from which host, and for what, in words', async ({ page, house, client, person }) => {
  await page.goto(signInUrl(house, house.apps.notes, { scope: 'openid profile email offline_access' }))
  const main = page.getByRole('main')
  await expect(page.getByRole('heading', { level: 1, name: 'Sign in to Acme Notes?' })).toBeVisible()
  await expect(main).toContainText(new URL(client.origin).host)
  await expect(main).toContainText(person.name)
  await expect(main).toContainText(/your name, handle and picture/i)
  await expect(main).toContainText(/e-mail address/i)
  await expect(main).not.toContainText(/openid|offline_access|scope|token|oauth/i)
  await survey(page, 'consent')

  const [deny, allow] = [page.getByRole('button', { name: 'Deny' }), page.getByRole('button', { name: 'Allow' })]
  const boxes = [await deny.boundingBox(), await allow.boundingBox()]
  expect(boxes[0].width).toBeCloseTo(boxes[1].width, 0)
  expect(boxes[0].height).toBeCloseTo(boxes[1].height, 0)
  expect(boxes[0].height).toBeGreaterThanOrEqual(44)
  expect(boxes[0].x).toBeLessThan(boxes[1].x)
  expect(await deny.evaluate((button) => [button.name, button.value, button.type])).toEqual(['decision', 'deny', 'submit'])
  expect(await allow.evaluate((button) => [button.name, button.value, button.type])).toEqual(['decision', 'allow', 'submit'])
})

test('the form carries the flow and nothing of the request', async ({ page, house, person }) => {
  expect(person.handle).toBeTruthy()
  await page.goto(signInUrl(house, house.apps.notes))
  const html = await page.content()
  for (const word of ['a-state', 'a-nonce', '/callback']) expect(html).not.toContain(word)
})

test('Allow brings a code, state and iss to the app', async ({ page, house, client, person }) => {
  expect(person.handle).toBeTruthy()
  await page.goto(signInUrl(house, house.apps.notes))
  await page.getByRole('button', { name: 'Allow' }).click()
  await page.waitForURL(`${client.origin}/callback?*`)
  const answer = new URL(page.url()).searchParams
  expect(answer.get('code')).toMatch(/^pac_/)
  expect(answer.get('state')).toBe('a-state')
  expect(answer.get('iss')).toBe(house.issuer)
})

test('Deny brings access_denied, and nothing is remembered', async ({ page, house, client, person }) => {
  expect(person.handle).toBeTruthy()
  await page.goto(signInUrl(house, house.apps.notes))
  await page.getByRole('button', { name: 'Deny' }).click()
  await page.waitForURL(`${client.origin}/callback?*`)
  const answer = new URL(page.url()).searchParams
  expect(answer.get('error')).toBe('access_denied')
  expect(answer.get('state')).toBe('a-state')
  expect(answer.has('code')).toBe(false)
  await page.goto(signInUrl(house, house.apps.notes))
  await expect(page.getByRole('button', { name: 'Allow' })).toBeVisible()
})

test('only the difference is asked again', async ({ page, house, client, person }) => {
  expect(person.handle).toBeTruthy()
  await page.goto(signInUrl(house, house.apps.notes, { scope: 'openid' }))
  await page.getByRole('button', { name: 'Allow' }).click()
  await page.waitForURL(`${client.origin}/callback?*`)
  await page.goto(signInUrl(house, house.apps.notes, { scope: 'openid' }))
  await page.waitForURL(`${client.origin}/callback?*`)
  await page.goto(signInUrl(house, house.apps.notes, { scope: 'openid profile' }))
  await expect(page.getByRole('main')).toContainText('New')
  await survey(page, 'consent-more')
})

test('works with the keyboard alone, and focus is always seen', async ({ page, house, client, person }) => {
  expect(person.handle).toBeTruthy()
  await page.goto(signInUrl(house, house.apps.notes))
  const allow = page.getByRole('button', { name: 'Allow' })
  await expect(allow).toBeVisible()
  const seen = []
  for (let presses = 0; presses < 20; presses += 1) {
    await page.keyboard.press('Tab')
    const focus = await page.evaluate(() => {
      const style = getComputedStyle(document.activeElement)
      const name = document.activeElement.textContent.trim() || document.activeElement.name
      return { name, ring: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2 }
    })
    seen.push(focus)
    if (focus.name === 'Allow') break
  }
  expect(seen.at(-1).name).toBe('Allow')
  expect(seen.map((one) => one.name)).toContain('Deny')
  expect(seen.filter((one) => !one.ring)).toEqual([])
  await page.keyboard.press('Enter')
  await page.waitForURL(`${client.origin}/callback?code=*`)
})

test('works without scripts, for Allow and for form_post', async ({ page, house, client, person, browser }) => {
  expect(person.handle).toBeTruthy()
  const plain = await browser.newContext({ javaScriptEnabled: false, storageState: await page.context().storageState() })
  try {
    const still = await plain.newPage()
    await still.goto(signInUrl(house, house.apps.notes))
    await still.screenshot({ path: 'results/shots/consent-no-script.png', fullPage: true })
    await still.getByRole('button', { name: 'Allow' }).click()
    await still.waitForURL(`${client.origin}/callback?code=*`)

    await still.goto(signInUrl(house, house.apps.notes, { response_mode: 'form_post', prompt: 'consent' }))
    await follow(still.getByRole('button', { name: 'Allow' }))
    await still.screenshot({ path: 'results/shots/form-post-no-script.png', fullPage: true })
    const posted = still.waitForRequest(`${client.origin}/callback`)
    await still.getByRole('button').click()
    const answer = new URLSearchParams((await posted).postData())
    expect(answer.get('code')).toMatch(/^pac_/)
    expect(answer.get('state')).toBe('a-state')
  } finally {
    await plain.close()
  }
})

test('form_post leaves by itself when scripts run', async ({ page, house, client, person }) => {
  expect(person.handle).toBeTruthy()
  await page.goto(signInUrl(house, house.apps.notes, { response_mode: 'form_post' }))
  const posted = page.waitForRequest((request) => request.url() === `${client.origin}/callback` && request.method() === 'POST')
  await page.getByRole('button', { name: 'Allow' }).click()
  const answer = new URLSearchParams((await posted).postData())
  expect(answer.get('code')).toMatch(/^pac_/)
  expect(answer.get('iss')).toBe(house.issuer)
  await page.waitForURL(`${client.origin}/callback`)
})

test('a page of ours is never shown in a frame', async ({ page, house, client, person }) => {
  expect(person.handle).toBeTruthy()
  await page.goto(client.origin)
  const url = signInUrl(house, house.apps.notes, { prompt: 'consent' })
  // A frame that the browser leaves empty has loaded too.
  await page.evaluate(async (url) => {
    const frame = document.createElement('iframe')
    frame.src = url
    frame.title = 'framed'
    const loaded = new Promise((found) => frame.addEventListener('load', found))
    document.body.append(frame)
    await loaded
  }, url)
  await expect(page.frameLocator('iframe').getByRole('button', { name: 'Allow' })).toHaveCount(0)
  await page.context().guard.forgive(/frame-ancestors|X-Frame-Options|Refused to (frame|display)|ERR_BLOCKED_BY_RESPONSE|Framing/i)
})
