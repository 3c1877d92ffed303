"""What `src/testing/formula.ts` computes likewise: uniform numbers, and values made from them."""

import math

from optuna.distributions import CategoricalDistribution, IntDistribution


def mulberry32(seed):
    """The uniform numbers of `formula.ts`."""
    state = seed & 0xFFFFFFFF

    def draw():
        nonlocal state
        state = (state + 0x6D2B79F5) & 0xFFFFFFFF
        t = ((state ^ (state >> 15)) * (1 | state)) & 0xFFFFFFFF
        t = ((t + (((t ^ (t >> 7)) * (61 | t)) & 0xFFFFFFFF)) & 0xFFFFFFFF) ^ t
        return (t ^ (t >> 14)) / 4294967296

    return draw


def value_of_unit(d, u):
    if isinstance(d, CategoricalDistribution):
        return int(u * len(d.choices))
    if isinstance(d, IntDistribution):
        step = 1 if d.log else d.step
        return d.low + int(u * ((d.high - d.low) // step + 1)) * step
    if d.log:
        return math.exp(math.log(d.low) + u * (math.log(d.high) - math.log(d.low)))
    if d.step is not None:
        return d.low + int(u * (round((d.high - d.low) / d.step) + 1)) * d.step
    return d.low + u * (d.high - d.low)
