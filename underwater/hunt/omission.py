"""What can be left out of a failing history, or put together."""

from __future__ import annotations

from underwater.actions import Action, Bundle
from underwater.aims import merged
from underwater.hunt.attempts import Attempts
from underwater.hunt.retell import Flat, actors_of, simpler_bundles

MOST_PAIRED = 20
"""Acts of a history up to which every two of them are left out together: some tens of replays of a few milliseconds."""


def slice_of(attempts: Attempts, best: Flat) -> Flat:
    """The acts of those that the last act names, then also of those that dealt with them; what names nobody stays."""
    kinds = attempts.kinds
    named = set(actors_of(best[-1][1], kinds))
    for _ in range(2):
        kept = tuple(item for item in best if not (actors := set(actors_of(item[1], kinds))) or actors & named)
        taken = attempts.take(kept) if len(kept) < len(best) else None
        if taken is not None:
            return taken
        named |= {name for _, act in best if named & set(actors_of(act, kinds)) for name in actors_of(act, kinds)}
    return best


def delete(attempts: Attempts, best: Flat) -> Flat:
    """Leave out stretches of acts, long ones first; time is kept by adding it to what follows where that is needed."""
    size = max(1, len(best) // 2)
    while size >= 1:
        end = len(best)
        while end > 0:
            start = max(0, end - size)
            if end == len(best) and start == 0:
                end = start
                continue
            skipped_s = sum(after_s for after_s, _ in best[start:end])
            rest = best[end:]
            candidates = [best[:start] + rest]
            # A second for each act is seldom needed, but may have been what brought the end of an interval nearer.
            if rest and (skipped_s > size or size == 1):
                candidates.append((*best[:start], (rest[0][0] + skipped_s, rest[0][1]), *rest[1:]))
            for candidate in candidates:
                taken = attempts.take(candidate)
                if taken is not None:
                    best = taken
                    break
            end = min(start, len(best))
        size //= 2
    return best


def delete_pairs(attempts: Attempts, best: Flat) -> Flat:
    """Leave out two acts at once that need each other, wherever they stand."""
    second = len(best) - 1 if len(best) <= MOST_PAIRED else 0
    while second > 0:
        for first in range(second - 1, -1, -1):
            taken = attempts.take((*best[:first], *best[first + 1 : second], *best[second + 1 :]))
            if taken is not None:
                best = taken
                second = len(best)
                break
        second -= 1
    return best


def merge(attempts: Attempts, best: Flat) -> Flat:
    """Two deposits, two trades, or an isolation and its margin in one, in the place of the first or the second."""
    second = len(best) - 1
    while second > 0:
        for first in range(second):
            (early_s, one), (late_s, other) = best[first], best[second]
            whole = merged(one, other) if isinstance(one, Action) and isinstance(other, Action) else None
            if whole is None:
                continue
            before, between, behind = best[:first], best[first + 1 : second], best[second + 1 :]
            taken = attempts.take((*before, (early_s, whole), *between, *behind)) or attempts.take(
                (*before, *between, (late_s, whole), *behind)
            )
            if taken is not None:
                best = taken
                break
        second = min(second - 1, len(best) - 1)
    return best


def unbundle(attempts: Attempts, best: Flat) -> Flat:
    """A bundle's actions one by one, or fewer of them."""
    place = 0
    while place < len(best):
        after_s, act = best[place]
        if isinstance(act, Bundle):
            for replacement in simpler_bundles(after_s, act):
                taken = attempts.take((*best[:place], *replacement, *best[place + 1 :]))
                if taken is not None:
                    best = taken
                    break
            else:
                place += 1
        else:
            place += 1
    return best
