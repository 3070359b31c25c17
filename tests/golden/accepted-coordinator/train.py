from cluster import strategy

print(strategy)
