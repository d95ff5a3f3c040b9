"""What Redis does in one step: Lua scripts, each all or nothing."""

from __future__ import annotations

#: Of the data as these scripts write them.
SCHEMA = 1

# Keys of one session: its head, its turns, its owner's list, its name, `ja:meta`, and where the other keys are. Each
# script first sees that the data are still those which this client met (`epoch`), that no later release has migrated
# them since, and that nothing of the session was dropped behind our back.
_NEWER = f"""
local function newer(meta)
  return tonumber(redis.call('HGET', meta, 'schema') or 0) > {SCHEMA}
end
"""
_CHECK = (
    _NEWER
    + """
if redis.call('HGET', KEYS[5], 'epoch') ~= ARGV[1] then return 'EPOCH' end
if newer(KEYS[5]) then return 'NEWER' end
"""
)

CREATE = (
    _CHECK
    + """
if redis.call('EXISTS', KEYS[1]) == 1 then return 'CONFLICT' end
local named = redis.call('GET', KEYS[4])
if named then
  if redis.call('EXISTS', 'ja:s:' .. named) == 1 then return 'CONFLICT' end
  return 'LOST'
end
if redis.call('EXISTS', KEYS[2]) == 1 or redis.call('ZSCORE', KEYS[3], ARGV[2]) then return 'LOST' end
local turns = (#ARGV - 8) / 2
for number = 0, turns - 1 do
  redis.call('HSET', KEYS[2], ARGV[9 + 2 * number], ARGV[10 + 2 * number])
end
redis.call('HSET', KEYS[1], 'data', ARGV[3], 'revision', ARGV[4], 'created_at', ARGV[5], 'turns', turns,
  'name', KEYS[4], 'notebook_id', ARGV[7], 'id', ARGV[8])
redis.call('SET', KEYS[4], ARGV[2])
redis.call('HSET', KEYS[6], 'name', KEYS[4], 'list', KEYS[3])
redis.call('ZADD', KEYS[3], ARGV[6], ARGV[2])
return 'OK'
"""
)

COMMIT = (
    _CHECK
    + """
local head = redis.call('HMGET', KEYS[1], 'revision', 'created_at', 'turns', 'name')
if not head[1] then
  if redis.call('EXISTS', KEYS[2]) == 1 or redis.call('ZSCORE', KEYS[3], ARGV[2]) then return 'LOST' end
  return 'CONFLICT'
end
if tonumber(head[1]) + 1 ~= tonumber(ARGV[4]) or head[2] ~= ARGV[5] then return 'CONFLICT' end
if redis.call('HLEN', KEYS[2]) ~= tonumber(head[3]) then return 'LOST' end
if head[4] ~= KEYS[4] and redis.call('EXISTS', KEYS[4]) == 1 then return 'CONFLICT' end
if ARGV[9] and redis.call('HEXISTS', KEYS[2], ARGV[9]) == 1 then return 'CONFLICT' end
if ARGV[9] then
  redis.call('HSET', KEYS[2], ARGV[9], ARGV[10])
  redis.call('HINCRBY', KEYS[1], 'turns', 1)
end
if head[4] ~= KEYS[4] then
  redis.call('DEL', head[4])
  local list = redis.call('HGET', KEYS[6], 'list')
  if list and list ~= KEYS[3] then redis.call('ZREM', list, ARGV[2]) end
  redis.call('HSET', KEYS[6], 'name', KEYS[4], 'list', KEYS[3])
end
redis.call('HSET', KEYS[1], 'data', ARGV[3], 'revision', ARGV[4], 'name', KEYS[4], 'notebook_id', ARGV[7], 'id', ARGV[8])
redis.call('SET', KEYS[4], ARGV[2])
redis.call('ZADD', KEYS[3], ARGV[6], ARGV[2])
return 'OK'
"""
)

#: KEYS: head, turns, where the others are, meta; ARGV: the key. What is left of one that was partly dropped goes too.
DELETE = (
    _NEWER
    + """
if newer(KEYS[4]) then return 'NEWER' end
local others = redis.call('HMGET', KEYS[3], 'name', 'list')
if others[1] and redis.call('GET', others[1]) == ARGV[1] then redis.call('DEL', others[1]) end
if others[2] then redis.call('ZREM', others[2], ARGV[1]) end
return redis.call('DEL', KEYS[1], KEYS[2], KEYS[3])
"""
)

#: KEYS: turns; ARGV: a turn, the limit. Turns are stored as ``[parent]``, a line break, their JSON text.
PATH = """
local found = {}
local place = ARGV[1]
while place and #found < tonumber(ARGV[2]) do
  local stored = redis.call('HGET', KEYS[1], place)
  if not stored then break end
  local cut = string.find(stored, '\\n', 1, true)
  found[#found + 1] = string.sub(stored, cut + 1)
  local parent = cjson.decode(string.sub(stored, 1, cut - 1))[1]
  place = parent ~= cjson.null and parent or nil
end
return found
"""

#: KEYS: an owner's list; ARGV: the highest activity, how many to skip, how many to scan; then for each of id and
#: notebook whether it matters, and which is wanted. Returns how many were scanned and which was the last.
LIST = """
local listed = redis.call('ZREVRANGEBYSCORE', KEYS[1], ARGV[1], '-inf', 'WITHSCORES', 'LIMIT', ARGV[2], ARGV[3])
local found = {}
for at = 1, #listed, 2 do
  local head = 'ja:s:' .. listed[at]
  local name = redis.call('HMGET', head, 'id', 'notebook_id')
  if (ARGV[4] == '0' or name[1] == ARGV[5]) and (ARGV[6] == '0' or name[2] == ARGV[7]) then
    found[#found + 1] = {listed[at], listed[at + 1], redis.call('HGET', head, 'data'), name[1], name[2]}
  end
end
if #listed == 0 then return {0} end
return {#listed / 2, listed[#listed - 1], listed[#listed], found}
"""
