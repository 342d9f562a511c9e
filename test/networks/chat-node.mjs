/**
 * One of several servers of the support chat: `node chat-node.mjs BROKER PORT SECRET TICKETS`. Says `listening PORT` when it is ready. The
 * help desk of each is in its memory, so they begin with the same tickets; conversations are the broker's, which all of them share.
 */
import { createSupportChat, memoryStore, supportChatPages } from '@millrace/support-chat'
import { createSite, listen } from '@millrace/ui/serve'

const [broker, port, secret, tickets] = process.argv.slice(2)
const chat = createSupportChat({ broker, store: { ...memoryStore(JSON.parse(tickets)), secret } })
const site = createSite([...chat.handlers, supportChatPages()])
chat.attach(site)
console.log(`listening ${await listen(site, { port: Number(port), host: '127.0.0.1' })}`)
