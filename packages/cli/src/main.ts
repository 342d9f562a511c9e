#!/usr/bin/env node
import { run } from './program.js'

// What the application prints while its module is loaded must not get into the document.
const write = process.stdout.write.bind(process.stdout)
process.stdout.write = process.stderr.write.bind(process.stderr)

// Whoever reads may have had enough, as `head` has: no failure of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  process.exit(0)
})

const code = await run(process.argv.slice(2), {
  cwd: process.cwd(),
  out: (text) => write(text),
  err: (text) => process.stderr.write(text),
})

// The application's module may have left timers or connections that would keep the process for ever.
write('', () => process.exit(code))
