"""VM sizes, prices, images and what works with which TensorFlow: data files and their typed loaders."""
