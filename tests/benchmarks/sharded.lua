-- Sends a request to one sandbox after the other: wrk -s sharded.lua URL -- COUNT [METHOD [FILE WITH THE BODY]].
-- The sandboxes are shard-1 to shard-COUNT.
dofile(debug.getinfo(1, "S").source:match("^@(.*/)") .. "report.lua")

local requests, number = {}, 0

function init(args)
  wrk.method = args[2] or "GET"
  if args[3] then
    local file = assert(io.open(args[3], "rb"))
    wrk.body = file:read("*a")
    file:close()
  end
  for shard = 1, tonumber(args[1]) do
    requests[shard] = wrk.format(nil, "/~shard-" .. shard .. wrk.path)
  end
end

function request()
  number = number % #requests + 1
  return requests[number]
end
