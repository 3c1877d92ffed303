"""Writes scikit-learn.json beside it: what scikit-learn 1.2 and scipy say of 200 seeded problems.

    sudo apt-get install python3-sklearn
    /usr/bin/python3 packages/metrics/goldens/make_goldens.py

The problems themselves are not stored: src/goldens.test.ts evaluates the same formula. Every tenth kind is an edge: classes that
never occur, one class predicted only, nothing right, everything right, one actual class, sure probabilities of 0 and 1, and ties.
NaN is null, where scikit-learn refuses (a ROC of one class) as well as where it says so.
"""

import json
import math
import pathlib
import warnings

import numpy as np
import scipy
import sklearn
from scipy import optimize, special, stats
from sklearn import metrics

warnings.filterwarnings("ignore")
PROBLEMS = 200
AVERAGES = ["micro", "macro", "weighted"]


def scramble(x: int) -> int:
    x = (x ^ (x >> 16)) * 0x7FEB352D & 0xFFFFFFFF
    x = (x ^ (x >> 15)) * 0x846CA68B & 0xFFFFFFFF
    return x ^ (x >> 16)


def problem(p: int):
    """Labels, predictions, classes and probabilities of problem p; all draws are scramble(scramble(p + 1) + position)."""
    base = scramble(p + 1)

    def draw(position: int, below: int) -> int:
        return scramble((base + position) & 0xFFFFFFFF) % below

    kind = p % 10
    classes = 2 + draw(0, 8)
    n = 1 + draw(1, 4 if p % 7 == 0 else 60)
    labels, predicted, rows = [], [], []
    for i in range(n):
        at = 1000 * (i + 1)
        label = draw(at, (classes + 1) // 2 if kind == 3 else classes)
        if kind == 7:
            label = 1
        guess = label if draw(at + 1, 10) < 6 else draw(at + 2, classes)
        if kind == 4:
            guess = 0
        elif kind == 5:
            guess = label
        elif kind == 6:
            guess = (label + 1) % classes
        if kind == 8:
            sure = label if draw(at + 3, 2) else draw(at + 4, classes)
            weights = [1 if k == sure else 0 for k in range(classes)]
        else:
            levels = 3 if kind == 9 else 1000
            weights = [1 + draw(at + 10 + k, levels) for k in range(classes)]
            if draw(at + 5, 3):
                weights[label] += levels
        labels.append(label)
        predicted.append(guess)
        rows.append([w / sum(weights) for w in weights])
    return np.array(labels), np.array(predicted), classes, np.array(rows)


def plain(value):
    if isinstance(value, (list, tuple, np.ndarray)):
        return [plain(v) for v in value]
    value = float(value)
    if math.isnan(value):
        return None
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    # 15 digits: a relative error of 5e-16.
    value = float(f"{value:.15g}")
    return int(value) if value == int(value) else value


def undefined_left_out(labels, predicted, classes):
    """Macro and weighted precision, recall and F1 with zero_division NaN, which scikit-learn has from 1.3 on."""
    tp = np.array([np.sum((labels == k) & (predicted == k)) for k in range(classes)], float)
    pred = np.array([np.sum(predicted == k) for k in range(classes)], float)
    true = np.array([np.sum(labels == k) for k in range(classes)], float)
    out = []
    for scores in (tp / pred, tp / true, 2 * tp / (pred + true)):
        seen = ~np.isnan(scores)
        weights = true[seen]
        out.append(scores[seen].mean())
        out.append(np.average(scores[seen], weights=weights) if weights.sum() > 0 else scores[seen].mean())
    return out


def prf(labels, predicted, average, zero_division, chosen, beta=1.0):
    return metrics.precision_recall_fscore_support(
        labels, predicted, beta=beta, labels=chosen, average=average, zero_division=zero_division
    )[:3]


def auc(positive, scores):
    return metrics.roc_auc_score(positive, scores) if 0 < positive.sum() < len(positive) else math.nan


def expected_calibration_error(labels, rows, bins=15):
    confidence = rows.max(axis=1)
    right = rows.argmax(axis=1) == labels
    # numpy's bins are [low, high), the last one closed.
    edges = np.arange(bins + 1) / bins
    gaps = np.histogram(confidence, edges, weights=right - confidence)[0]
    return np.abs(gaps).sum() / len(labels)


def least_likelihoods(labels, rows):
    """Mean negative log likelihood of logits 3·ln p as they are and at the best temperature from .01 to 100, by Brent's method."""
    if (rows == 0).any():
        return []
    logits = 3 * np.log(rows)
    own = logits[np.arange(len(labels)), labels]

    def likelihood(beta):
        return (special.logsumexp(beta * logits, axis=1) - beta * own).mean()

    def slope(beta):
        return ((special.softmax(beta * logits, axis=1) * logits).sum(axis=1) - own).mean()

    low, high = 0.01, 100
    if slope(low) >= 0:
        beta = low
    elif slope(high) <= 0:
        beta = high
    else:
        beta = optimize.brentq(slope, low, high, xtol=1e-15, rtol=1e-14)
    return [likelihood(1), likelihood(beta)]


def golden(p: int):
    labels, predicted, classes, rows = problem(p)
    every = list(range(classes))
    chosen = every[1::2]
    one_hot = (labels[:, None] == np.arange(classes)).astype(int)
    occurring = len(set(labels)) == classes
    result = {
        "counts": [
            metrics.accuracy_score(labels, predicted),
            *(metrics.cohen_kappa_score(labels, predicted, labels=every, weights=w) for w in (None, "linear", "quadratic")),
            metrics.matthews_corrcoef(labels, predicted),
            metrics.balanced_accuracy_score(labels, predicted),
            metrics.balanced_accuracy_score(labels, predicted, adjusted=True),
        ],
        "byClass": prf(labels, predicted, None, 0, every),
        "averages": [prf(labels, predicted, a, zero, every) for zero in (0, 1) for a in AVERAGES],
        "undefinedLeftOut": undefined_left_out(labels, predicted, classes),
        "fBeta": [prf(labels, predicted, a, 0, every, beta)[2] for beta in (0.5, 2) for a in AVERAGES],
        "chosen": [prf(labels, predicted, a, 0, chosen) for a in AVERAGES],
        "topK": [
            metrics.top_k_accuracy_score(labels, rows, k=k, labels=every) for k in range(1, min(classes - 1, 4))
        ]
        if classes > 2
        else [],
        "logLoss": metrics.log_loss(labels, rows, labels=every),
        "brier": sum(metrics.brier_score_loss(one_hot[:, k], rows[:, k], pos_label=1) for k in every),
        "auc": [auc(one_hot[:, k], rows[:, k]) for k in every],
        # Of two classes roc_auc_score wants one column; and it refuses classes that do not occur.
        "aucAverages": [
            metrics.roc_auc_score(labels, rows, multi_class="ovr", average=a, labels=every)
            for a in ("macro", "weighted")
        ]
        if occurring and classes > 2
        else [],
        "aucMicro": auc(one_hot.ravel(), rows.ravel()),
        "ap": [metrics.average_precision_score(one_hot[:, k], rows[:, k]) for k in every],
        "apAverages": [metrics.average_precision_score(one_hot, rows, average=a) for a in AVERAGES],
        "temperature": least_likelihoods(labels, rows),
        "ece": expected_calibration_error(labels, rows),
    }
    if p % 10 in (0, 9):
        positive, scores = one_hot[:, 0], rows[:, 0]
        fpr, tpr, _ = metrics.roc_curve(positive, scores, drop_intermediate=False)
        precision, recall, thresholds = metrics.precision_recall_curve(positive, scores)
        result["roc"] = [fpr, tpr]
        result["precisionRecall"] = [precision[::-1], recall[::-1], thresholds[::-1]]
    return {name: plain(value) for name, value in result.items()}


def mcnemar(b: int, c: int):
    exact = stats.binomtest(min(b, c), b + c, 0.5).pvalue if b + c else 1.0
    approximate = stats.chi2.sf((abs(b - c) - 1) ** 2 / (b + c), 1) if b + c else 1.0
    return [b, c, plain(exact), plain(approximate)]


PAIRS = [(0, 0), (0, 1), (1, 9), (5, 5), (12, 12), (12, 13), (5, 20), (40, 11), (100, 160), (700, 600), (900, 500), (2000, 2100)]

out = {
    "made": f"scikit-learn {sklearn.__version__}, scipy {scipy.__version__}, numpy {np.__version__}",
    "problems": [golden(p) for p in range(PROBLEMS)],
    "mcnemar": [mcnemar(b, c) for b, c in PAIRS],
}
path = pathlib.Path(__file__).with_name("scikit-learn.json")
lines = ",\n".join(json.dumps(g, separators=(",", ":")) for g in out["problems"])
path.write_text(
    f'{{"made":{json.dumps(out["made"])},\n"mcnemar":{json.dumps(out["mcnemar"], separators=(",", ":"))},\n"problems":[\n{lines}\n]}}\n'
)
print(path.name, path.stat().st_size, "bytes")
