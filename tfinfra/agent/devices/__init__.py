"""What a node really has, found on the node and never taken from the catalog: network interfaces, InfiniBand ports,
GPUs whose driver answers; and the variables of its tasks that follow from that."""
