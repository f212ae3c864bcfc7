"""Runs `wrk` with a script that draws a new request each time, and reads its figures."""

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from benchmarks.workloads import Workload

SCRIPT = """
local function lines(path)
  local found = {{}}
  for line in io.lines(path) do found[#found + 1] = line end
  return found
end
local folder = "{folder}/"
local tokens = {signed_in} and lines(folder .. "token")
local bodies = {body} and lines(folder .. {body})
local draws = {{}}
for _, name in ipairs({{{draws}}}) do draws[name] = lines(folder .. name) end

function init(args) math.randomseed({seed}) end

function request()
  local headers = {{}}
  if tokens then headers["Authorization"] = tokens[math.random(#tokens)] end
  if bodies then headers["Content-Type"] = "application/json" end
  local path = string.gsub([=[{path}]=], "{{(%w+)}}", function(name) return draws[name][math.random(#draws[name])] end)
  return wrk.format("{method}", path, headers, bodies and bodies[math.random(#bodies)])
end

function done(summary, latency, requests)
  local failed = summary.errors
  io.write(string.format(
    '\\n{marker}{{"requests":%d,"seconds":%f,"p50":%f,"p99":%f,"refused":%d,"broken":%d}}\\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    failed.status, failed.connect + failed.read + failed.write + failed.timeout))
end
"""
MARKER = "FIGURES "


@dataclass(frozen=True)
class Figures:
    """Of one run. `p50` and `p99` are milliseconds; `refused` counts answers with a status above 399."""

    requests: int
    seconds: float
    p50: float
    p99: float
    refused: int
    broken: int

    @property
    def rate(self) -> float:
        """Requests per second."""
        return self.requests / self.seconds


def measured(workload: Workload, url: str, folder: Path, connections: int, seconds: int) -> Figures:
    """Puts `workload` on the server at `url`; `folder` has a text file for each list it draws from, a value a line."""
    script = folder / "workload.lua"
    script.write_text(_script(workload, folder))
    command = [_wrk(), "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "-s", str(script), url]
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 60)
    line = next((line for line in done.stdout.splitlines() if line.startswith(MARKER)), None)
    if line is None:
        raise RuntimeError(f"wrk gave no figures:\n{done.stdout}{done.stderr}")
    return Figures(**json.loads(line.removeprefix(MARKER)))


def _script(workload: Workload, folder: Path) -> str:
    return SCRIPT.format(
        folder=folder,
        signed_in="true" if workload.signed_in else "false",
        body=f'"{workload.body}"' if workload.body else "false",
        draws=", ".join(f'"{name}"' for name in workload.draws),
        path=workload.path,
        method=workload.method,
        seed=1,
        marker=MARKER,
    )


def _wrk() -> str:
    found = shutil.which("wrk")
    if found is None:
        raise RuntimeError("There is no `wrk` here. `apt install wrk` brings it.")
    return found
