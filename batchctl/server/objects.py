"""The JSON objects of the API, made from rows."""

from __future__ import annotations

from typing import Any

import orjson

from batchctl.server.batches import Batch
from batchctl.server.files import StoredFile
from batchctl.server.shapes import Shape

Object = dict[str, Any]


def file_object(file: StoredFile, shape: Shape) -> Object:
    """A File."""
    made = {
        "object": "file",
        "id": file.id,
        "purpose": file.purpose,
        "filename": file.filename,
        "bytes": file.bytes,
        "created_at": file.created_at,
        "expires_at": file.expires_at,
        "status": "processed",
        "status_details": None,
    }
    return {name: value for name, value in made.items() if name not in shape.file_omits}


def batch_object(
    batch: Batch, expires_at: int, shape: Shape, nulls: frozenset[str] = frozenset()
) -> Object:
    """A Batch; `expires_at` moves with the server's downtime while the batch lives."""
    made = _batch_object(batch, expires_at, shape)
    hidden = shape.batch_nulls | nulls
    return {
        name: None if name in hidden else value
        for name, value in made.items()
        if name not in shape.batch_omits
    }


def _batch_object(batch: Batch, expires_at: int, shape: Shape) -> Object:
    return {
        "id": batch.id,
        "object": "batch",
        "endpoint": batch.endpoint,
        "model": batch.model,
        "errors": shape.errors(orjson.loads(batch.errors)) if batch.errors else None,
        "input_file_id": batch.input_file_id,
        "completion_window": batch.completion_window,
        "status": dict(shape.status_words).get(batch.status, batch.status),
        "output_file_id": batch.output_file_id,
        "error_file_id": batch.error_file_id,
        "created_at": batch.created_at,
        "in_progress_at": batch.in_progress_at,
        "expires_at": expires_at,
        "finalizing_at": batch.finalizing_at,
        "completed_at": batch.completed_at,
        "failed_at": batch.failed_at,
        "expired_at": batch.expired_at,
        "cancelling_at": batch.cancelling_at,
        "cancelled_at": batch.cancelled_at,
        "request_counts": {"total": batch.total, "completed": batch.completed, "failed": batch.failed},
        "usage": {
            "input_tokens": batch.input_tokens,
            "input_tokens_details": {"cached_tokens": batch.cached_tokens},
            "output_tokens": batch.output_tokens,
            "output_tokens_details": {"reasoning_tokens": batch.reasoning_tokens},
            "total_tokens": batch.input_tokens + batch.output_tokens,
        },
        "metadata": orjson.loads(batch.metadata) if batch.metadata else None,
    }
