"""Run trainings in separate processes, which continue after the page that started them is closed."""
