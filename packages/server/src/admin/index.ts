export { AdminApi, type AdminApiParts, type AdminRequest } from './admin-api.js'
export type { ApiKey, ApiKeys, Scope } from './api-keys.js'
export { SCOPES } from './api-keys.js'
export { openApiDocument } from './openapi.js'
