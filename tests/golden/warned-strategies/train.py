import tensorflow as tf

strategy = tf.distribute.ParameterServerStrategy(tf.distribute.cluster_resolver.TFConfigClusterResolver())
try:
    import horovod.tensorflow as hvd
except ImportError:
    hvd = None
