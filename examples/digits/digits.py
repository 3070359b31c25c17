"""scikit-learn's handwritten digits: 1,797 real images of 8x8 pixels, split the same way in every process."""

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split


def load():
    """Returns (x_train, y_train), (x_test, y_test): float32 [n, 64] in 0..1 and int64 [n]."""
    x, y = load_digits(return_X_y=True)
    x_train, x_test, y_train, y_test = train_test_split(
        (x / 16).astype("float32"), y.astype("int64"), test_size=0.2, random_state=0, stratify=y
    )
    return (x_train, y_train), (x_test, y_test)


def batches(x, y, size, seed):
    """Endless random batches of (x, y)."""
    rng = np.random.default_rng(seed)
    while True:
        pick = rng.integers(0, len(x), size)
        yield x[pick], y[pick]
