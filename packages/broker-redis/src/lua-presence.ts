/** What Redis runs for presence, see lua.ts. */

/**
 * Presence: KEYS[1] is the channel's hash of members by session, a member being `place lease since generation\\n…`. The
 * field without a name counts places.
 *
 * ARGV: topic, session, lease, since, member, generation. What is there by a higher generation stays; what is there as it should be
 * is not told again.
 */
export const ENTER = `
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
export const DEPART = `${REMOVE}
local there = redis.call('HGET', members, ARGV[2])
if not there then return 0 end
local generation = string.match(there, '^%d+ %S+ %S+ (%S+)\\n')
if tonumber(generation) > tonumber(ARGV[3]) then return 0 end
remove(ARGV[2], there)
return 1
`

/** ARGV: topic, lease. Removes the members that are there by this lease, and says how many they were. */
export const SWEEP = `${REMOVE}
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
export const COUNT = `
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
