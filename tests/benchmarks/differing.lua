-- Sends requests in turn, none like one before: wrk -s differing.lua URL -- FILE.
-- FILE holds each request's length on a line, then its bytes, in which NUMBER takes the place of another number each time.
dofile(debug.getinfo(1, "S").source:match("^@(.*/)") .. "report.lua")

local NUMBER = "################"
local requests = {}
-- Those of another run differ, too.
local number = os.time() * 1000000

-- Cuts a request where its number goes: the parts are put together again with less work than a search takes.
local function cut(text)
  local parts, start = {}, 1
  while true do
    local first, last = text:find(NUMBER, start, true)
    parts[#parts + 1] = text:sub(start, (first or 0) - 1)
    if not first then
      return parts
    end
    start = last + 1
  end
end

function init(args)
  local file = assert(io.open(args[1], "rb"))
  local length = file:read("*n")
  while length do
    file:read(1)
    requests[#requests + 1] = cut(file:read(length))
    length = file:read("*n")
  end
  file:close()
end

function request()
  number = number + 1
  return table.concat(requests[number % #requests + 1], string.format("%016x", number))
end
