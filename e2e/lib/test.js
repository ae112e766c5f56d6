// The rooms of a test: a house (the real binary with registered apps), a browser app beside it, a person in a browser.

import { test as base, expect } from '@playwright/test'
import { app, manifest } from '../../conformance/lib/manifest.js'
import { startServer } from '../../conformance/lib/server.js'
import { Authenticator } from './authenticator.js'
import { startClient } from './client.js'
import { Guard } from './guard.js'

export { expect }
export { survey } from './survey.js'

export const test = base.extend({
  client: [
    async ({}, use) => {
      const client = await startClient()
      await use(client)
      await client.stop()
    },
    { scope: 'worker' },
  ],

  /** The server, with two apps: `house.apps.notes` (confidential) and `house.apps.spa` (public). */
  house: [
    async ({ client }, use) => {
      const fields = {
        website_url: client.origin,
        redirect_uris: [`${client.origin}/callback`],
        post_logout_redirect_uris: [`${client.origin}/signed-out`],
      }
      const apps = {
        notes: app('notes', { ...fields, name: 'Acme Notes' }),
        spa: app('spa', { ...fields, name: 'Parcel', type: 'public' }),
      }
      const server = await startServer({ manifest: manifest(Object.values(apps)) })
      server.apps = apps
      await use(server)
      await server.stop()
    },
    { scope: 'worker', timeout: 30_000 },
  ],

  origins: async ({ house, client }, use) => use([house.origin, client.origin]),

  context: async ({ context, origins }, use) => {
    context.guard = new Guard(context, () => origins)
    await use(context)
    expect(context.guard.take(), 'errors, policy violations and third parties').toEqual([])
  },

  page: async ({ page }, use) => {
    page.authenticator = await Authenticator.attach(page)
    await use(page)
  },

  /** Somebody who has just registered, and is signed in. */
  person: async ({ page, house }, use) => {
    const handle = `p${Math.random().toString(36).slice(2, 12)}`
    const person = await registers(page, house.issuer, { handle, name: 'Ada Moreau' })
    await use(person)
  },
})

/** Registers on the page as a person does, to the end of the codes. */
export async function registers(page, issuer, { handle, name }) {
  await page.goto(`${issuer}/register`)
  await introduces(page, { handle, name })
  await page.authenticator.touching(async () => {
    await page.getByRole('button', { name: 'Make my passkey' }).click()
    await expect(page.getByRole('heading', { name: /Keep these ten codes/ })).toBeVisible()
  })
  const codes = await page.getByRole('list', { name: 'Recovery codes' }).getByRole('listitem').allTextContents()
  await page.getByRole('link', { name: 'I have saved them' }).click()
  await page.waitForURL((url) => url.pathname !== '/register')
  return { handle, name, codes }
}

/** Fills the page for somebody new. The verdict on the handle moves the button, so that a press on its way could miss it. */
export async function introduces(page, { handle, name }) {
  await page.getByLabel('Your name').fill(name)
  await page.getByLabel('Handle').fill(handle)
  await expect(page.getByLabel('Handle')).toHaveAccessibleDescription(/is free/)
}

/** Presses what leads to another page, and waits until that page stands: what the press asks for is done by then. */
export async function follow(control) {
  const page = control.page()
  await page.waitForLoadState()
  await Promise.all([page.waitForEvent('load'), control.click()])
}

/** The URL with which an app of the house asks for a sign-in. */
export function signInUrl(house, { client_id, redirect_uris: [redirect_uri] }, more = {}) {
  return `${house.issuer}/signin?${new URLSearchParams({
    client_id,
    redirect_uri,
    response_type: 'code',
    scope: 'openid profile offline_access',
    state: 'a-state',
    nonce: 'a-nonce',
    ...more,
  })}`
}
