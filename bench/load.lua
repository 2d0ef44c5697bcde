-- wrk's script: sends the requests of a file, a line each with its token and its body, one after the other.

local requests = {}
local last = 0

function init(args)
  for line in io.lines(args[1]) do
    local token, body = line:match("^([^\t]*)\t(.*)$")
    local headers = { ["Content-Type"] = "application/json" }
    if token ~= "" then
      headers["Authorization"] = "Bearer " .. token
    end
    requests[#requests + 1] = wrk.format("POST", "/graphql", headers, body)
  end
end

function request()
  last = last % #requests + 1
  return requests[last]
end

function done(summary, latency)
  local faults = summary.errors
  print(string.format(
    '{"rate": %f, "p50": %f, "p99": %f, "errors": %d}',
    summary.requests / (summary.duration / 1e6),
    latency:percentile(50) / 1e3,
    latency:percentile(99) / 1e3,
    faults.connect + faults.read + faults.write + faults.status + faults.timeout
  ))
end
