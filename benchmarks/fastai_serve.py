"""The lecture's own server: Starlette, and `learn.predict` on each file that is posted.

    python fastai_serve.py LEARNER.pkl PORT [--threads]

As in the lecture the handler is async and predicts in it, so requests take turns. With --threads each is answered in a
thread, as Gradio or a Flask server would; fastai was not made for that, which is what it is there to show.
"""

import sys
from io import BytesIO

import uvicorn
from fastai_side import PILImage, load_learner  # patched for a CUDA build of torchvision
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse
from starlette.routing import Route


def main():
    learn = load_learner(sys.argv[1])
    threads = "--threads" in sys.argv

    def said(data):
        with learn.no_bar():
            label, _, probs = learn.predict(PILImage.create(BytesIO(data)))
        return {"label": str(label), "probs": probs.tolist()}

    async def analyze(request):
        form = await request.form()
        data = await form["file"].read()
        return JSONResponse(await run_in_threadpool(said, data) if threads else said(data))

    app = Starlette(routes=[Route("/api/predict", analyze, methods=["POST"])])
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[2]), log_level="error")


if __name__ == "__main__":
    main()
