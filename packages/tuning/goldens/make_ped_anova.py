"""Writes ped-anova.json beside it: PED-ANOVA's importances by Optuna 5 (3.1 has none), of histories made from one formula.

    pip install optuna==5.0.0 && python packages/tuning/goldens/make_ped_anova.py
"""

import json
import pathlib
import warnings

import optuna
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances
from optuna.trial import create_trial

from mulberry import mulberry32, value_of_unit

warnings.filterwarnings("ignore")
HERE = pathlib.Path(__file__).parent
SPACE = {
    "a_float": FloatDistribution(-1.5, 2.5),
    "b_log": FloatDistribution(1e-5, 1e-1, log=True),
    "c_step": FloatDistribution(0.0, 1.0, step=0.125),
    "d_int": IntDistribution(3, 40),
    "e_log_int": IntDistribution(1, 200, log=True),
    "f_int_step": IntDistribution(32, 256, step=32),
    "g_choice": CategoricalDistribution(["sgd", "adam", "adamw"]),
    "h_conditional": FloatDistribution(0, 1),
}


def case(h):
    draw = mulberry32(7000 + h)
    objectives = 2 if h % 4 == 3 else 1
    study = optuna.create_study(directions=["maximize" if h % 2 else "minimize", "minimize"][:objectives])
    for _ in range([5, 20, 64, 150][h % 4]):
        units = [draw() for _ in SPACE]
        params = {name: value_of_unit(d, u) for (name, d), u in zip(SPACE.items(), units)}
        distributions = dict(SPACE)
        if params["g_choice"] != 0:
            del params["h_conditional"], distributions["h_conditional"]
        params["g_choice"] = SPACE["g_choice"].choices[params["g_choice"]]
        values = [(units[0] - 0.3) ** 2 + 0.2 * units[1] * units[3], units[6] - 0.3 * units[2]][:objectives]
        study.add_trial(create_trial(params=params, distributions=distributions, values=values))
    return {"history": h, "importances": get_param_importances(study, evaluator=PedAnovaImportanceEvaluator())}


if __name__ == "__main__":
    cases = [case(h) for h in range(8)]
    (HERE / "ped-anova.json").write_text(json.dumps({"pedAnova": cases}) + "\n")
