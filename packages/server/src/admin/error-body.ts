import type { MillraceError } from '@millrace/protocol'
import { z } from 'zod'

/** An error as it is told: as readers are told [P9.5]. */
export const ErrorBody = z.object({
  code: z.int().describe('From the table of codes, docs/errors.md'),
  name: z.string().describe('The code’s name'),
  message: z.string().describe('What is wrong, for people'),
  field: z.string().optional().describe('Where it is wrong'),
  retryAfter: z.number().optional().describe('Milliseconds after which it may succeed'),
})

export const bodyOf = ({
  code,
  kind,
  message,
  field,
  retryAfter,
}: MillraceError): z.output<typeof ErrorBody> => ({
  ...{ code, name: kind, message, field, retryAfter },
})
