"""The demo of an image classifier: drop a picture, and it says what it is. Made with bearkit; it needs no torch.

On the Hub the model lies beside this file, in `model/`. Elsewhere: python app.py MODEL_FOLDER
"""

import sys
from pathlib import Path

from bearkit.inference.predictor import Predictor
from bearkit.web.launch import serve_publicly
from bearkit.web.model_page import demo_page

HERE = Path(__file__).parent

if __name__ == "__main__":
    predictor = Predictor(sys.argv[1] if len(sys.argv) > 1 else HERE / "model")  # checks its golden pictures
    examples = sorted((HERE / "examples").glob("[!.]*"))
    serve_publicly(lambda: demo_page(predictor, examples))
