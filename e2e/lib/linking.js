// Linking an account in the demo: the window of the issuer, the fake provider, and the account page where it ends.

import { expect } from '@playwright/test'
import { FAKE, ISSUER } from './demo.js'
import { follow } from './test.js'

/** Opens the window of Notes. */
export async function opens(page) {
  const [window] = await Promise.all([page.waitForEvent('popup'), page.getByRole('button', { name: /^Link/ }).click()])
  await expect(window.getByRole('heading', { level: 1 })).toContainText('Connect your accounts to')
  return window
}

/** Links the calendar in the window, and nothing else. The page at Notes loads again when it is done. */
export async function connects(page) {
  const window = await opens(page)
  await picks(window, 'Fake calendar')
  await window.getByRole('button', { name: 'Continue' }).click()
  await says(window, 'Allow')
  await expect(window.getByRole('main')).toContainText('Connected: ada@fake.example')
  await finishes(page, window)
}

export const picks = (window, service) => follow(window.getByRole('link', { name: service }))

/** Answers at the service itself. */
export async function says(page, answer) {
  await page.waitForURL(`${FAKE}/**`)
  await page.getByRole('button', { name: answer }).click()
}

/** Ends the window before all that it offers is linked. */
export async function finishes(page, window) {
  await Promise.all([page.waitForEvent('load'), window.getByRole('button', { name: 'Done' }).click()])
}

/** Removes the calendar, in the account. */
export async function ends(page) {
  await page.goto(`${ISSUER}/account/connections`)
  await follow(page.getByRole('link', { name: /^Remove .*Fake calendar/ }))
  await follow(page.getByRole('main').locator('form[method="post"] button').last())
}
