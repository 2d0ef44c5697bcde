"""A load generator for machines without wrk: `python -m bench.generator URL CONNECTIONS SECONDS FILE`.

Slower than wrk, so that it is the generator that limits the fastest baselines: its ratios are kinder to the subject.
"""

import asyncio
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from urllib.parse import urlsplit


@dataclass(slots=True)
class Tally:
    """What the connections saw together; waits in milliseconds."""

    waits: list[float] = field(default_factory=list)
    errors: int = 0

    def percentile(self, percent: int) -> float:
        return sorted(self.waits)[len(self.waits) * percent // 100]


def requests_in(file: Path, host: str) -> list[bytes]:
    """The requests as they go over the wire."""
    pairs = (line.partition(b"\t") for line in file.read_bytes().splitlines())
    return [wire(host, token, body) for token, _, body in pairs]


def wire(host: str, token: bytes, body: bytes) -> bytes:
    """One request as it goes over the wire."""
    head = [b"POST /graphql HTTP/1.1", b"Host: " + host.encode(), b"Content-Type: application/json"]
    head += [b"Authorization: Bearer " + token] if token else []
    head += [b"Content-Length: %d" % len(body), b"", body]
    return b"\r\n".join(head)


async def answer_of(reader: asyncio.StreamReader) -> bytes:
    """The head of the next answer, whose body is read too."""
    head = await reader.readuntil(b"\r\n\r\n")
    lengths = [line.split(b":")[1] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length")]
    await reader.readexactly(int(lengths[0]))
    return head


async def ask(host: str, port: int, requests: Sequence[bytes], first: int, until: float, tally: Tally) -> None:
    """Sends one request after the other on one connection."""
    reader, writer = await asyncio.open_connection(host, port)
    place = first
    while perf_counter() < until:
        started = perf_counter()
        writer.write(requests[place % len(requests)])
        head = await answer_of(reader)
        tally.waits.append(1e3 * (perf_counter() - started))
        tally.errors += not head.startswith(b"HTTP/1.1 2")
        place += 1
    writer.close()


async def main(url: str, connections: int, seconds: float, file: Path) -> None:
    address = urlsplit(url)
    host, port = address.hostname or "127.0.0.1", address.port or 80
    requests = requests_in(file, host)
    tally = Tally()
    started = perf_counter()
    until = started + seconds
    await asyncio.gather(*(ask(host, port, requests, place * 7, until, tally) for place in range(connections)))
    rate = len(tally.waits) / (perf_counter() - started)
    measured = {"rate": rate, "p50": tally.percentile(50), "p99": tally.percentile(99), "errors": tally.errors}
    print(json.dumps(measured))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), Path(sys.argv[4])))
