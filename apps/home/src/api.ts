/** The home page's one channel: a wheel that everybody on the page turns. */
import { channel, defineApi } from '@millrace/protocol'
import { z } from 'zod'

/** A place on the wheel's stage, in thousandths of its width and height. */
const Place = z.object({ x: z.number().int().min(0).max(1000), y: z.number().int().min(0).max(1000) })

export const WHEEL = 'demo:wheel'

export const api = defineApi({
  channels: {
    'demo:wheel': channel({
      /** A turn says nothing but that it happened: its offset is its number. */
      message: z.object({}),
      ephemeral: Place,
      presence: z.object({}),
      history: { size: 16, ttl: '24h' },
      publish: 'anyone',
      identify: true,
    }),
  },
})
export type HomeApi = typeof api
