"""The parts of `scripts/train_reading.py`: documents with labels, and the training of each model."""
