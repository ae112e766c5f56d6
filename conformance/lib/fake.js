// The provider that `procura fake-provider` plays: accounts to link, an API to call, faults to order.

import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { binary } from './server.js'

const READY_WITHIN_MS = 20_000

export class FakeProvider {
  #child

  /** Asks nobody: Ada allows everything, unless the knobs say otherwise. */
  static async open() {
    const fake = new FakeProvider()
    const child = spawn(binary, ['fake-provider', '--listen', '127.0.0.1:0', '--auto-approve'], {
      env: { PATH: process.env.PATH },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    fake.#child = child
    const forget = () => child.kill('SIGKILL')
    process.once('exit', forget)
    child.once('exit', () => process.removeListener('exit', forget))
    fake.url = await new Promise((found, lost) => {
      const timer = setTimeout(() => lost(new Error('the fake provider is not ready in time')), READY_WITHIN_MS)
      child.once('error', lost)
      child.once('exit', (code) => lost(new Error(`the fake provider ended before it was ready: ${code}`)))
      createInterface({ input: child.stdout }).on('line', (line) => {
        const match = /^ready fake-provider=(\S+)$/.exec(line)
        if (!match) return
        clearTimeout(timer)
        found(match[1])
      })
    })
    return fake
  }

  /** Turns knobs; what is not named stays (`docs/embed/fake-provider.md`). */
  async faults(knobs) {
    return this.#send('POST', '/_faults', knobs)
  }

  /** As it was at the start. */
  async reset() {
    await this.#send('DELETE', '/_faults')
    await this.#send('DELETE', '/_stats')
    await this.faults({ auto_approve: true })
  }

  async stats() {
    return this.#send('GET', '/_stats')
  }

  async close() {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const gone = new Promise((found) => this.#child.once('exit', found))
    this.#child.kill('SIGTERM')
    await gone
  }

  async #send(method, path, body) {
    const answer = await fetch(`${this.url}${path}`, {
      method,
      headers: { 'content-type': 'application/json' },
      body: body && JSON.stringify(body),
    })
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`)
    return answer.headers.get('content-type')?.includes('json') ? answer.json() : undefined
  }
}
