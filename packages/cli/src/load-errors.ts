/** Why a module could not be loaded, and what to do about it. */

/** How an application that is written in TypeScript comes to be read, whatever it is written with. */
const WAYS = `Either
  compile it, and name the file that the compiler wrote: millrace api dist/api.js
  or let another loader read it, if it is installed: NODE_OPTIONS='--import tsx' millrace api src/api.ts`

/** For whoever called the program, beginning with the file as they named it. */
export function whyNotLoaded(file: string, thrown: unknown): string {
  const { code, message = String(thrown) } = (thrown ?? {}) as NodeJS.ErrnoException
  const typed = /\.[cm]?tsx?$/.test(file)
  if (code === 'ERR_UNKNOWN_FILE_EXTENSION' && typed)
    return `${file} is TypeScript, which Node ${process.versions.node} does not read; 22.18 and later do. ${WAYS}`
  if (code === 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX')
    return `${file} has TypeScript that Node does not read by itself (${message}). ${WAYS}`
  if (code === 'ERR_MODULE_NOT_FOUND' && typed)
    return `${file} imports what is not there: ${message}. Node takes the names of imported files as they are, and finds no 'x.ts' for 'x.js'. ${WAYS}`
  if (code === 'ERR_MODULE_NOT_FOUND') return `${file} imports what is not there: ${message}`
  // Of these the place is told to nobody who catches them.
  if (thrown instanceof SyntaxError)
    return `${file}, or what it imports, cannot be read: ${message}. Where that is, Node says itself: node ${file}`
  return `${file} failed while it was loaded: ${thrown instanceof Error ? whereOf(thrown) : message}`
}

/** The error with the places in the application's own files, without those of the platform that loaded it. */
const whereOf = ({ stack = '' }: Error): string =>
  stack
    .split('\n')
    .filter((line) => !/^\s+at .*node:/.test(line))
    .join('\n')
