/** The groups of nodes of a graph that can reach each other, by Tarjan's algorithm: each is a cycle or holds several. */
export function cyclesIn(graph) {
  const state = { index: new Map(), low: new Map(), stack: [], found: [] }
  for (const node of graph.keys()) if (!state.index.has(node)) visit(node, graph, state)
  return state.found
}

function visit(node, graph, state) {
  const { index, low, stack, found } = state
  index.set(node, index.size)
  low.set(node, index.get(node))
  stack.push(node)
  for (const next of graph.get(node) ?? []) {
    if (!index.has(next)) visit(next, graph, state)
    if (stack.includes(next)) low.set(node, Math.min(low.get(node), low.get(next)))
  }
  if (low.get(node) !== index.get(node)) return
  const group = stack.splice(stack.indexOf(node))
  if (group.length > 1 || graph.get(node)?.includes(node)) found.push(group)
}
