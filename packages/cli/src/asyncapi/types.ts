/** The parts of AsyncAPI 3.0.0 that are written, by its names for them (https://www.asyncapi.com/docs/reference/specification/v3.0.0). */
import type { JsonSchema } from '../schemas/json-schema.js'

/** What AsyncAPI has no word for: `x-millrace-history`. docs/asyncapi.md lists them. */
export interface Extensions {
  readonly [name: `x-millrace-${string}`]: unknown
}

export interface Reference {
  readonly $ref: string
}

export interface Message extends Extensions {
  readonly name: string
  readonly title: string
  readonly summary?: string
  readonly contentType: string
  readonly payload: Reference
}

export interface Channel extends Extensions {
  readonly address: string
  readonly title: string
  readonly description?: string
  readonly parameters?: { readonly [name: string]: { readonly description: string } }
  readonly messages: { readonly [id: string]: Message | Reference }
}

export interface Operation extends Extensions {
  readonly action: 'send' | 'receive'
  readonly channel: Reference
  readonly summary: string
  readonly description?: string
  readonly messages: readonly Reference[]
  readonly reply?: { readonly channel: Reference; readonly messages: readonly Reference[] }
}

export interface Server extends Extensions {
  readonly host: string
  readonly protocol: 'ws' | 'wss'
  readonly pathname: string
  readonly description: string
}

export interface Document extends Extensions {
  readonly asyncapi: '3.0.0'
  readonly info: { readonly title: string; readonly version: string; readonly description: string }
  readonly defaultContentType: 'application/json'
  readonly servers?: { readonly [name: string]: Server }
  readonly channels: { readonly [id: string]: Channel }
  readonly operations: { readonly [id: string]: Operation }
  readonly components: {
    readonly schemas: { readonly [name: string]: JsonSchema }
    readonly messages: { readonly [name: string]: Message }
  }
}
