import { channel, defineApi } from '@millrace/protocol'

export const chat = defineApi({ channels: { 'chat:{room}': channel() } })
export const news = defineApi({ channels: { 'news:{topic}': channel() } })
export const port = 8080
