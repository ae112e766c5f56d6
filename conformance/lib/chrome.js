// Chromium without a screen.

import { existsSync } from 'node:fs'
import { chromium } from 'playwright-core'

export async function startChrome() {
  const executablePath = process.env.PROCURA_CHROMIUM ?? '/usr/bin/chromium'
  if (!existsSync(executablePath)) throw new Error(`no browser at ${executablePath}: name one in PROCURA_CHROMIUM`)
  const args = ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-component-update']
  return chromium.launch({ executablePath, args })
}
