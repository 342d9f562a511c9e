import { expect, test } from 'vitest'
import { Components } from './components.js'

const at = (name: string) => ({ $ref: `#/components/schemas/${name}` })
const named = (id: string) => ({ $ref: `#/definitions/${id}` })

test('a schema stands under its name, or under the next where that is taken', () => {
  const components = new Components()
  expect(components.add('Chat', { type: 'string', $schema: 'x' })).toEqual(at('Chat'))
  expect(components.add('Chat', { type: 'number' })).toEqual(at('Chat2'))
  expect(components.schemas).toEqual({ Chat: { type: 'string' }, Chat2: { type: 'number' } })
})

test('references to itself, to its definitions and into it count from the root of the document', () => {
  const components = new Components()
  components.add('Tree', {
    properties: { left: { $ref: '#' }, right: { $ref: '#/properties/left' }, leaf: named('a~1b%20c') },
    definitions: { 'a/b c': { items: { $ref: '#/definitions/a~1b%20c/title' } } },
  })
  expect(components.schemas).toEqual({
    Tree: { properties: { left: at('Tree'), right: at('Tree/properties/left'), leaf: at('ABC') } },
    ABC: { items: at('ABC/title') },
  })
})

test('a definition that many share is there once', () => {
  const components = new Components()
  const definitions = { User: { id: 'User', type: 'object', properties: { boss: named('User') } } }
  components.add('Chat', { items: named('User'), definitions })
  components.add('Desk', { not: named('User'), $defs: definitions })
  expect(components.schemas).toEqual({
    Chat: { items: at('User') },
    Desk: { not: at('User') },
    User: { type: 'object', properties: { boss: at('User') } },
  })
  expect(components.add('User', { type: 'null' })).toEqual(at('User2'))
})

test('definitions of one name that differ get names of their own, and so do those that refer to them', () => {
  const components = new Components()
  const team = { type: 'array', items: named('User') }
  components.add('Chat', { items: named('Team'), definitions: { Team: team, User: { type: 'string' } } })
  components.add('Desk', { items: named('Team'), definitions: { Team: team, User: { type: 'number' } } })
  expect(components.schemas).toMatchObject({
    Team: { items: at('User') },
    User: { type: 'string' },
    Desk: { items: at('DeskTeam') },
    DeskTeam: { items: at('DeskUser') },
    DeskUser: { type: 'number' },
  })
})

test('definitions whose names come out alike are two', () => {
  const components = new Components()
  components.add('Chat', {
    items: [named('user'), named('User')],
    definitions: { user: { type: 'string' }, User: { type: 'null' } },
  })
  expect(components.schemas).toEqual({
    Chat: { items: [at('User'), at('ChatUser')] },
    User: { type: 'string' },
    ChatUser: { type: 'null' },
  })
})

test('a definition without a name is called after its schema, and none takes the schema’s own', () => {
  const components = new Components()
  components.add('Chat', {
    items: [named('__schema0'), named('Chat'), named('0')],
    definitions: { __schema0: { type: 'string' }, Chat: { type: 'null' }, 0: { type: 'number' } },
  })
  expect(components.schemas).toEqual({
    Chat: { items: [at('ChatSchema0'), at('ChatChat'), at('Chat0')] },
    ChatSchema0: { type: 'string' },
    ChatChat: { type: 'null' },
    Chat0: { type: 'number' },
  })
})

test('a schema that is one of its definitions is that; one with a name stays beside it', () => {
  const components = new Components()
  components.add('Files', { ...named('0'), definitions: { 0: { items: named('0') } } })
  components.add('Chat', { ...named('User'), definitions: { User: { items: named('User') } } })
  expect(components.schemas).toEqual({
    Files: { items: at('Files') },
    Chat: at('User'),
    User: { items: at('User') },
  })
})
