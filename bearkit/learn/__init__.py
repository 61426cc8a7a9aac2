"""For newcomers: the whole loop on sample photographs, from import to prediction."""
