import type { Handler } from './services.js'

/** A newer token, so that the session outlives the one it has. [P1.12] */
export const refresh: Handler<'refresh'> = async ({ admission }, session, { token }) => ({
  kind: 'refreshed',
  body: { expires: await admission.refresh(session, token) },
})
