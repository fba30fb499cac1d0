"""Any review, written in a lossy format and read again: what is lost is exactly what is announced."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from strategies import records as reviews

from eaa_graph.model import Records
from eaa_graph.readers import matrix as matrix_reader
from eaa_graph.readers import qdc as qdc_reader
from eaa_graph.readers import qdpx as qdpx_reader
from eaa_graph.validate import validate
from eaa_graph.writers import matrix, qdc, qdpx
from eaa_graph.writers.losses import losses

QUIET = settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


@QUIET
@given(review=reviews())
@pytest.mark.parametrize(
    ("writer", "reader", "name"), [(qdpx, qdpx_reader, "r.qdpx"), (qdc, qdc_reader, "r.qdc")], ids=["qdpx", "qdc"]
)
def test_what_is_lost_is_what_is_announced(
    tmp_path: Path, writer: Any, reader: Any, name: str, review: Records
) -> None:
    if writer is qdc and not review.concepts:
        return
    writer.write(review, tmp_path / name)
    back = validate(reader.read(tmp_path / name)).records
    announced = writer.carried(review)
    for kind in Records.model_fields:
        assert getattr(back, kind) == getattr(announced, kind), kind
    assert losses(review, back, "t").rows == losses(review, announced, "t").rows


@QUIET
@given(review=reviews())
def test_a_matrix_keeps_who_has_what(tmp_path: Path, review: Records) -> None:
    if not matrix.matrix_carried(review):
        return
    matrix.write_matrix(review, tmp_path / "r.csv")
    assert matrix.matrix_carried(validate(matrix_reader.read(tmp_path / "r.csv")).records) == matrix.matrix_carried(
        review
    )
