"""The demo of an image classifier: drop a picture, and it says what it is. Made with bearkit; it needs no torch."""

from pathlib import Path

from bearkit.page.demo import demo_page
from bearkit.page.launch import serve_publicly
from bearkit.predict import Predictor

HERE = Path(__file__).parent

if __name__ == "__main__":
    predictor = Predictor(HERE / "model")  # checks its golden pictures
    examples = sorted((HERE / "examples").glob("[!.]*"))
    serve_publicly(lambda: demo_page(predictor, examples))
