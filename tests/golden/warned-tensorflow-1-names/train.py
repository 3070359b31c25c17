import tensorflow as tf

x = tf.placeholder(tf.float32)
with tf.Session() as session:
    pass
tf1 = tf.compat.v1
tf1.get_variable('x', [1])
tf.app.run()
