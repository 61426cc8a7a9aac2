"""Run trainings in processes of their own, which go on after the page that started them is closed."""
