/**
 * What Redis runs, one script per operation, each at one moment. Keys of a stream: KEYS[1] its meta hash, KEYS[2] its
 * log (a Redis stream whose ids are `offset-0`), KEYS[3] its ids (sorted by offset). Fields of the meta hash:
 * e epoch, h head, f floor and w why, v last version, t time of the newest, o no kept publication is older than this,
 * l milliseconds the stream lives without being used, k its ttl and x when the keys' expiry is to be set again, i time of
 * the newest id, m marks and d when they are due.
 */

/** What every script on a stream begins with. A stream that ends before a known position of its epoch begins anew. */
const STREAM = `
local meta, log, ids = KEYS[1], KEYS[2], KEYS[3]
local function int(number) return string.format('%.0f', number) end
local function now()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
local function open(fresh, life, epoch, offset)
  local found = redis.call('HMGET', meta, 'e', 'h', 'f', 'w', 'v', 't', 'o', 'l', 'd', 'x', 'k')
  if not found[1] or (found[1] == epoch and tonumber(found[2]) < offset) then
    redis.call('DEL', meta, log, ids)
    redis.call('HSET', meta, 'e', fresh, 'h', '0', 'l', life)
    redis.call('PEXPIRE', meta, life)
    found = { fresh, '0', false, false, false, false, false, life, false, false, false }
  end
  return {
    epoch = found[1], head = tonumber(found[2]), floor = tonumber(found[3] or 0), why = found[4],
    version = found[5], time = tonumber(found[6] or 0), oldest = tonumber(found[7] or 0), life = tonumber(found[8]),
    due = tonumber(found[9] or 0), renew = tonumber(found[10] or 0), ttl = found[11], kept = redis.call('XLEN', log),
    changes = {},
  }
end
local function set(stream, name, value)
  local changes = stream.changes
  changes[#changes + 1] = name
  changes[#changes + 1] = value
end
local function lost(stream, why)
  local floor = stream.head - stream.kept
  if floor <= stream.floor then return end
  stream.floor, stream.why = floor, why
  set(stream, 'f', int(floor))
  set(stream, 'w', why)
end
local function save(stream)
  if #stream.changes > 0 then redis.call('HSET', meta, unpack(stream.changes)) end
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

/**
 * ARGV: fresh epoch, life, known epoch, known offset, topic, publication, id, version, size, ttl, dedupe window, most ids.
 * Gives `0 offset epoch`, or `d …` for a duplicate, or `s …` for a stale version.
 *
 * Ids are forgotten many at a time: a mark says up to which offset they were stored by which time. An eighth of the
 * window passes between marks, and a mark that is older than the window takes the ids before it along. What is done
 * only now and then, to cost less, is done a little late: expiries are longer by as much.
 */
const APPEND = `${STREAM}
local topic, publication, id, version = ARGV[5], ARGV[6], ARGV[7], ARGV[8]
local size, ttl, window, most = tonumber(ARGV[9]), tonumber(ARGV[10]), tonumber(ARGV[11]), tonumber(ARGV[12])
local stream = open(ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]))
local time = math.max(now(), stream.time)
local function forget()
  local found = redis.call('HMGET', meta, 'm', 'i')
  local marks, kept, gone = found[1] or '', {}, nil
  if found[2] then marks = marks .. found[2] .. ':' .. int(stream.head) .. ';' end
  for at, offset in string.gmatch(marks, '(%d+):(%d+);') do
    if tonumber(at) <= time - window then
      gone = offset
    else
      kept[#kept + 1] = at .. ':' .. offset .. ';'
    end
  end
  if gone then redis.call('ZREMRANGEBYSCORE', ids, '-inf', gone) end
  redis.call('HSET', meta, 'm', table.concat(kept))
  redis.call('HDEL', meta, 'i')
end
local isDue = id ~= '' and time >= stream.due
if id ~= '' then
  if isDue then forget() end
  local offset = redis.call('ZSCORE', ids, id)
  if offset then return 'd ' .. int(tonumber(offset)) .. ' ' .. stream.epoch end
end
if version ~= '' and stream.version and tonumber(version) <= tonumber(stream.version) then
  return 's ' .. int(stream.head) .. ' ' .. stream.epoch
end
expire(stream, time, ttl)
stream.head = stream.head + 1
local offset = int(stream.head)
local at = int(time)
local isNew = size > 0 and stream.kept == 0
set(stream, 'h', offset)
set(stream, 't', at)
if size > 0 then
  if isNew then set(stream, 'o', at) end
  redis.call('XADD', log, 'MAXLEN', '=', ARGV[9], offset .. '-0', 't', at, 'd', publication)
  stream.kept = math.min(stream.kept + 1, size)
else
  redis.call('DEL', log)
  stream.kept = 0
end
lost(stream, 'history-trimmed')
if version ~= '' then set(stream, 'v', version) end
if id ~= '' then
  set(stream, 'i', at)
  redis.call('ZADD', ids, offset, id)
  if isDue then
    set(stream, 'd', int(time + window / 8))
    redis.call('PEXPIRE', ids, int(window * 1.5))
  end
end
if stream.head % math.ceil(most / 8) == 0 then
  local many = redis.call('ZCARD', ids) - most
  if many > 0 then redis.call('ZREMRANGEBYRANK', ids, 0, many - 1) end
end
if isNew or time >= stream.renew or ARGV[10] ~= stream.ttl then
  local slack = math.min(ttl, window) / 8
  set(stream, 'x', int(time + slack))
  set(stream, 'k', ARGV[10])
  set(stream, 'l', ARGV[2])
  redis.call('PEXPIRE', log, int(ttl + slack + 1000))
  redis.call('PEXPIRE', meta, int(ARGV[2] + slack))
end
save(stream)
redis.call('PUBLISH', topic, 'p' .. offset .. ' ' .. at .. ' ' .. stream.epoch .. '\\n' .. publication)
return '0 ' .. offset .. ' ' .. stream.epoch
`

/**
 * ARGV: fresh epoch, life, ttl, `since` or `before`, epoch, offset, limit. Gives epoch, head, floor, why it is there,
 * whether there is more, and the log's entries.
 */
const READ = `${STREAM}
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
if redis.call('PTTL', meta) < stream.life / 2 then redis.call('PEXPIRE', meta, stream.life) end
return { stream.epoch, int(stream.head), int(stream.floor), stream.why or '', more and '1' or '0', entries }
`

/** ARGV: fresh epoch, life, known epoch, known offset. Gives `offset epoch`. Who asks still uses the stream. */
const HEAD = `${STREAM}
local stream = open(ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]))
if redis.call('PTTL', meta) < stream.life / 2 then redis.call('PEXPIRE', meta, stream.life) end
return int(stream.head) .. ' ' .. stream.epoch
`

/**
 * Presence: KEYS[1] is the channel's hash of members by session, a member being `place lease since generation\\n…`. The
 * field without a name counts places.
 *
 * ARGV: topic, session, lease, since, member, generation. What is there by a higher generation stays; what is there as it should be
 * is not told again.
 */
const ENTER = `
local members, topic, session, member = KEYS[1], ARGV[1], ARGV[2], ARGV[5]
local there = redis.call('HGET', members, session)
local place, since, change = nil, ARGV[4], 'j'
if there then
  local _, last, generation
  _, last, place, since, generation = string.find(there, '^(%d+) %S+ (%S+) (%S+)\\n')
  if tonumber(generation) > tonumber(ARGV[6]) then return 0 end
  change = string.sub(there, last + 1) == member and '' or 'u'
else
  place = redis.call('HINCRBY', members, '', 1)
end
local head = place .. ' ' .. ARGV[3] .. ' ' .. since .. ' ' .. ARGV[6]
redis.call('HSET', members, session, head .. '\\n' .. member)
if change ~= '' then redis.call('PUBLISH', topic, 'm' .. change .. ' ' .. since .. '\\n' .. member) end
return 1
`

/** What removes members has in common. */
const REMOVE = `
local members, topic = KEYS[1], ARGV[1]
local function remove(session, value)
  redis.call('HDEL', members, session)
  local _, last, since = string.find(value, '^%d+ %S+ (%S+) %S+\\n')
  redis.call('PUBLISH', topic, 'md ' .. since .. '\\n' .. string.sub(value, last + 1))
  if redis.call('HLEN', members) == 1 then redis.call('DEL', members) end
end
`

/** ARGV: topic, session, generation. */
const DEPART = `${REMOVE}
local there = redis.call('HGET', members, ARGV[2])
if not there then return 0 end
local generation = string.match(there, '^%d+ %S+ %S+ (%S+)\\n')
if tonumber(generation) > tonumber(ARGV[3]) then return 0 end
remove(ARGV[2], there)
return 1
`

/** ARGV: topic, lease. Removes the members that are there by this lease, and says how many they were. */
const SWEEP = `${REMOVE}
local all, count = redis.call('HGETALL', members), 0
for i = 1, #all, 2 do
  if string.match(all[i + 1], '^%d+ (%S+) ') == ARGV[2] then
    remove(all[i], all[i + 1])
    count = count + 1
  end
end
return count
`

/** Gives each lease and how many members are there by it. */
const COUNT = `
local leases, counts = {}, {}
for _, value in ipairs(redis.call('HVALS', KEYS[1])) do
  local lease = string.match(value, '^%d+ (%S+) ')
  if lease then
    if not counts[lease] then leases[#leases + 1] = lease end
    counts[lease] = (counts[lease] or 0) + 1
  end
end
local answer = {}
for _, lease in ipairs(leases) do
  answer[#answer + 1] = lease
  answer[#answer + 1] = tostring(counts[lease])
end
return answer
`

export const LUA = {
  append: APPEND,
  read: READ,
  head: HEAD,
  enter: ENTER,
  depart: DEPART,
  sweep: SWEEP,
  count: COUNT,
} as const
export type ScriptName = keyof typeof LUA
