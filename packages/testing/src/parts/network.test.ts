import { describe, expect, it } from 'vitest'
import { Host } from './host.js'
import { Connection } from './network.js'
import { Rng } from './rng.js'
import { Timeline } from './timeline.js'

function connect(latency = 10) {
  const timeline = new Timeline()
  const heard: string[] = []
  const end = (name: string) => ({
    frame: (frame: string | Uint8Array) => void heard.push(`${name} ${String(frame)} ${timeline.elapsed}`),
    closed: (code: number) => void heard.push(`${name} closed ${code} ${timeline.elapsed}`),
  })
  const connection = new Connection({
    ...{ timeline, rng: new Rng(1), latency: () => latency },
    ...{ client: new Host('client', timeline), node: new Host('node', timeline) },
    ...{ clientEnd: end('client'), nodeEnd: end('node') },
  })
  return { timeline, heard, connection, node: connection.toNode }
}

describe('a connection', () => {
  it('carries frames in order, each way, and then the close', async () => {
    const { timeline, heard, connection, node } = connect()
    node.send('a')
    node.send('b')
    node.close(1000, '')
    connection.toClient.send(Uint8Array.of(1, 2))
    expect([node.underWay, node.bytes, connection.isOver]).toEqual([2, 2, false])
    await timeline.run(50)
    expect(heard).toEqual(['node a 10', 'node b 10', 'node closed 1000 10', 'client 1,2 10'])
    expect([node.underWay, node.bytes, connection.isOver]).toEqual([0, 0, true])
  })

  it('holds back what is sent until it is healed', async () => {
    const { timeline, heard, node } = connect()
    node.hold()
    node.send('a')
    node.send('b')
    await timeline.run(100)
    expect([heard, node.held]).toEqual([[], 2])
    node.heal()
    await timeline.run(100)
    expect([heard, node.held]).toEqual([['node a 110', 'node b 110'], 0])
  })

  it('that swallowed something carries nothing more that way; one that had nothing to swallow goes on', async () => {
    const { timeline, heard, connection, node } = connect()
    node.swallow()
    node.heal()
    node.send('a')
    await timeline.run(20)
    node.swallow()
    node.send('lost')
    node.heal()
    node.send('late')
    node.close(1000, '')
    connection.toClient.send('b')
    await timeline.run(20)
    expect(heard).toEqual(['node a 10', 'client b 30'])
  })

  it('loses with what it swallows what it held', async () => {
    const { timeline, heard, node } = connect()
    node.hold()
    node.send('a')
    node.swallow()
    node.heal()
    node.send('b')
    await timeline.run(20)
    expect(heard).toEqual([])
  })

  it('that is cut tells whom it is to tell, at once', () => {
    const { heard, connection } = connect()
    connection.cut({ tellsClient: true, tellsNode: false })
    connection.cut({ tellsClient: true, tellsNode: true })
    expect(heard).toEqual(['client closed 1006 0', 'node closed 1006 0'])
  })
})
