/** `npm run password`: reads a password from standard input, and prints its hash for the file of agents. */
import { createInterface } from 'node:readline'
import { hashPassword } from './passwords.js'

if (process.stdin.isTTY) process.stderr.write('Password, which is shown as you type: ')
for await (const line of createInterface({ input: process.stdin })) {
  if (line === '') {
    console.error('An empty password is none: nothing was hashed')
    process.exitCode = 1
  } else {
    console.log(await hashPassword(line))
  }
  break
}
