"""The same kind of network as anyone would put it behind a route: the shipped embedding and the
library's bidirectional LSTM in float32, one message a call, no batches, no log.

Its output layer is not trained: how long an answer takes is what is measured, not what it says.

    uvicorn --factory tests.benchmarks.naive_service:create_app
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import torch
from fastapi import FastAPI, Request
from torch import Tensor, nn

from app.settings import Settings
from model.checkpoint import load
from model.mime import parse


class NaiveNetwork(nn.Module):
    """Embeddings, both directions, the mean over time, one linear layer."""

    def __init__(self, words: nn.Embedding, hidden: int) -> None:
        super().__init__()
        self.words = words
        self.lstm = nn.LSTM(words.embedding_dim, hidden, batch_first=True, bidirectional=True)
        self.output = nn.Linear(2 * hidden, 1)

    def forward(self, ids_BT: Tensor) -> Tensor:
        """ids int64 [B, T] -> the probability of spam of each row, float [B]."""
        states_BTD, _ = self.lstm(self.words(ids_BT))
        return torch.sigmoid(self.output(states_BTD.mean(1)).squeeze(1))


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    shipped = load(Settings().model_dir)
    app.state.tokenizer = shipped.tokenizer
    app.state.network = NaiveNetwork(shipped.network.words, shipped.network.config.hidden).eval()
    yield


async def _classify(request: Request) -> dict[str, float]:
    network: NaiveNetwork = request.app.state.network
    words = network.words.num_embeddings
    ids = request.app.state.tokenizer.encode(parse(await request.body())).ids
    with torch.no_grad():  # an unknown word reads as padding
        probability = network(torch.tensor([[n if n < words else 0 for n in ids]]))
    return {"spam_probability": float(probability)}


def create_app() -> FastAPI:
    """For uvicorn's --factory."""
    app = FastAPI(lifespan=_lifespan)
    app.post("/classify")(_classify)
    return app
