"""What a Python user would do first: TF-IDF and logistic regression behind one route. Learns when
it starts, from the mails below $BENCH_MAILS; keeps no log.

    BENCH_MAILS=build/bench/mails uvicorn --factory tests.benchmarks.tfidf_service:create_app
"""

import email
import email.policy
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI, Request
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline


def text_of(raw: bytes) -> str:
    """Subject and text as the standard library reads them."""
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    try:
        body = mail.get_body(("plain", "html"))
        content = body.get_content() if body is not None else ""
        return f"{mail['subject']}\n{content}"
    except (LookupError, ValueError, AttributeError):  # a charset or a header that it cannot read
        return raw.decode("latin-1")


def learn(folder: Path) -> Pipeline:
    """The model, of the mails in `ham` and `spam` there."""
    kinds = [sorted((folder / kind).iterdir()) for kind in ("ham", "spam")]
    texts = [text_of(file.read_bytes()) for files in kinds for file in files]
    labels = [kind == 1 for kind in (0, 1) for _ in kinds[kind]]
    vectorizer = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True)
    return make_pipeline(vectorizer, LogisticRegression(C=10, max_iter=1000)).fit(texts, labels)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    app.state.model = learn(Path(os.environ["BENCH_MAILS"]))
    yield


async def _classify(request: Request) -> dict[str, float]:
    text = text_of(await request.body())
    return {"spam_probability": float(request.app.state.model.predict_proba([text])[0, 1])}


def create_app() -> FastAPI:
    """For uvicorn's --factory."""
    app = FastAPI(lifespan=_lifespan)
    app.post("/classify")(_classify)
    return app
