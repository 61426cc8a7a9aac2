"""A person and the model clean the data together: what to look at next and why, and decisions carried into folders."""
