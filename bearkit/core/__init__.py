"""Small things that everything else needs, and that need nothing of bearkit but its errors."""
