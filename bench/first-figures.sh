#!/usr/bin/env bash
# First figures: durable creates and reads at 32 connections, with access control and audit on,
# beside how many fsyncs a second the same disk gives in the same run.
#   bench/first-figures.sh [SECONDS]
# Needs wrk (Debian package) and python3. Traffic goes to this machine only.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds="${1:-10}"
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$PWD/target}"
cargo build -q --release -p server
program="$CARGO_TARGET_DIR/release/tejido"
folder="$(mktemp -d)"
trap 'kill "$server" 2>/dev/null || true; rm -rf "$folder"' EXIT

echo "machine: $(nproc) cores, $(sed -n 's/model name.*: //p' /proc/cpuinfo | head -1), $(uname -sr)"
python3 - "$folder" <<'PY'
import os, sys, time
handle = os.open(os.path.join(sys.argv[1], "probe"), os.O_CREAT | os.O_WRONLY | os.O_APPEND)
end, count = time.monotonic() + 3, 0
while time.monotonic() < end:
    os.write(handle, b"x" * 4096)
    os.fdatasync(handle)
    count += 1
print(f"fdatasync of 4 KiB appends: {count / 3:.0f}/s")
PY

token="$("$program" token create --role sistema --label bench --data "$folder/data" 2>/dev/null)"
"$program" serve --data "$folder/data" --listen 127.0.0.1:8099 --log error >/dev/null &
server=$!
for _ in $(seq 100); do curl -fs http://127.0.0.1:8099/readyz >/dev/null && break; sleep 0.1; done

cat > "$folder/create.lua" <<LUA
wrk.method = "POST"
wrk.headers["Authorization"] = "Bearer $token"
wrk.headers["Content-Type"] = "application/fhir+json"
local n, tag = 0, tostring({}):gsub("%W", "")
function request()
  n = n + 1
  return wrk.format(nil, "/fhir/Patient", nil, string.format('{"resourceType":"Patient","meta":{"tag":[{"system":"urn:tejido:cs:marca","code":"sintetico"}]},"identifier":[{"system":"urn:example:bench","value":"%s-%d"}],"name":[{"family":"Caal","given":["Rosa","%d"]}],"gender":"female","birthDate":"1990-05-%02d"}', tag, n, n, n % 28 + 1))
end
function done(summary, latency)
  io.write(string.format("creates: %.0f/s, p50 %.1f ms, p99 %.1f ms, not 2xx: %d\n", summary.requests / summary.duration * 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, summary.errors.status))
end
LUA
wrk -t2 -c32 -d"${seconds}s" -s "$folder/create.lua" http://127.0.0.1:8099 | grep creates

id="$(curl -fs -H "Authorization: Bearer $token" "http://127.0.0.1:8099/fhir/Patient?_count=1" | python3 -c 'import json,sys; print(json.load(sys.stdin)["entry"][0]["resource"]["id"])')"
cat > "$folder/read.lua" <<LUA
wrk.headers["Authorization"] = "Bearer $token"
function done(summary, latency)
  io.write(string.format("%s: %.0f/s, p50 %.1f ms, p99 %.1f ms, not 2xx: %d\n", os.getenv("WHAT"), summary.requests / summary.duration * 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, summary.errors.status))
end
LUA
WHAT=reads wrk -t2 -c32 -d"${seconds}s" -s "$folder/read.lua" "http://127.0.0.1:8099/fhir/Patient/$id" | grep reads
WHAT=searches wrk -t2 -c32 -d"${seconds}s" -s "$folder/read.lua" "http://127.0.0.1:8099/fhir/Patient?identifier=urn:example:bench%7Cnone-1" | grep searches
"$program" check --data "$folder/data" --log error 2>/dev/null | tail -1
