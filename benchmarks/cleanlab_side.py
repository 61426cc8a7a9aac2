"""cleanlab's side of `benchmarks.wrong_labels`; runs in an environment of its own and prints one JSON object.

    python cleanlab_side.py FEATURES.npz

FEATURES.npz: x float32 (N, D), given int (N,). Probabilities out of sample as its documentation has them:
scikit-learn's logistic regression on standardised features, in five folds; then `find_label_issues`, ranked by
self-confidence, and after those all others by the same score.
"""

import json
import sys
import warnings

import numpy as np
from cleanlab.filter import find_label_issues
from cleanlab.rank import get_label_quality_scores
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

warnings.filterwarnings("ignore")


def main():
    with np.load(sys.argv[1]) as file:
        features, given = file["x"], file["given"]
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    probs = cross_val_predict(model, features, given, cv=5, method="predict_proba")
    first = find_label_issues(given, probs, return_indices_ranked_by="self_confidence").tolist()
    by_score = np.argsort(get_label_quality_scores(given, probs), kind="stable").tolist()
    print(json.dumps({"ranking": first + [row for row in by_score if row not in set(first)]}))


if __name__ == "__main__":
    main()
