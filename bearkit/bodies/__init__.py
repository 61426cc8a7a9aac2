"""Pretrained networks (bodies): weights, conversion to ONNX, and the features and pixels computed for each image."""
