"""The demo of an image classifier: drop a picture, and the page shows its label. Made with bearkit, without torch.

On the Hub the model is in `model/`, beside this file. Elsewhere, run: python app.py MODEL_FOLDER
"""

import sys
from pathlib import Path

from bearkit.inference.predictor import Predictor
from bearkit.web.launch import serve_publicly
from bearkit.web.model_page import demo_page

HERE = Path(__file__).parent

if __name__ == "__main__":
    predictor = Predictor(
        sys.argv[1] if len(sys.argv) > 1 else HERE / "model"
    )  # it checks the predictions of its golden images
    examples = sorted((HERE / "examples").glob("[!.]*"))
    serve_publicly(lambda: demo_page(predictor, examples))
