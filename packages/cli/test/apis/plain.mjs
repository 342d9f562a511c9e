/** As Node runs it: without a compiler, and with manners that a program must bear. */
import { channel, defineApi } from '@millrace/protocol'
import { z } from 'zod'

// Neither must this get into the document, nor must that keep the program.
console.log('the module is loaded')
setInterval(() => {}, 60_000)

export const api = defineApi({
  channels: { 'chat:{room}': channel({ message: z.object({ text: z.string() }), publish: 'anyone' }) },
})
