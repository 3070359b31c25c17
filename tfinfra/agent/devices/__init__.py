"""What a node really has, found on the node and never taken from the catalog: network interfaces, InfiniBand ports,
GPUs whose driver answers; and what its tasks are told of it."""
