"""Prints regrets of Optuna's TPE as JSON, for `quality.ts`: { function: [[after 50 trials, after 100], … by seed] }.

    /usr/bin/python3 packages/tuning/bench/optuna_regrets.py [--multivariate] [FUNCTION …, all by default] > optuna.json
"""

import json
import math
import os
import sys
import warnings

import optuna

warnings.filterwarnings("ignore")
optuna.logging.set_verbosity(optuna.logging.ERROR)
SEEDS = 50

HARTMANN_A = [[10, 3, 17, 3.5, 1.7, 8], [0.05, 10, 17, 0.1, 8, 14], [3, 3.5, 1.7, 10, 17, 8], [17, 8, 0.05, 10, 0.1, 14]]
HARTMANN_P = [[1312, 1696, 5569, 124, 8283, 5886], [2329, 4135, 8307, 3736, 1004, 9991], [2348, 1451, 3522, 2883, 3047, 6650], [4047, 8828, 8732, 5743, 1091, 381]]
HARTMANN_C = [1, 1.2, 3, 3.2]


def branin(t):
    x, y = t.suggest_float("x", -5, 10), t.suggest_float("y", 0, 15)
    return (y - 5.1 / (4 * math.pi**2) * x * x + 5 / math.pi * x - 6) ** 2 + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x) + 10 - 0.397887357729739


def hartmann(t):
    x = [t.suggest_float(f"x{d}", 0, 1) for d in range(6)]
    inner = [sum(a * (v - p * 1e-4) ** 2 for a, v, p in zip(A, x, P)) for A, P in zip(HARTMANN_A, HARTMANN_P)]
    return 3.322368011391339 - sum(c * math.exp(-s) for c, s in zip(HARTMANN_C, inner))


def rosenbrock(t):
    x = [t.suggest_float(f"x{d}", -5, 10) for d in range(4)]
    return sum(100 * (x[d + 1] - x[d] ** 2) ** 2 + (1 - x[d]) ** 2 for d in range(3))


def mixed(t):
    """What a fine-tuning might look like: each optimizer has its own best rate and depth, and adamw the best of all."""
    optimizer = t.suggest_categorical("optimizer", ["sgd", "adam", "adamw"])
    offset, rate, depth = {"sgd": (0.3, -1.5, 3), "adam": (0.1, -3.5, 6), "adamw": (0, -3, 5)}[optimizer]
    return (
        offset
        + 0.5 * (math.log10(t.suggest_float("rate", 1e-5, 1e-1, log=True)) - rate) ** 2
        + 0.1 * (t.suggest_int("depth", 1, 8) - depth) ** 2
        + 0.5 * ((t.suggest_int("width", 32, 512, step=32) - 256) / 256) ** 2
        + 2 * (t.suggest_float("dropout", 0, 0.6) - 0.2) ** 2
    )


with open(os.path.join(os.path.dirname(__file__), "fine-tuning.json")) as file:
    RECORDED = json.load(file)
LEAST = min(run[-1] for run in RECORDED["runs"])
NEIGHBOURS = 8


def place(parameters):
    """Numbers as shares of their (log) ranges."""
    shares = []
    for value, p in zip(parameters, RECORDED["space"].values()):
        if p["kind"] == "categorical":
            shares.append(value)
        else:
            scale = math.log if p.get("log") else float
            shares.append((scale(value) - scale(p["low"])) / (scale(p["high"]) - scale(p["low"])))
    return shares


POINTS = [(place(run[:-1]), run[-1]) for run in RECORDED["runs"]]


def distance(a, b):
    return math.sqrt(sum(((x != y) * 0.25 if isinstance(x, str) else (x - y) ** 2) for x, y in zip(a, b)))


def suggest(t, name, p):
    if p["kind"] == "categorical":
        return t.suggest_categorical(name, p["choices"])
    kind = t.suggest_float if p["kind"] == "float" else t.suggest_int
    return kind(name, p["low"], p["high"], log=p.get("log", False))


def recorded(t):
    """Real fine-tuning, as recordedRuns of quality.ts has it."""
    here = place([suggest(t, name, p) for name, p in RECORDED["space"].items()])
    near = sorted((distance(here, point), loss) for point, loss in POINTS)[: NEIGHBOURS + 1]
    if near[0][0] == 0:
        return near[0][1] - LEAST
    radius = near[-1][0]
    weights = [((radius - d) / d) ** 2 for d, _ in near[:-1]]
    return sum(w * loss for w, (_, loss) in zip(weights, near)) / sum(weights) - LEAST


def regrets(objective, seed):
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed, multivariate="--multivariate" in sys.argv))
    study.optimize(objective, n_trials=100)
    values = [t.value for t in study.trials]
    return [min(values[:50]), min(values)]


if __name__ == "__main__":
    functions = {"Branin": branin, "Hartmann-6": hartmann, "Rosenbrock-4": rosenbrock, "mixed": mixed, "fine-tuning, recorded": recorded}
    chosen = [name for name in sys.argv[1:] if not name.startswith("--")] or list(functions)
    print(json.dumps({name: [regrets(functions[name], seed) for seed in range(SEEDS)] for name in chosen}))
