// For a program in a pipe: prints where a person has to go, and waits for where they came back.

import { createInterface } from 'node:readline'

export function ask(url) {
  console.log(url)
  const lines = createInterface({ input: process.stdin })
  return new Promise((found) => lines.once('line', found))
}
