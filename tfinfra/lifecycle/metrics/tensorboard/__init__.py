"""TensorBoard of a run: `mirror.py` brings ./logs here while the run goes on, `board.py` runs TensorBoard on them."""
