// What no page of ours may ever do: log an error, break its own content policy, or talk to a third party.

import { expect } from '@playwright/test'

export class Guard {
  #complaints = []
  #allowed

  /** `allowed`: the origins that this test serves itself. */
  constructor(context, allowed) {
    this.#allowed = allowed
    context.on('page', (page) => this.#watch(page))
    context.on('request', (request) => {
      const url = new URL(request.url())
      if (!['http:', 'https:', 'ws:', 'wss:'].includes(url.protocol)) return
      if (!this.#allowed().includes(url.origin)) this.#complain(`third party: ${request.method()} ${url}`)
    })
    context.on('response', (response) => {
      if (response.status() >= 500) this.#complain(`${response.status()} ${response.url()}`)
    })
    context.on('weberror', (failure) => this.#complain(`page error: ${failure.error()}`))
  }

  /** What happened since the last time somebody asked. */
  take() {
    return this.#complaints.splice(0)
  }

  /** Takes back the complaints that `expected` matches: a test that provokes a refusal says so. It waits for the first of them. */
  async forgive(expected) {
    await expect.poll(() => this.#complaints.some((complaint) => expected.test(complaint)), { message: `a complaint like ${expected}` }).toBe(true)
    this.#complaints = this.#complaints.filter((complaint) => !expected.test(complaint))
  }

  #watch(page) {
    page.on('console', (message) => {
      if (message.type() === 'error') this.#complain(`console: ${message.text()} (${page.url()})`)
      if (/content security policy/i.test(message.text())) this.#complain(`policy: ${message.text()}`)
    })
  }

  #complain(what) {
    this.#complaints.push(what)
  }
}
