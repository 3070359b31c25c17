import json
import os

import tensorflow as tf

cluster = tf.train.ClusterSpec(json.loads(os.environ['TF_CONFIG'])['cluster'])
