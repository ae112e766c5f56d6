// Looks at a page the way different people get it: light and dark, wide and narrow, with the rules of axe-core.

import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect } from '@playwright/test'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const shots = fileURLToPath(new URL('../results/shots/', import.meta.url))
const WIDE = { width: 1280, height: 900 }
const NARROW = { width: 320, height: 720 }

/** Checks the page as it stands in four forms and keeps a picture of each. */
export async function survey(page, name) {
  mkdirSync(shots, { recursive: true })
  // A click answers as soon as the next page begins; half a page breaks rules that the whole one keeps.
  await page.waitForLoadState()
  for (const [width, size] of [['narrow', NARROW], ['wide', WIDE]]) {
    for (const colorScheme of ['dark', 'light']) {
      await page.setViewportSize(size)
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
      await page.evaluate(() => document.fonts.ready.then(() => true))
      await page.screenshot({ path: `${shots}${name}-${width}-${colorScheme}.png`, fullPage: true, animations: 'disabled' })
      const place = `${name}, ${width}, ${colorScheme}`
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
      expect.soft(wide, `${place}: scrolls sideways by px`).toBeLessThanOrEqual(0)
      expect.soft(await violations(page), `${place}: axe`).toEqual([])
    }
  }
}

async function violations(page) {
  await page.evaluate(axe)
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }))
  return violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map((node) => node.html.slice(0, 160)).join(' | ')}`)
}
