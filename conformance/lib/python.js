// Python with exactly what `python/requirements.txt` names, in a virtual environment of this package.

import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export const room = fileURLToPath(new URL('../', import.meta.url))
export const python = `${room}.venv/bin/python`

const GIVES_UP_AFTER_MS = 120_000

/** Made once, and made anew when that file changes. Suites run side by side: one makes it, the others wait. */
export function prepareVenv() {
  const wanted = readFileSync(`${room}python/requirements.txt`, 'utf8')
  const stamp = `${room}.venv/requirements.txt`
  const isReady = () => existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted
  const lock = `${room}.venv.lock`
  const deadline = Date.now() + GIVES_UP_AFTER_MS
  while (!isReady()) {
    try {
      mkdirSync(lock)
    } catch {
      if (Date.now() > deadline) throw new Error(`somebody else never finished: remove ${lock}`)
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 250)
      continue
    }
    try {
      const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-deps']
      execFileSync('python3', ['-m', 'venv', '--clear', `${room}.venv`], { stdio: 'inherit' })
      execFileSync(python, [...pip, '-r', `${room}python/requirements.txt`], { stdio: 'inherit' })
      writeFileSync(stamp, wanted)
    } finally {
      rmdirSync(lock)
    }
  }
}
