"""What training sees: which pictures, with which targets, in which split."""
