"""Peer (a): the Flask application that gunicorn's sync workers run behind nginx."""

from flask import Flask, Response, request

from benchmarks.peers.frame_codec import CSV, input_fn, load_script, output_fn

app = Flask(__name__)
script, model = load_script()


@app.get("/ping")
def ping() -> Response:
    """Healthy as soon as there is a model."""
    return Response(status=200)


@app.post("/invocations")
def invocations() -> Response:
    """DataFrame in, DataFrame out."""
    frame = input_fn(request.get_data(), request.headers.get("content-type", CSV))
    text, content_type = output_fn(script.predict_fn(frame, model), request.headers.get("accept", CSV))
    return Response(text, mimetype=content_type)
