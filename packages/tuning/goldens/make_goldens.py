"""Writes optuna.json beside it: what Optuna 3.1 and SciPy compute for histories that both sides make from one formula.

    sudo apt-get install --no-install-recommends python3-optuna python3-sklearn
    /usr/bin/python3 packages/tuning/goldens/make_goldens.py

numpy's argsort leaves the order of equal values to the machine (it differs with AVX-512), and which of them has which σ with it.
Here it is made stable, so that the golden is the same everywhere. And a density of Optuna 3.1.0 lacks its 1/σ (`_truncnorm.logpdf`
takes `scale` only for z; later versions do not), so that kernels of different widths weigh wrongly. Here it is put back.
"""

import json
import math
import pathlib
import sys
import warnings

import numpy as np
import optuna
import scipy.special
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.importance._fanova._fanova import _Fanova
from optuna.samplers._tpe import parzen_estimator, sampler as tpe
from optuna.trial import TrialState
from scipy.stats import qmc

from mulberry import mulberry32, value_of_unit

warnings.filterwarnings("ignore")
optuna.logging.set_verbosity(optuna.logging.ERROR)
HERE = pathlib.Path(__file__).parent


class StableNumpy:
    def __getattr__(self, name):
        return getattr(np, name)

    def argsort(self, values):
        return np.argsort(values, kind="stable")


parzen_estimator.np = StableNumpy()
logpdf = parzen_estimator.truncnorm.logpdf
parzen_estimator.truncnorm.logpdf = lambda x, a, b, loc, scale: logpdf(x, a, b, loc, scale) - np.log(scale)


SPACE = {
    "a_float": FloatDistribution(-1.5, 2.5),
    "b_log": FloatDistribution(1e-5, 1e-1, log=True),
    "c_step": FloatDistribution(0.0, 1.0, step=0.125),
    "d_int": IntDistribution(3, 40),
    "e_log_int": IntDistribution(1, 200, log=True),
    "f_int_step": IntDistribution(32, 256, step=32),
    "g_choice": CategoricalDistribution(["sgd", "adam", "adamw"]),
}
LENGTHS = [0, 1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 24, 25, 26, 27, 30, 40, 60, 100]


def history(h, n):
    """n observations of each parameter; those of odd histories lie closer together."""
    draw = mulberry32(1000 + h)
    rows = []
    for _ in range(n):
        row = {}
        for name, d in SPACE.items():
            u = draw()
            row[name] = value_of_unit(d, 0.3 + 0.2 * u if h % 2 else u)
        rows.append(row)
    return {name: np.array([row[name] for row in rows], dtype=float) for name in SPACE}


def points_of(d):
    if isinstance(d, CategoricalDistribution):
        return np.arange(len(d.choices))
    return np.array([value_of_unit(d, (i + 0.5) / 9) for i in range(9)], dtype=float)


def parzen():
    def parameters(multivariate):
        return parzen_estimator._ParzenEstimatorParameters(True, 1.0, True, False, tpe.default_weights, multivariate)

    cases = []
    for h, n in enumerate(LENGTHS):
        observations = history(h, n)
        case = {"history": h, "n": n, "univariate": {}}
        for name, d in SPACE.items():
            e = parzen_estimator._ParzenEstimator({name: observations[name]}, {name: d}, parameters(False))
            case["weights"] = e._weights.tolist()
            case["univariate"][name] = {
                "sigmas": None if e._sigmas[name] is None else e._sigmas[name].tolist(),
                "logDensities": e.log_pdf({name: points_of(d)}).tolist(),
            }
        e = parzen_estimator._ParzenEstimator(observations, SPACE, parameters(True))
        draw = mulberry32(2000 + h)
        points = [{name: value_of_unit(d, draw()) for name, d in SPACE.items()} for _ in range(9)]
        samples = {name: np.array([p[name] for p in points], dtype=int if name == "g_choice" else float) for name in SPACE}
        case["multivariate"] = {
            "sigmas": {name: None if s is None else s[0] for name, s in e._sigmas.items()},
            "logDensities": e.log_pdf(samples).tolist(),
        }
        cases.append(case)
    return cases


def splits():
    """Which trials are below, of histories with pruned, failed and running trials, constraints or two objectives."""
    cases = []
    for h in range(24):
        draw = mulberry32(3000 + h)
        objectives = 2 if h % 4 == 3 else 1
        constrained = h % 4 == 2
        study = optuna.create_study(directions=["maximize" if h % 2 else "minimize", "minimize"][:objectives])
        for number in range([7, 12, 30, 31, 45][h % 5]):
            kind, reports = draw(), {}
            for step in range(int(draw() * 4)):
                v = draw()
                reports[step] = math.nan if v < 0.1 else math.floor(v * 20) / 20
            values = [math.floor(draw() * 20) / 20 for _ in range(objectives)]
            constraints = [math.floor((draw() - 0.6) * 10) / 10 for _ in range(2)]
            told = draw() < 0.9
            state = TrialState.COMPLETE if kind < 0.6 else TrialState.PRUNED if kind < 0.8 else TrialState.FAIL if kind < 0.9 else TrialState.RUNNING
            attrs = {"constraints": constraints} if constrained and told and state != TrialState.RUNNING else {}
            study._storage.create_new_trial(
                study._study_id,
                optuna.trial.FrozenTrial(
                    number=-1, state=state, value=None, values=values if state == TrialState.COMPLETE else None,
                    datetime_start=None, datetime_complete=None, params={"x": 0.5},
                    distributions={"x": FloatDistribution(0, 1)}, user_attrs={}, system_attrs=attrs,
                    intermediate_values=reports if objectives == 1 else {}, trial_id=-1,
                ),
            )
        states = (TrialState.COMPLETE,) if objectives > 1 else (TrialState.COMPLETE, TrialState.PRUNED, TrialState.RUNNING)
        numbers = np.array([t.number for t in study.get_trials(states=states)], dtype=int)
        _, scores, violations = tpe._get_observation_pairs(study, ["x"], True, constrained)
        n = sum(s < math.inf for s, _ in scores)
        below, above = tpe._split_observation_pairs(scores, tpe.default_gamma(n), violations)
        weights = tpe._calculate_weights_below_for_multi_objective(scores, below, violations).tolist() if objectives > 1 else None
        cases.append({"history": h, "told": n, "below": numbers[below].tolist(), "above": numbers[above].tolist(), "weights": weights})
    return cases


PRUNERS = {
    "median": lambda h: optuna.pruners.MedianPruner(n_startup_trials=h % 4, n_warmup_steps=h % 3, interval_steps=1 + h % 2, n_min_trials=1 + h % 2),
    "percentile": lambda h: optuna.pruners.PercentilePruner([10.0, 25.0, 75.0][h % 3], n_startup_trials=1),
    "successiveHalving": lambda h: optuna.pruners.SuccessiveHalvingPruner(min_resource=1 + h % 2, reduction_factor=2 + h % 3, min_early_stopping_rate=h % 2, bootstrap_count=h % 3),
    "successiveHalvingLearned": lambda h: optuna.pruners.SuccessiveHalvingPruner(reduction_factor=2),
    "hyperband": lambda h: optuna.pruners.HyperbandPruner(min_resource=1, max_resource=9 + h % 4, reduction_factor=2 + h % 2),
    "hyperbandLearned": lambda h: optuna.pruners.HyperbandPruner(reduction_factor=3),
    "patient": lambda h: optuna.pruners.PatientPruner(optuna.pruners.MedianPruner(n_startup_trials=1), h % 3, 0.1 * (h % 2)),
    "patientAlone": lambda h: optuna.pruners.PatientPruner(None, 1),
    "threshold": lambda h: optuna.pruners.ThresholdPruner(lower=0.05, upper=0.9, n_warmup_steps=h % 3, interval_steps=1 + h % 3),
}


def pruners():
    """Decisions in the order in which they were asked for, of 200 histories: four trials at a time report in turns."""
    decisions = {name: [] for name in PRUNERS}
    for name, make in PRUNERS.items():
        for h in range(200):
            draw = mulberry32(4000 + h)
            study = optuna.create_study(study_name=f"history {h}", direction="maximize" if h % 2 else "minimize", pruner=make(h))
            running, bits = [], ""
            for _ in range(120):
                if len(running) < 4:
                    running.append([study.ask(), 0])
                pick = int(draw() * len(running))
                trial, step = running[pick]
                v = draw()
                trial.report(math.nan if v < 0.03 else math.floor(v * 50) / 50, step)
                running[pick][1] = step + 1 + int(draw() * 2)
                prune = trial.should_prune()
                bits += "1" if prune else "0"
                if prune and draw() < 0.9:
                    study.tell(trial, state=TrialState.PRUNED)
                    running.pop(pick)
                elif step >= 11:
                    study.tell(trial, draw())
                    running.pop(pick)
            decisions[name].append(format(int("1" + bits, 2), "x"))
    return decisions


def fronts():
    cases = []
    for h in range(9):
        draw = mulberry32(5000 + h)
        d = 2 + h % 3
        points = np.array([[math.floor(draw() * 12) / 12 for _ in range(d)] for _ in range(9)])
        reference = np.full(d, 1.25)
        chosen = optuna._hypervolume._solve_hssp(points, np.arange(len(points)), 4, reference.copy())
        cases.append({
            "history": h,
            "ranks": tpe._calculate_nondomination_rank(points).tolist(),
            "hypervolume": optuna._hypervolume.WFG().compute(points, reference.copy()),
            "subset": optuna._hypervolume.WFG().compute(points[chosen], reference.copy()),
        })
    return cases


def fanova():
    """Forests of scikit-learn and the shares of variance that Optuna computes from them."""
    cases = []
    for h in range(3):
        draw = mulberry32(6000 + h)
        bounds = np.array([[0.0, 2.0], [-1.0, 1.0], [0.0, 1.0], [0.0, 1.0], [0.0, 1.0]])
        columns = [np.array([0]), np.array([1]), np.array([2, 3, 4])]
        X, y = [], []
        for _ in range(24):
            a, b, c = 2 * draw(), 2 * draw() - 1, int(draw() * 3)
            X.append([a, b, *(1.0 if c == k else 0.0 for k in range(3))])
            y.append(a * a + 0.3 * b + (0.8 if c == 1 else 0) * a)
        f = _Fanova(n_trees=4, max_depth=64, min_samples_split=2, min_samples_leaf=1, seed=h)
        f.fit(np.array(X), np.array(y), bounds, columns)
        trees = [
            {
                "feature": e.tree_.feature.tolist(), "threshold": e.tree_.threshold.tolist(), "left": e.tree_.children_left.tolist(),
                "right": e.tree_.children_right.tolist(), "value": e.tree_.value.reshape(-1).tolist(),
            }
            for e in f._forest.estimators_
        ]
        cases.append({"trees": trees, "bounds": bounds.tolist(), "columns": [c.tolist() for c in columns], "importances": [f.get_importance(k)[0] for k in range(3)]})
    return cases


def normal():
    xs = [-37.5, -20.5, -19.9, -8.0, -6.1, -5.0, -2.9, -1.3, -0.9, -0.3, -1e-9, 0.0, 0.2, 0.85, 1.2, 1.3, 2.5, 3.7, 5.5, 8.1]
    ps = [1e-300, 1e-40, 1e-12, 1e-5, 0.02, 0.07, 0.2, 0.5, 0.6, 0.9, 0.93, 0.999, 0.9999999]
    return {
        "x": xs, "erfc": scipy.special.erfc(xs).tolist(), "cdf": scipy.special.ndtr(xs).tolist(), "logCdf": scipy.special.log_ndtr(xs + [-100.0, -1000.0]).tolist(),
        "p": ps, "quantile": scipy.special.ndtri(ps).tolist(),
    }


def sobol():
    points = qmc.Sobol(64, scramble=False, bits=32).random(1001)
    return {str(i): points[i].tolist() for i in (0, 1, 2, 3, 5, 77, 1000)}


if __name__ == "__main__":
    assert optuna.__version__.startswith("3.1"), f"Optuna {optuna.__version__}: these are goldens of 3.1"
    sections = (normal, sobol, parzen, splits, pruners, fronts, fanova)
    text = ",\n".join(f'"{make.__name__}": {json.dumps(make())}' for make in sections)
    (HERE / "optuna.json").write_text("{\n" + text + "\n}\n")
    print(f"{len(text)} bytes", file=sys.stderr)
