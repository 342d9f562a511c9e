/**
 * What scripts on streams have in common, see lua.ts. Keys of a stream: KEYS[1] its meta hash; KEYS[2] its log (a Redis stream whose ids
 * are `offset-0`); KEYS[3] its ids (sorted by offset); and if it keeps the newest of each key, in place of the log, KEYS[4] its values
 * (a hash by key) and KEYS[5] their order (keys, sorted by offset).
 *
 * Fields of the meta hash: e epoch, h head, v last version, t time of the newest, l milliseconds the stream lives without being used,
 * i time of the newest id, m marks and d when they are due. Of what is kept, in capitals for what is kept of each key: f floor and w
 * why, o no kept publication is older than this, k its ttl and x when the keys' expiry is to be set again; C how many keys are kept.
 */

/** Names of those fields that are about what is kept. */
export interface KeptFields {
  readonly floor: string
  readonly why: string
  readonly oldest: string
  readonly renew: string
  readonly ttl: string
}

export const NEWEST: KeptFields = { floor: 'f', why: 'w', oldest: 'o', renew: 'x', ttl: 'k' }
export const LATEST: KeptFields = { floor: 'F', why: 'W', oldest: 'O', renew: 'X', ttl: 'K' }

/** What every script on a stream begins with. A stream that ends before a known position of its epoch begins anew. */
export const openStream = ({ floor, why, oldest, renew, ttl }: KeptFields): string => `
local meta, log, ids, values, order = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local function int(number) return string.format('%.0f', number) end
local function now()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
local function open(fresh, life, epoch, offset)
  local found = redis.call('HMGET', meta, 'e', 'h', '${floor}', '${why}', 'v', 't', '${oldest}', 'l', 'd', '${renew}', '${ttl}', 'C')
  if not found[1] or (found[1] == epoch and tonumber(found[2]) < offset) then
    redis.call('DEL', meta, log, ids, values, order)
    redis.call('HSET', meta, 'e', fresh, 'h', '0', 'l', life)
    redis.call('PEXPIRE', meta, life)
    found = { fresh, '0', false, false, false, false, false, life, false, false, false, false }
  end
  return {
    epoch = found[1], head = tonumber(found[2]), floor = tonumber(found[3] or 0), why = found[4],
    version = found[5], time = tonumber(found[6] or 0), oldest = tonumber(found[7] or 0), life = tonumber(found[8]),
    due = tonumber(found[9] or 0), renew = tonumber(found[10] or 0), ttl = found[11], keys = tonumber(found[12] or 0),
    kept = redis.call('XLEN', log), changes = {},
  }
end
local function set(stream, name, value)
  local changes = stream.changes
  changes[#changes + 1] = name
  changes[#changes + 1] = value
end
local function save(stream)
  if #stream.changes > 0 then redis.call('HSET', meta, unpack(stream.changes)) end
end
local function used(stream)
  if redis.call('PTTL', meta) < stream.life / 2 then redis.call('PEXPIRE', meta, stream.life) end
end
`

/** ARGV: fresh epoch, life, known epoch, known offset. Gives `offset epoch`. Who asks still uses the stream. */
export const HEAD = `${openStream(NEWEST)}
local stream = open(ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]))
used(stream)
return int(stream.head) .. ' ' .. stream.epoch
`

/**
 * How scripts that append begin. ARGV: fresh epoch, life, known epoch, known offset, topic, publication, id, version, size, ttl, dedupe
 * window, most ids. They give `0 offset epoch`, or `d …` for a duplicate, `s …` for a stale version, `c …` for a conflict.
 *
 * Ids are forgotten many at a time: a mark says up to which offset they were stored by which time. An eighth of the
 * window passes between marks, and a mark that is older than the window takes the ids before it along. What is done
 * only now and then, to cost less, is done a little late: expiries are longer by as much.
 */
export const beginAppend = (fields: KeptFields): string => `${openStream(fields)}
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
`

/** How scripts that append go on when they have stored the publication; `isNew` says whether nothing was kept before, and `live` sets how long what is kept lives. */
export const endAppend = ({ renew, ttl }: KeptFields): string => `
set(stream, 'h', offset)
set(stream, 't', at)
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
  set(stream, '${renew}', int(time + slack))
  set(stream, '${ttl}', ARGV[10])
  set(stream, 'l', ARGV[2])
  live(int(ttl + slack + 1000))
  redis.call('PEXPIRE', meta, int(ARGV[2] + slack))
end
save(stream)
redis.call('PUBLISH', topic, 'p' .. offset .. ' ' .. at .. ' ' .. stream.epoch .. '\\n' .. publication)
return '0 ' .. offset .. ' ' .. stream.epoch
`
