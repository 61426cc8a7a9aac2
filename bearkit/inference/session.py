"""Open onnxruntime sessions with the options that bearkit uses."""

from pathlib import Path

import onnxruntime
from onnxruntime import InferenceSession as InferenceSession


def session(path: Path, threads: int) -> InferenceSession:
    """Open an ONNX file on the CPU.

    Args:
        path: the file.
        threads: number of threads that each call uses. Several threads may call the session at the same time.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # who waits keeps no processor busy
    options.add_session_config_entry("session.disable_quant_qdq", "1")  # turn 8-bit weights into floats now, once
    return InferenceSession(path, options, providers=["CPUExecutionProvider"])
