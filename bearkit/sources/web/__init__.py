"""Images from the net: lists of addresses, searches, and how an address is fetched safely."""
