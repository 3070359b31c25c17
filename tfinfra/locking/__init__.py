"""The lock of a manifest, `<stem>.lock.yaml`: what its runs are made of, exactly. Pure: text and values alone."""
