-- Sends calls of which none is like one before: filters, unknown ids and paths, bad credentials, bodies that are refused,
-- GraphQL documents. None changes the world: what a process keeps of them must have a bound.
-- wrk -s unlike.lua URL -- FIRST NUMBER
dofile(debug.getinfo(1, "S").source:match("^@(.*/)") .. "report.lua")

local number = 0
local secoda = {["Authorization"] = "Bearer secoda-token", ["Content-Type"] = "application/json"}
local immuta = {["Authorization"] = "Bearer immuta-token"}
local celigo = {["Authorization"] = "Bearer celigo-token"}
local paradime = {["X-API-KEY"] = "paradime-key", ["X-API-SECRET"] = "paradime-secret", ["Content-Type"] = "application/json"}
local integrations = "/secoda/api/v1/integration/integrations"
local document = '{"query": "{listCustomIntegrations {ok n%d: integrations {uid}}}"}'

local often = {
  function() return wrk.format("GET", integrations .. "?type=type-" .. number, secoda) end,
  function() return wrk.format("GET", integrations .. "/" .. number, secoda) end,
  function() return wrk.format("GET", integrations, {["Authorization"] = "Bearer token-" .. number}) end,
  function() return wrk.format("GET", "/immuta/dictionary/" .. number, immuta) end,
  function() return wrk.format("GET", "/celigo/v1/integrations/" .. number, celigo) end,
}
-- These take long: a million calls would take hours if each were one of them.
local seldom = {
  function() return wrk.format("GET", "/secoda/api/v1/unknown/" .. number, secoda) end,
  function() return wrk.format("POST", integrations, secoda, '{"name": [' .. number .. ']}') end,
  function() return wrk.format("POST", "/paradime/graphql", paradime, document:format(number)) end,
}

function init(args)
  number = tonumber(args[1])
end

function request()
  number = number + 1
  if number % 20 == 0 then
    return seldom[number / 20 % #seldom + 1]()
  end
  return often[number % #often + 1]()
end
