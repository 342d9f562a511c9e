const EVERY_MS = 2_000

/** Writes progress to stderr: over itself on a terminal, a line every two seconds elsewhere. */
export function createProgress(): (done: number, total: number, failed: number) => void {
  const terminal = process.stderr.isTTY === true
  let last = performance.now()
  return (done, total, failed) => {
    const now = performance.now()
    const over = done === total
    if (!over && now - last < (terminal ? 100 : EVERY_MS)) return
    last = now
    const line = `${done} of ${total} runs, ${failed} failed`
    if (terminal) process.stderr.write(`\r\u001b[K${line}${over ? '\n' : ''}`)
    else process.stderr.write(`${line}\n`)
  }
}
