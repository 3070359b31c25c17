"""HyperDrive's names for a search in Python: expressions, samplings, policies, and the configuration that is submitted.

ps = RandomParameterSampling({"--learning-rate": loguniform(-9.2, -2.3), "--batch-size": choice(32, 64, 128)})
config = HyperDriveConfig(ps, "validation_acc", PrimaryMetricGoal.MAXIMIZE, max_total_runs=40, max_concurrent_runs=4,
                          policy=BanditPolicy(slack_factor=0.1, delay_evaluation=5), estimator=est)
"""
