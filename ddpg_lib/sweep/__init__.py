"""Many runs as one: seeds, environments and hyperparameters, on one machine or on a cluster."""
