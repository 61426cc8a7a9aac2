"""For newcomers: the whole loop on sample photographs."""
