"""Networks from ONNX files, run by onnxruntime. This is the only place that knows both."""
