#!/usr/bin/env node
/**
 * `node scripts/run-built.mjs WORKSPACE [ARGUMENT…]`: compiles a workspace and what it is made of, then runs its
 * `dist/main.js` with the arguments. Ends as the program ends: with its exit code, or by the signal that ended it.
 */
import { spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../', import.meta.url))

const [workspace, ...args] = process.argv.slice(2)
if (workspace === undefined || !existsSync(join(ROOT, workspace, 'tsconfig.json'))) {
  console.error(
    'usage: node scripts/run-built.mjs WORKSPACE [ARGUMENT…], where WORKSPACE is a folder with a tsconfig.json',
  )
  process.exit(2)
}

// Silent when all is well: what the program prints may be JSON for another program.
const built = spawnSync(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '-b', workspace], {
  cwd: ROOT,
  encoding: 'utf8',
})
if (built.status !== 0) {
  console.error(
    `${built.stdout ?? ''}${built.stderr ?? ''}`.trim() || String(built.error ?? 'the compiler failed'),
  )
  process.exit(1)
}

const child = spawn(process.execPath, [join(ROOT, workspace, 'dist/main.js'), ...args], {
  cwd: ROOT,
  stdio: 'inherit',
})
// Ctrl-C reaches the whole group; this process only waits for the program to end in its own way.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal))
child.on('error', (error) => {
  console.error(error.message)
  process.exitCode = 1
})
child.on('exit', (code, signal) => {
  if (signal === null) process.exitCode = code ?? 1
  else {
    process.removeAllListeners(signal)
    process.kill(process.pid, signal)
  }
})
