/**
 * What Redis runs on streams that keep the newest publication of each key, see lua-stream.ts. A value is `offset time v`, or `r` where the
 * key was removed, a line's end, and the publication. Keys are ordered by offset, and so by time too: what has to go is first. What is
 * past its time is none, whether it is there still or not.
 */
import { beginAppend, endAppend, LATEST, openStream } from './lua-stream.js'

/** One append lets go of so many that are past their time: more than it adds, and never very many. */
const EXPIRE_AT_ONCE = 32

/** How many keys there are: none where Redis threw a part of it away, so that nothing is told which is not whole. */
const COUNT = `
local count = redis.call('ZCARD', order)
local isWhole = count == redis.call('HLEN', values)
if not isWhole then count = 0 end
`

/** ARGV: see beginAppend; then the key, the offset that is expected or nothing, and `v` or `r`. */
export const APPEND_LATEST = `${beginAppend(LATEST)}${COUNT}
if not isWhole then redis.call('DEL', values, order) end
local key, expected, kind = ARGV[13], ARGV[14], ARGV[15]
local first = time - ttl
if expected ~= '' then
  local value, offset = redis.call('HGET', values, key), 0
  if value then
    local at, stored, is = string.match(value, '^(%d+) (%d+) (%a)')
    if is == 'v' and tonumber(stored) >= first then offset = tonumber(at) end
  end
  if offset ~= tonumber(expected) then return 'c ' .. int(offset) .. ' ' .. stream.epoch end
end
stream.head = stream.head + 1
local offset, at = int(stream.head), int(time)
local oldest, why = stream.oldest, nil
local isNew = count == 0
if isNew then oldest = time end
if count < stream.keys then why = 'history-expired' end
redis.call('HSET', values, key, offset .. ' ' .. at .. ' ' .. kind .. '\\n' .. publication)
count = count + redis.call('ZADD', order, offset, key)
if stream.kept > 0 then redis.call('DEL', log) end
local function let_go(many, reason)
  why, count = reason, count - many
  while many > 0 do
    local some = redis.call('ZRANGE', order, 0, math.min(many, 1000) - 1)
    redis.call('HDEL', values, unpack(some))
    redis.call('ZREMRANGEBYRANK', order, 0, #some - 1)
    many = many - #some
  end
end
local function expire()
  local gone, fresh = 0, nil
  while not fresh and gone < math.min(count, ${EXPIRE_AT_ONCE}) do
    local some = redis.call('ZRANGE', order, gone, gone + 3)
    for _, value in ipairs(redis.call('HMGET', values, unpack(some))) do
      local stored = tonumber(string.match(value or '', '^%d+ (%d+)') or 0)
      if stored >= first then
        fresh = stored
        break
      end
      gone = gone + 1
    end
  end
  if gone > 0 then let_go(gone, 'history-expired') end
  oldest = fresh or oldest
end
if count > size then let_go(count - size, 'history-trimmed') end
if oldest < first then expire() end
if why then
  set(stream, 'F', offset)
  set(stream, 'W', why)
end
if oldest ~= stream.oldest then set(stream, 'O', int(oldest)) end
if count ~= stream.keys then set(stream, 'C', int(count)) end
local function live(life)
  -- At the same moment, for one is of no use without the other.
  local ends = int(now() + life)
  redis.call('PEXPIREAT', values, ends)
  redis.call('PEXPIREAT', order, ends)
end
${endAppend(LATEST)}`

/**
 * ARGV: fresh epoch, life, ttl, `since` or `before`, epoch, offset, limit. Gives epoch, head, floor, why it is there,
 * whether there is more, and the values.
 */
export const READ_LATEST = `${openStream(LATEST)}${COUNT}
local stream = open(ARGV[1], ARGV[2], '', 0)
local offset, limit = tonumber(ARGV[6]), tonumber(ARGV[7])
local first = math.max(now(), stream.time) - tonumber(ARGV[3])
local function is_fresh(rank)
  local value = redis.call('HGET', values, redis.call('ZRANGE', order, rank, rank)[1])
  return tonumber(string.match(value or '', '^%d+ (%d+)') or 0) >= first
end
local from, to = 0, count - 1
if stream.oldest < first and count > 0 then
  local high = count
  while from < high do
    local middle = math.floor((from + high) / 2)
    if is_fresh(middle) then high = middle else from = middle + 1 end
  end
end
local floor, why = stream.floor, stream.why
if from > 0 or count < stream.keys then floor, why = stream.head, 'history-expired' end
local more
if ARGV[4] == 'since' then
  if ARGV[5] ~= stream.epoch or offset > stream.head then offset = 0 end
  from = math.max(from, redis.call('ZCOUNT', order, '-inf', int(offset)))
  more = to - from >= limit
  to = math.min(to, from + limit - 1)
else
  local oldest = from
  to = math.min(count, redis.call('ZCOUNT', order, '-inf', '(' .. int(offset))) - 1
  from = math.max(oldest, to - limit + 1)
  more = to >= oldest and from > oldest
end
local entries = {}
while from <= to do
  local some = redis.call('ZRANGE', order, int(from), int(math.min(to, from + 999)))
  for _, value in ipairs(redis.call('HMGET', values, unpack(some))) do entries[#entries + 1] = value end
  from = from + 1000
end
used(stream)
return { stream.epoch, int(stream.head), int(floor), why or '', more and '1' or '0', entries }
`
