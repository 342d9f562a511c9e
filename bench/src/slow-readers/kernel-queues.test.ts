import { expect, it } from 'vitest'
import { viewOf } from './kernel-queues.js'

const TABLE = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0
   1: 0100007F:1F90 0100007F:C350 01 00001000:00000005 00:00000000 00000000     0        0 2 1 0 20 4 30 10 -1
   2: 0100007F:C350 0100007F:1F90 01 00000007:00000200 00:00000000 00000000     0        0 3 1 0 20 4 30 10 -1
   3: 0100007F:1F90 0100007F:C351 04 00FF0000:00000000 00:00000000 00000000     0        0 4 1 0 20 4 30 10 -1
`

it('tells what the server has sent and its reader has not read, and whether it still holds the connection', () => {
  expect(viewOf(TABLE, 8080, 50_000)).toEqual({ queued: 0x1000 + 0x200, isOpen: true })
  expect(viewOf(TABLE, 8080, 50_001)).toEqual({ queued: 0xff0000, isOpen: false })
  expect(viewOf(TABLE, 8080, 1)).toEqual({ queued: 0, isOpen: false })
})
