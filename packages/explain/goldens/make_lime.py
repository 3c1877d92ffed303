"""Writes lime.json beside it: what scikit-learn's Ridge makes of masks and probabilities, by the steps of LIME.

    sudo apt-get install python3-sklearn
    /usr/bin/python3 packages/explain/goldens/make_lime.py

Forward selection adds, up to six times, the feature with the best R² of Ridge(alpha=0); more features are those with the
greatest coefficients of Ridge(alpha=0.01). The fit is Ridge(alpha=1), weighted by √exp(−D²/0.25²), D the cosine distance.
"""

import json
import pathlib

import numpy as np
import sklearn
from sklearn.linear_model import Ridge
from sklearn.metrics import pairwise_distances

HERE = pathlib.Path(__file__).parent
LABELS = [2, 0]


def case(seed, samples, features, classes):
    random = np.random.RandomState(seed)
    masks = random.randint(0, 2, (samples, features))
    masks[0] = 1
    masks[5] = 0
    logits = masks @ random.normal(0, 0.6, (features, classes))
    logits += 0.5 * masks[:, :1] * masks[:, 1:2] + random.normal(0, 0.1, logits.shape)
    probabilities = np.round(np.exp(logits) / np.exp(logits).sum(1, keepdims=True), 6)
    distances = pairwise_distances(masks, masks[:1], metric="cosine").ravel()
    weights = np.sqrt(np.exp(-(distances**2) / 0.25**2))
    fits = []
    for count in [features, 3, 8]:
        for label in LABELS:
            y = probabilities[:, label]
            chosen = choose(masks, y, weights, count)
            model = Ridge(alpha=1, fit_intercept=True).fit(masks[:, chosen], y, sample_weight=weights)
            dense = np.zeros(features)
            dense[chosen] = model.coef_
            fits.append(
                {
                    "features": count,
                    "label": label,
                    "weights": dense.tolist(),
                    "intercept": model.intercept_,
                    "r2": model.score(masks[:, chosen], y, sample_weight=weights),
                    "localPrediction": model.predict(masks[:1, chosen])[0],
                }
            )
    return {
        "masks": ["".join(map(str, row)) for row in masks],
        "probabilities": probabilities.tolist(),
        "sampleWeights": weights.tolist(),
        "fits": fits,
    }


def choose(masks, y, weights, count):
    features = masks.shape[1]
    if count > 6:
        model = Ridge(alpha=0.01, fit_intercept=True).fit(masks, y, sample_weight=weights)
        return sorted(range(features), key=lambda f: abs(model.coef_[f]), reverse=True)[:count]
    chosen = []
    for _ in range(count):
        scores = {}
        for feature in range(features):
            if feature not in chosen:
                some = masks[:, chosen + [feature]]
                scores[feature] = Ridge(alpha=0).fit(some, y, sample_weight=weights).score(some, y, sample_weight=weights)
        chosen.append(max(scores, key=scores.get))
    return chosen


cases = [case(1, 60, 9, 3), case(2, 120, 34, 4), case(3, 40, 50, 3)]
golden = {"made_with": f"scikit-learn {sklearn.__version__}", "cases": cases}
(HERE / "lime.json").write_text(json.dumps(golden, separators=(",", ":")) + "\n")
