import type { Handler } from './services.js'
import { withhold } from './withhold.js'

/** A newer token, so that the session outlives the one it has. [P1.12] What was taken away is decided by it from now on. [H10.6] */
export const refresh: Handler<'refresh'> = async (services, session, { token }) => {
  const expires = await services.admission.refresh(session, token)
  withhold(services, session)
  return { kind: 'refreshed', body: { expires } }
}
