import horovod.tensorflow.keras as hvd
import tensorflow as tf

hvd.init()
optimizer = hvd.DistributedOptimizer(tf.keras.optimizers.Adam(0.01 * hvd.size()))
