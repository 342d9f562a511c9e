/** What Redis runs on streams that keep their newest publications, see lua-stream.ts. */
import { beginAppend, endAppend, NEWEST, openStream } from './lua-stream.js'

/** The log is dense, so its length says where the floor is. */
const EXPIRE = `
local function lost(stream, why)
  local floor = stream.head - stream.kept
  if floor <= stream.floor then return end
  stream.floor, stream.why = floor, why
  set(stream, 'f', int(floor))
  set(stream, 'w', why)
end
local function expire(stream, time, ttl)
  lost(stream, 'history-expired')
  local first = time - ttl
  if stream.oldest >= first then return end
  stream.oldest = time
  local from, gone, more = '-', nil, true
  while more do
    local some = redis.call('XRANGE', log, from, '+', 'COUNT', 32)
    more = #some == 32
    for _, entry in ipairs(some) do
      local at = tonumber(entry[2][2])
      if at >= first then
        stream.oldest, more = at, false
        break
      end
      gone = entry[1]
    end
    if more then from = '(' .. gone end
  end
  if gone then
    stream.kept = stream.kept - redis.call('XTRIM', log, 'MINID', '=', (string.gsub(gone, '%-0$', '-1')))
  end
  set(stream, 'o', int(stream.oldest))
  lost(stream, 'history-expired')
end
`

/** ARGV: see beginAppend. */
export const APPEND = `${beginAppend(NEWEST)}${EXPIRE}
expire(stream, time, ttl)
stream.head = stream.head + 1
local offset, at = int(stream.head), int(time)
local isNew = size > 0 and stream.kept == 0
if size > 0 then
  if isNew then set(stream, 'o', at) end
  redis.call('XADD', log, 'MAXLEN', '=', ARGV[9], offset .. '-0', 't', at, 'd', publication)
  stream.kept = math.min(stream.kept + 1, size)
else
  redis.call('DEL', log)
  stream.kept = 0
end
lost(stream, 'history-trimmed')
local function live(life) redis.call('PEXPIRE', log, life) end
${endAppend(NEWEST)}`

/**
 * ARGV: fresh epoch, life, ttl, `since` or `before`, epoch, offset, limit. Gives epoch, head, floor, why it is there,
 * whether there is more, and the log's entries.
 */
export const READ = `${openStream(NEWEST)}${EXPIRE}
local stream = open(ARGV[1], ARGV[2], '', 0)
expire(stream, now(), tonumber(ARGV[3]))
save(stream)
local offset, limit = tonumber(ARGV[6]), tonumber(ARGV[7])
local from, to, more
if ARGV[4] == 'since' then
  if ARGV[5] ~= stream.epoch or offset > stream.head then offset = 0 end
  from = math.max(offset, stream.floor) + 1
  to = math.min(stream.head, from + limit - 1)
  more = to < stream.head
else
  to = math.min(stream.head, offset - 1)
  from = math.max(stream.floor + 1, to - limit + 1)
  more = from > stream.floor + 1
end
local entries = {}
if from <= to then entries = redis.call('XRANGE', log, int(from) .. '-0', int(to) .. '-0') end
used(stream)
return { stream.epoch, int(stream.head), int(stream.floor), stream.why or '', more and '1' or '0', entries }
`
