import { conclude, readOptions } from './lib/cli.mjs'
import { checkDocs } from './lib/docs.mjs'
import { repository } from './lib/sources.mjs'

readOptions(`
Usage: node scripts/check-docs.mjs

Checks what the documents say against the files: links lead to files and headings that are there, code below a comment that
names a file (<!-- examples/chat.mjs -->) is that file, and docs/dependencies.md has every dependency with its reason.
`)

conclude(checkDocs(repository()))
