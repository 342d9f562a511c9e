/** zod/mini brings no converter with its schemas: it is looked for where the application has it. */
import { channel, defineApi } from '@millrace/protocol'
import * as z from 'zod/mini'

export const api = defineApi({
  channels: {
    'chat:{room}': channel({
      message: z.object({ text: z.string().check(z.minLength(1)), at: z.optional(z.date()) }),
    }),
  },
})
