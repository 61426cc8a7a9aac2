"""Pretrained networks: their weights, their ONNX form, and the features that they give an image."""
