"""onnxruntime, set up the one way we use it."""

from pathlib import Path

import onnxruntime
from onnxruntime import InferenceSession as InferenceSession


def session(path: Path, threads: int) -> InferenceSession:
    """A session whose calls use this many threads each; calls may come from several threads at once."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.add_session_config_entry("session.disable_quant_qdq", "1")  # 8-bit weights become floats once, now
    return InferenceSession(path, options, providers=["CPUExecutionProvider"])
