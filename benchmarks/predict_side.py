"""One picture at a time with bearkit's Predictor, in a process that never saw torch: prints one JSON object.

python predict_side.py MODEL SPLIT.json
"""

import json
import statistics
import sys
import time
from pathlib import Path

from bearkit import Predictor


def main():
    predictor, times = Predictor(sys.argv[1]), []
    for path in json.loads(Path(sys.argv[2]).read_text())["predict"]:
        clock = time.perf_counter()
        predictor.predict(path)
        times.append(time.perf_counter() - clock)
    print(json.dumps({"predict_ms": statistics.median(times) * 1e3}))


if __name__ == "__main__":
    main()
