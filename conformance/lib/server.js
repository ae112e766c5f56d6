// The real binary in an empty folder, on ports of its own choosing.
//
// Promise: nothing of the caller's environment reaches the server but what is passed here, and `stop` leaves
// neither a process nor a folder behind.

import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync, accessSync, constants } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const READY_WITHIN_MS = 20_000
const APPLIED_WITHIN_MS = 2_000

export const binary = resolve(
  process.env.PROCURA_BIN ?? fileURLToPath(new URL('../../target/debug/procura', import.meta.url)),
)

/** Starts `procura serve` (or the `arguments` given) and answers once it says `ready`. */
export async function startServer({ settings = {}, args = ['serve'], manifest } = {}) {
  try {
    accessSync(binary, constants.X_OK)
  } catch {
    throw new Error(`no binary at ${binary}: build it with "cargo build" or name it in PROCURA_BIN`)
  }
  const folder = mkdtempSync(join(tmpdir(), 'procura-'))
  const env = {
    PATH: process.env.PATH,
    HOME: folder,
    TMPDIR: folder,
    PROCURA_LISTEN: '127.0.0.1:0',
    PROCURA_OPS_LISTEN: '127.0.0.1:0',
    PROCURA_RATE_LIMITS: 'off',
    ...settings,
  }
  const server = new Server(folder, env)
  try {
    await server.start(args)
    if (manifest) await server.apply(manifest)
  } catch (failure) {
    await server.stop()
    throw failure
  }
  return server
}

export class Server {
  #child
  #log = []
  #isStopping = false

  constructor(folder, env) {
    this.folder = folder
    this.env = env
  }

  async start(args) {
    const child = spawn(binary, args, { cwd: this.folder, env: this.env, stdio: ['ignore', 'pipe', 'pipe'] })
    this.#child = child
    const forget = () => child.kill('SIGKILL')
    process.once('exit', forget)
    child.once('exit', () => process.removeListener('exit', forget))
    child.once('exit', (code, signal) => {
      if (!this.#isStopping) console.error(`procura ended by itself (${code ?? signal}):\n${this.log}`)
    })
    createInterface({ input: child.stderr }).on('line', (line) => this.#log.push(line))

    const ready = await new Promise((found, lost) => {
      const timer = setTimeout(() => lost(new Error(`not ready in time:\n${this.log}`)), READY_WITHIN_MS)
      child.once('exit', (code) => lost(new Error(`exit ${code} before ready:\n${this.log}`)))
      child.once('error', lost)
      createInterface({ input: child.stdout }).on('line', (line) => {
        this.#log.push(line)
        const match = /^ready issuer=(\S+) listen=(\S+) ops=(\S+)$/.exec(line)
        if (!match) return
        clearTimeout(timer)
        found(match)
      })
    })
    ;[, this.issuer, this.listen, this.ops] = ready
    this.origin = new URL(this.issuer).origin
  }

  get log() {
    return this.#log.join('\n')
  }

  /** `procura apply -f FILE`: what it printed, as an object of `KIND.KEY.FIELD` → value. Waits until the server knows. */
  async apply(manifest) {
    const file = join(this.folder, 'manifest.toml')
    writeFileSync(file, manifest)
    const printed = await this.run(['apply', '-f', file])
    const values = Object.fromEntries(
      printed
        .split('\n')
        .filter((line) => /^[a-z_]+\.[^=]+=/.test(line))
        .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
    )
    const ids = [...manifest.matchAll(/^client_id = "(app_[0-9a-f]{32})"/gm)].map((match) => match[1])
    for (const id of ids) await this.#knows(id)
    return values
  }

  /** Another subcommand on the same data. Answers what it wrote to stdout. */
  async run(args) {
    const child = spawn(binary, args, { cwd: this.folder, env: this.env, stdio: ['ignore', 'pipe', 'pipe'] })
    let out = ''
    let err = ''
    child.stdout.on('data', (part) => (out += part))
    child.stderr.on('data', (part) => (err += part))
    const code = await new Promise((found) => child.once('close', found))
    if (code !== 0) throw new Error(`procura ${args.join(' ')}: exit ${code}: ${err}`)
    return out
  }

  async stop() {
    const child = this.#child
    this.#isStopping = true
    if (child && child.exitCode === null && child.signalCode === null) {
      const gone = new Promise((found) => child.once('exit', found))
      child.kill('SIGTERM')
      const impatient = setTimeout(() => child.kill('SIGKILL'), 5_000)
      await gone
      clearTimeout(impatient)
    }
    rmSync(this.folder, { recursive: true, force: true })
  }

  async #knows(clientId) {
    const deadline = Date.now() + APPLIED_WITHIN_MS
    for (;;) {
      const answer = await fetch(`${this.issuer}/api/oauth/app/${clientId}`)
      await answer.arrayBuffer()
      if (answer.status === 200) return
      if (Date.now() > deadline) throw new Error(`the running server does not know ${clientId}: ${answer.status}`)
      await new Promise((wake) => setTimeout(wake, 50))
    }
  }
}
