import { spawn } from 'node:child_process'
import { ROOT } from './cli.mjs'

/** Runs a script or tool with this Node, and gives its exit code, its output and how long it took in milliseconds. */
export function runNode(args, env = {}) {
  const started = performance.now()
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { cwd: ROOT, env: { ...process.env, ...env } })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8')
      stream.on('data', (text) => {
        output += text
      })
    }
    child.on('close', (code, signal) => {
      resolve({
        code: code ?? 1,
        output: signal === null ? output : `${output}\nended by ${signal}`,
        ms: performance.now() - started,
      })
    })
  })
}
