"""The machines of scale sets and their interfaces, as ARM shows them."""
