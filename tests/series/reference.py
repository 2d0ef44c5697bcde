"""A second implementation of synthetic series: slow, in plain Python, by factors instead of sums of logarithms."""

import math
import tomllib
from datetime import date
from hashlib import blake2b
from pathlib import Path
from statistics import NormalDist
from typing import Any

ROOT = Path(__file__).parents[2]
FILE: dict[str, Any] = tomllib.loads((ROOT / "domain/series/industries.toml").read_text("utf-8"))
WORD = 2**64


def philox(key: tuple[int, int], counter: int) -> tuple[int, int, int, int]:
    """One block of Philox 4x64 with ten rounds (Salmon, Moraes, Dror and Shaw 2011)."""
    first, second = key
    block = (counter % WORD, counter // WORD % WORD, 0, 0)
    for _ in range(10):
        one, two = 0xD2E7470EE14C6C93 * block[0], 0xCA5A826395121157 * block[2]
        block = (two // WORD ^ block[1] ^ first, two % WORD, one // WORD ^ block[3] ^ second, one % WORD)
        first, second = (first + 0x9E3779B97F4A7C15) % WORD, (second + 0xBB67AE8584CAA73B) % WORD
    return block


def normals(key: bytes, month: int) -> tuple[float, float]:
    """The two normal numbers of a month, counted from January 2000: each a sum of eight uniform 16-bit numbers."""
    # NumPy counts on before it makes a block.
    words = philox((int.from_bytes(key[:8], "little"), int.from_bytes(key[8:16], "little")), month + 1)
    sums = [
        sum(word >> shift & 0xFFFF for word in pair for shift in (0, 16, 32, 48)) for pair in (words[:2], words[2:])
    ]
    mean, deviation = 8 * 65535 / 2, math.sqrt(8 * (65536**2 - 1) / 12)
    return (sums[0] - mean) / deviation, (sums[1] - mean) / deviation


def point(industry: str, metric: str, company_size: str, region: str, period: date) -> tuple[list[float], int]:
    """The five percentiles of a month, unrounded, and how many companies report."""
    [about] = [one for one in FILE["industries"] if one["name"] == industry]
    [model] = [one for one in about["metrics"] if one["name"] == metric]
    text = "\n".join([industry, metric, company_size, region, str(FILE["version"])])
    key = blake2b(text.encode(), digest_size=24, person=b"paceline series").digest()
    level, width = normals(key, 12 * (period.year - 2000) + period.month - 1)
    months = 12 * (period.year - 2020) + period.month - 1
    season = FILE["seasons"][model["seasons"]]
    middle = math.prod(season) ** (1 / 12)
    factor = (
        (1 + model.get("growth", about["growth"])) ** (months / 12)
        * (season[period.month - 1] / middle) ** model.get("season_strength", 1)
        * FILE["sizes"][model["sizes"]][company_size]
        * FILE["regions"][model["regions"]][region]
        * math.exp(model.get("noise", FILE["noise"]) * level)
    )
    spread = model["spread"] * (1 + 0.03 * width)
    places = [math.exp(spread * NormalDist().inv_cdf(share)) for share in (0.1, 0.25, 0.5, 0.75, 0.9)]
    if model["kind"] == "amount":
        percentiles = [model["typical"] * factor * place for place in places]
    else:
        odds = [model["typical"] / (1 - model["typical"]) * factor * place for place in places]
        percentiles = [one / (1 + one) for one in odds]
    panel = FILE["panel"]
    mean = about["companies"] * panel["sizes"][company_size] * panel["regions"][region]
    length, phase = 36 + key[16] % 25, int.from_bytes(key[17:21], "little") / 2**32
    wave = math.sin(2 * math.pi * (months / length + phase))
    return percentiles, round(mean * (1 + panel["swing"] * wave))
