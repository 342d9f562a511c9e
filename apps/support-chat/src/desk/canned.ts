/** Replies for what is asked every day. `{name}` is the customer's, `{agent}` the agent's. */
const CANNED = [
  { title: 'Greeting', text: 'Hello {name}, this is {agent}. How can I help you?' },
  {
    title: 'Looking into it',
    text: 'Thank you, {name}. I’m looking into it and will be back with you in a minute or two.',
  },
  {
    title: 'Delivery time',
    text: 'Orders leave our workshop within a day and arrive 2 to 4 days later. You get an e-mail with a link to follow the parcel.',
  },
  {
    title: 'Returns',
    text: 'You can return anything within 30 days, used or not. I’ll send you a prepaid label, if you like.',
  },
  { title: 'Anything else?', text: 'Is there anything else I can do for you, {name}?' },
] as const

/** The canned replies, filled in for this conversation. */
export function cannedFor(name: string, agent: string): { title: string; text: string }[] {
  const values: Readonly<Record<string, string>> = { name, agent }
  return CANNED.map(({ title, text }) => ({
    title,
    text: text.replace(/\{(name|agent)\}/g, (_, key: string) => values[key] ?? ''),
  }))
}
