#!/usr/bin/env python3
"""Verify the signed JSON files of a consultation, with Python 3.11 and the package `cryptography` alone.

    python3 verify_publication.py [--key NAME+HASH+KEY] FILE...

Give all files of the consultation, oldest first, to verify their chain. `--key` is the city's public key, as the page
of its checkpoints or somebody else shows it; without it, the file's own key is used, which proves nothing of the city.

This file imports nothing of Garant: it computes every formula of docs/campaigns.md again.
"""

import argparse
import base64
import hashlib
import json
import math
import sys
from collections.abc import Iterator, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

DELTA, K, ALPHA = 1e-6, 11, 0.01
CHECK_RHO, COUNTER_RHO = 0.002, 0.02
CLOSE = 6e-5
#: What the note signs, by its hash or in its lines, and what verifies it.
SIGNED = {"publication", "sha256", "previous_sha256", "plan"}
BESIDE = {"note", "log", "public_keys"}
Json = dict[str, Any]


def canonical(value: Any) -> bytes:  # noqa: ANN401 - JSON
    """Return the bytes that hashes are of: keys in order, no blanks, UTF-8 without escapes."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def sha256(value: Any) -> str:  # noqa: ANN401 - JSON
    return hashlib.sha256(canonical(value)).hexdigest()


# Formulas


def sigma(l2: float, rho: float) -> float:
    return l2 / math.sqrt(2 * rho)


def threshold(noise: float) -> int:
    """Return the smallest n for which P(10 + discrete Gaussian >= n) is at most 1 %."""
    most = math.ceil(12 * noise) + 1
    weights = {value: math.exp(-(value**2) / (2 * noise**2)) for value in range(-most, most + 1)}
    tail, whole = 0.0, math.fsum(weights.values())
    for value in range(most, 0, -1):
        tail += weights[value] / whole
        if tail > ALPHA:
            return K + value
    return K


def rounding(noise: float) -> int:
    return 5 if noise < 8 else 10 if noise < 20 else 50


def epsilon(rho: float) -> float:
    """Return the smallest ε whose δ, over the orders a of Rényi, is at most 10⁻⁶ (Canonne, Kamath, Steinke, 2020)."""

    def log_delta(eps: float, log_order: float) -> float:
        order = 1 + math.exp(log_order)
        return (order - 1) * (order * rho - eps) + order * math.log1p(-1 / order) - math.log(order - 1)

    def least(eps: float) -> float:
        low, high = -7.0, 10.0
        for _step in range(80):
            one, other = low + (high - low) / 3, high - (high - low) / 3
            low, high = (low, other) if log_delta(eps, one) < log_delta(eps, other) else (one, high)
        return log_delta(eps, (low + high) / 2)

    low, high = 0.0, rho + 2 * math.sqrt(rho * math.log(1 / DELTA)) + 1
    for _step in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if least(middle) <= math.log(DELTA) else (middle, high)
    return high


# The plan


class Plan:
    def __init__(self, document: Json) -> None:
        self.document = document
        self.dimensions = {one["code"]: one for one in document["dimensions"]}
        self.measures = {one["code"]: one for one in document["measures"]}
        self.tables: list[Json] = document["tables"]

    def cells(self, code: str) -> int:
        """Return the cells of a dimension, without “not given”."""
        one = self.dimensions[code]
        if one["kind"] not in {"zone", "zone_pair"}:
            return len(one["cells"])
        zones = self.document["zoning"]["zones"]
        parents = {zone["code"]: zone.get("parent") for zone in zones}
        level, found = one.get("level", 0), 0
        for zone in parents:
            depth, above = 0, parents[zone]
            while above is not None:
                depth, above = depth + 1, parents[above]
            found += depth == level or (depth < level and zone not in parents.values())
        return found * found if one["kind"] == "zone_pair" else found

    def shape(self, table: Json) -> list[int]:
        return [self.cells(code) + 1 for code in table["dimensions"]]

    def count_sigma(self, table: Json) -> float:
        """Return σ of counts: a table of means spends half of its ρ on them."""
        return sigma(math.sqrt(table["per_resident"]), table["rho"] / (2 if table.get("measure") else 1))

    def sum_sigma(self, table: Json) -> float:
        """Return σ of the sums, in half steps from the middle of the bounds."""
        measure = self.measures[table["measure"]]
        steps = round((measure["high"] - measure["low"]) / measure["step"])
        return sigma(steps * math.sqrt(table["per_resident"]), table["rho"] / 2)

    def is_fitted(self, table: Json) -> bool:
        return table["per_resident"] == 1 and not table.get("measure")

    def margin_sigma(self, key: tuple[str, ...]) -> float:
        """Return σ of a total over `key` by least squares: 1 / σ² is the sum of 1 / σ² of each way to measure it."""
        weights = [1 / sigma(1, CHECK_RHO) ** 2] if not key else []
        for table in filter(self.is_fitted, self.tables):
            sorted_codes = sorted(table["dimensions"])
            if key in {part for size in range(3) for part in combinations(sorted_codes, size)}:
                summed = math.prod(self.shape(table)) / math.prod(self.cells(code) + 1 for code in key)
                weights.append(1 / (summed * self.count_sigma(table) ** 2))
        return math.sqrt(1 / math.fsum(weights))

    def window_rho(self) -> float:
        return math.fsum([CHECK_RHO, *(table["rho"] for table in self.tables)])

    def rho(self) -> float:
        """Return all that one resident spends: tables, a look at their number in each window, milestones."""
        looks = CHECK_RHO * len(self.document["windows"])
        counter = COUNTER_RHO if self.document.get("milestones") else 0.0
        return math.fsum([looks, counter, *(table["rho"] for table in self.tables)])


# What is wrong


def of_note(content: Json, keys: Sequence[str]) -> Iterator[str]:
    """The note: its name, the campaign, the window, the hash, the hash before; an empty line; the signature."""
    text, _empty, line = content["note"].rpartition("\n\n— ")
    text += "\n"
    name, encoded = line.rstrip("\n").split(" ")
    given = base64.b64decode(encoded, validate=True)
    for one in keys or content["public_keys"]:
        known, _hash, raw = one.split("+", 2)
        public = base64.b64decode(raw, validate=True)
        identity = hashlib.sha256(known.encode() + b"\n" + public).digest()[:4]
        if known != name or identity.hex() != _hash or given[:4] != identity or public[:1] != b"\x01":
            continue
        try:
            Ed25519PublicKey.from_public_bytes(public[1:]).verify(given[4:], text.encode())
        except InvalidSignature:
            continue
        break
    else:
        yield "the note is not signed by the key"
    before = content.get("previous_sha256") or "first"
    lines = text.split("\n")
    if lines[0] != name or lines[2:] != [content["publication"]["window"], content["sha256"], before, ""]:
        yield "the note is about another publication"


def of_hashes(content: Json) -> Iterator[str]:
    told = content["publication"]
    if sha256(told) != content["sha256"]:
        yield "the document is not the one of the hash"
    if told["plan_sha256"] != sha256(content["plan"]) or told["campaign"] != content["plan"]["code"]:
        yield "the plan is not the one of the publication"
    if told["previous_sha256"] != (content.get("previous_sha256") or ""):
        yield "it names another publication before it"


def of_figures(content: Json, plan: Plan) -> Iterator[str]:
    told = content["publication"]
    number = int(told["window"].removeprefix("w"))
    if told["date"] < content["plan"]["windows"][number - 1]:
        yield "it was published before its day"
    published = told["outcome"] == "published"
    late = "too_few" if number == len(content["plan"]["windows"]) else "postponed"
    if not published and told["outcome"] != late:
        yield "the outcome is not one of this window"
    rho = plan.window_rho() if published else CHECK_RHO
    yield from of_spending("the publication", told["rho"], told["epsilon_at_delta"], told["delta"], rho)
    noise = plan.margin_sigma(()) if published else sigma(1, CHECK_RHO)
    if abs(told["noisy_n"]["sigma"] - noise) > CLOSE or told["noisy_n"]["value"] % rounding(noise):
        yield "the number of contributions has another noise or rounding"
    if [one["code"] for one in told["tables"]] != ([one["code"] for one in plan.tables] if published else []):
        yield "the tables are not the plan's"
        return
    for one, table in zip(told["tables"], plan.tables, strict=False):
        yield from (f"{table['code']}: {wrong}" for wrong in of_table(one, table, plan))


def of_spending(what: str, rho: float, eps: float, delta: float, due: float) -> Iterator[str]:
    if not math.isclose(rho, due, abs_tol=1e-8):
        yield f"{what}: rho is {rho} instead of {due:.9g}"
    if delta != DELTA or not math.isclose(eps, epsilon(due), rel_tol=1e-3):
        yield f"{what}: epsilon is {eps} at {delta} instead of {epsilon(due):.4f} at {DELTA}"


def of_blocks(content: Json, plan: Plan) -> Iterator[str]:
    """What is stated beside the figures agrees with them and with the plan. From version 2 on, it is signed too."""
    told = content["publication"]
    if told["version"] == 1:
        if content["privacy"]["publication_sha256"] != content["sha256"]:
            yield "privacy: another publication"
    elif unsigned := sorted(set(content) - SIGNED - BESIDE):
        yield f"nobody signed {', '.join(unsigned)}"
    blocks = content if told["version"] == 1 else told["statements"]
    privacy, sheet = blocks["privacy"], blocks["deployment"]
    for name in ("campaign", "window", "date", "plan_sha256"):
        if privacy[name] != told[name]:
            yield f"privacy: another {name}"
    loss = sheet["privacy_loss"]
    for what, one in (("privacy", privacy), ("deployment", loss["privacy_parameters"])):
        yield from of_spending(what, one["rho"], one["epsilon"], one["delta"], plan.rho())
    if loss["by_table"] != {one["code"]: one["rho"] for one in told["tables"]}:
        yield "deployment: another rho of a table"
    if sheet["implementation"]["sigma"] != {one["code"]: one["sigma"] for one in told["tables"]}:
        yield "deployment: another sigma of a table"
    first = next(one["answer"] for one in blocks["nist_sp_800_226"] if one["heading"] == "Privacy parameter")
    if not first.startswith(f"ρ = {privacy['rho']:g}; ε = {privacy['epsilon']} at δ = {privacy['delta']}:"):
        yield "nist_sp_800_226: another rho or epsilon"


def of_table(told: Json, table: Json, plan: Plan) -> Iterator[str]:
    key = tuple(sorted(table["dimensions"]))
    noise = plan.margin_sigma(key) if plan.is_fitted(table) else plan.count_sigma(table)
    if told["rho"] != table["rho"] or told["dimensions"] != table["dimensions"]:
        yield "another rho or other dimensions than the plan's"
    if told["measure"] != table.get("measure"):
        yield "another measure than the plan's"
    if abs(told["sigma"] - noise) > CLOSE:
        yield f"sigma is {told['sigma']} instead of {noise:.4f}"
    if table.get("measure") and abs(told["sum_sigma"] - plan.sum_sigma(table)) > CLOSE:
        yield f"the sigma of sums is {told['sum_sigma']} instead of {plan.sum_sigma(table):.4f}"
    if (told["threshold"], told["rounding"]) != (threshold(noise), rounding(noise)):
        yield f"the threshold and rounding are not {threshold(noise)} and {rounding(noise)}"
    shape = plan.shape(table)
    places = [[one] for one in range(shape[0])]
    if len(shape) == 2:
        places = [[one, other] for [one] in places for other in range(shape[1])]
    if [cell["at"] for cell in told["cells"]] != places:
        yield "the cells are not the plan's"
    for cell in told["cells"]:
        mean = bool(table.get("measure")) and cell["shown"]
        yield from of_count(cell["count"] | {"at": cell["at"], "shown": True} if mean else cell, noise)
        if mean and not cell["low"] <= cell["value"] <= cell["high"]:
            yield f"the mean at {cell['at']} is outside its interval"
    for cell in told["totals"]:
        codes = [code for code, index in zip(table["dimensions"], cell["at"], strict=True) if index is not None]
        noise = plan.margin_sigma(tuple(codes))
        if abs(cell["sigma"] - noise) > CLOSE:
            yield f"the total at {cell['at']} has another noise"
        yield from of_count({name: value for name, value in cell.items() if name != "sigma"}, noise)


def of_count(cell: Json, noise: float) -> Iterator[str]:
    fields = {"at", "shown", "value", "low", "high"} if cell["shown"] else {"at", "shown"}
    if set(cell) != fields:
        yield f"the cell at {cell['at']} has other fields"
    elif cell["shown"]:
        base = rounding(noise)
        if cell["value"] % base or cell["value"] < threshold(noise) - base / 2:
            yield f"the value at {cell['at']} is not rounded to {base}, or is under the threshold"
        if not cell["low"] <= cell["value"] <= cell["high"]:
            yield f"the value at {cell['at']} is outside its interval"


def problems(file: bytes, keys: Sequence[str] = ()) -> list[str]:
    """Return what is wrong with one file, or an empty list. Without `keys`, the file's own verify its signature."""
    try:
        content = json.loads(file)
        # What nobody signed is not computed with.
        if wrong := [*of_note(content, keys), *of_hashes(content)]:
            return wrong
        plan = Plan(content["plan"])
        return [*of_figures(content, plan), *of_blocks(content, plan)]
    except RecursionError:
        return ["the file is not a publication: its JSON is nested too deeply"]
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, StopIteration, ArithmeticError) as error:
        return [f"the file is not a publication: {type(error).__name__}"]


def main() -> int:
    parser = argparse.ArgumentParser(description="Verify the signed JSON files of a consultation's results.")
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="oldest first")
    parser.add_argument("--key", action="append", default=[], help="the city's public key, as name+hash+key")
    options = parser.parse_args()
    contents = [path.read_bytes() for path in options.files]
    wrong = [
        f"{path}: {one}"
        for path, content in zip(options.files, contents, strict=True)
        for one in problems(content, options.key)
    ]
    if not wrong:
        read = [json.loads(content) for content in contents]
        for before, after in zip(read, read[1:], strict=False):
            if after["previous_sha256"] != before["sha256"]:
                wrong.append(f"{after['publication']['window']} names another publication before it")
    if wrong:
        sys.stderr.write("\n".join(wrong) + "\n")
        return 1
    if not options.key:
        sys.stdout.write("The signature was checked with the file's own key: give the city's with --key.\n")
    sys.stdout.write("Verified: hash, plan, signature, budget, noise, thresholds, rounding, hidden cells.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
