import { call, channel, defineApi } from '@millrace/protocol'
import * as v from 'valibot'

interface Folder {
  name: string
  folders: Folder[]
}
const Folder: v.GenericSchema<Folder> = v.object({
  name: v.string(),
  folders: v.array(v.lazy(() => Folder)),
})

export default defineApi({
  channels: {
    'files:{user}': channel({ message: Folder }),
    'chat:{room}': channel({
      message: v.object({
        text: v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(500)),
        kind: v.picklist(['text', 'note']),
        edited: v.optional(v.boolean(), false),
      }),
    }),
  },
  calls: {
    count: call({
      request: v.pipe(
        v.string(),
        v.minLength(2),
        v.transform((text) => text.length),
      ),
      response: v.pipe(
        v.number(),
        v.integer(),
        v.check((count) => count % 2 === 0),
      ),
    }),
    when: call({ response: v.object({ at: v.date() }) }),
  },
})
