"""What a run may cost and has cost: pure functions of limits, hourly prices and intervals of time."""
