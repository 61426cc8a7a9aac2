"""Trainings in processes of their own, which outlive the page that started them."""
