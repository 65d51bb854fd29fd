"""A grid of models in scikit-learn: joblib runs the fits on threads of a pool, with no copies of the data."""

from typing import Any

import joblib
import numpy as np
from example import compare, figure, options, save
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV
from sklearn.svm import SVC

import threadmill.joblib


def search(grid: dict[str, Any], x: Any, y: Any) -> Any:
    """The accuracy of each fold and model; joblib decides where the fits run."""
    found = GridSearchCV(SVC(), grid, cv=5).fit(x, y)
    return np.array([found.cv_results_[f"split{fold}_test_score"] for fold in range(5)])


def search_on_a_pool(grid: dict[str, Any], x: Any, y: Any) -> Any:
    """The same on all threads of the default pool."""
    threadmill.joblib.register()
    with joblib.parallel_config(backend="threadmill", n_jobs=-1):
        return search(grid, x, y)


def draw(path: Any, grid: dict[str, Any], scores: Any) -> None:
    mean = scores.mean(axis=0).reshape(len(grid["C"]), len(grid["gamma"]))
    drawn = figure(5.6, 3.2)
    axes = drawn.subplots()
    image = axes.imshow(mean, cmap="viridis", origin="lower", aspect="auto")
    for (row, column), value in np.ndenumerate(mean):
        dark = value < mean.min() + 0.6 * np.ptp(mean)
        axes.text(
            column,
            row,
            f"{value:.3f}",
            ha="center",
            va="center",
            color="white" if dark else "black",
            fontsize=9,
        )
    axes.set_xticks(range(len(grid["gamma"])), [f"{each:.1e}" for each in grid["gamma"]])
    axes.set_yticks(range(len(grid["C"])), [f"{each:g}" for each in grid["C"]])
    axes.set(xlabel="gamma", ylabel="C")
    drawn.colorbar(image, ax=axes, label="accuracy, mean of five folds")
    save(drawn, path)


def main() -> None:
    small, picture = options(__doc__)
    x, y = load_digits(return_X_y=True)
    grid: dict[str, Any] = {"C": [0.1, 1.0, 10.0, 100.0], "gamma": [1e-4, 3e-4, 1e-3, 3e-3, 1e-2]}
    if small:
        x, y, grid = x[:200], y[:200], {"C": [1.0, 10.0], "gamma": [1e-3, 1e-2]}
    fits = 5 * len(grid["C"]) * len(grid["gamma"])
    scores = compare(
        f"{fits} fits; before: one after the other",
        lambda: search(grid, x, y),
        lambda: search_on_a_pool(grid, x, y),
        rounds=1 if small else 3,
    )
    if picture:
        draw(picture, grid, scores)


if __name__ == "__main__":
    main()
