import { expect, it } from 'vitest'
import type { ChatMessage } from '../api.js'
import { entryOf } from './entries.js'

const about = (user?: string) => ({ offset: 3, time: 9, from: user === undefined ? undefined : { user } })
const text: ChatMessage = { kind: 'text', id: 'm', text: 'hello' }
const note: ChatMessage = { kind: 'note', id: 'n', note: { event: 'taken', agent: 'Ines' } }

it('takes the author from what the server says, not from the message', () => {
  expect(entryOf(text, about('customer.1'))).toMatchObject({ side: 'customer', author: 'customer.1' })
  expect(entryOf(text, about('agent.ines'))).toMatchObject({ side: 'agent', at: { offset: 3, time: 9 } })
})

it('believes notes of the server only', () => {
  expect(entryOf(note, about())).toMatchObject({ kind: 'note', id: 'n' })
  expect(entryOf(note, about('customer.1'))).toBeUndefined()
})

it('has no entry for a text that nobody known wrote', () => {
  expect(entryOf(text, about())).toBeUndefined()
  expect(entryOf(text, about('visitor.1'))).toBeUndefined()
})
