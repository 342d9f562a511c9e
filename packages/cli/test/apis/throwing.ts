import { channel, defineApi } from '@millrace/protocol'

export const api = defineApi({ channels: { chat: channel() } })
