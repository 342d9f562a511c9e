/** `@millrace/server/admin`: keys for backends, and the description of what they may ask. */
export { type ApiKey, type ApiKeys, openApiDocument, SCOPES, type Scope } from './admin/index.js'
export type { OpenApiOptions } from './admin/openapi.js'
export { createApiKey, type NewApiKey } from './node/api-key.js'
export type { AdminOptions } from './options.js'
