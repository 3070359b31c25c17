"""The Python face of the same pipeline, with the names of the estimator that this project succeeds:

est = TensorFlow(source_directory="./src", entry_script="train.py", node_count=2, distributed_backend="mpi")
run = Experiment("digits").submit(est)
run.wait_for_completion(show_output=True)
"""
