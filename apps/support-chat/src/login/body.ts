import { HttpProblem } from '@millrace/ui/serve'
import type { z } from 'zod'

/** What was sent, as the schema has it. Throws HttpProblem with the field that is wrong. */
export function bodyOf<S extends z.ZodType>(schema: S, body: unknown): z.output<S> {
  const result = schema.safeParse(body)
  if (result.success) return result.data
  const [issue] = result.error.issues
  throw new HttpProblem(400, `${issue?.path.join('.') || 'body'}: ${issue?.message ?? 'not valid'}`)
}
