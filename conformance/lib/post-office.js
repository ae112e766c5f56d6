// A mail server that keeps what it is given (as much of RFC 5321 as a sender needs).

import { createServer } from 'node:net'

export class PostOffice {
  #server
  #waiting = []
  mails = []

  static async open() {
    const office = new PostOffice()
    office.#server = createServer((socket) => office.#receive(socket))
    await new Promise((found) => office.#server.listen(0, '127.0.0.1', found))
    return office
  }

  get url() {
    return `smtp://127.0.0.1:${this.#server.address().port}`
  }

  /** The next mail to this address, within ten seconds. */
  async mailTo(address) {
    const deadline = Date.now() + 10_000
    for (;;) {
      const mail = this.mails.find((one) => one.to.includes(address) && !one.read)
      if (mail) {
        mail.read = true
        return mail
      }
      if (Date.now() > deadline) throw new Error(`no mail to ${address}`)
      await new Promise((wake) => {
        this.#waiting.push(wake)
        setTimeout(wake, 500)
      })
    }
  }

  close() {
    return new Promise((found) => this.#server.close(found))
  }

  #receive(socket) {
    const say = (line) => socket.write(`${line}\r\n`)
    let mail = { to: [], text: '' }
    let inText = false
    let rest = ''
    say('220 post office')
    socket.on('error', () => socket.destroy())
    socket.setEncoding('utf8').on('data', (part) => {
      const lines = (rest + part).split('\r\n')
      rest = lines.pop()
      for (const line of lines) {
        if (inText && line === '.') {
          inText = false
          this.mails.push(mail)
          mail = { to: [], text: '' }
          this.#waiting.splice(0).forEach((wake) => wake())
          say('250 kept')
        } else if (inText) mail.text += `${line.replace(/^\.\./, '.')}\n`
        else if (/^RCPT TO:/i.test(line)) {
          mail.to.push(/<([^>]+)>/.exec(line)[1])
          say('250 ok')
        } else if (/^DATA/i.test(line)) {
          inText = true
          say('354 go on')
        } else if (/^QUIT/i.test(line)) {
          say('221 bye')
          socket.end()
        } else say(/^EHLO/i.test(line) ? '250-post office\r\n250 8BITMIME' : '250 ok')
      }
    })
  }
}
