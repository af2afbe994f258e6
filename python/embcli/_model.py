"""What people type, made plain for the native half."""

from __future__ import annotations

import json
import operator
import os
from collections.abc import Iterator, Sequence
from typing import Any, Literal, NamedTuple, SupportsIndex, TypeAlias, cast, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _native

#: Which rows: an ID, a token's text, a slice, or several IDs or texts.
Key: TypeAlias = (
    SupportsIndex | str | slice | range | Sequence[int] | Sequence[str] | NDArray[np.integer[Any]]
    | NDArray[np.bool_]
)
Metric: TypeAlias = Literal["cosine", "dot", "l2"]


class Table(NamedTuple):
    """The table of a model."""

    #: The name of the tensor.
    name: str
    #: The number of rows, and of values in each.
    shape: tuple[int, int]
    #: The type that the rows are stored in, such as ``"Q8_0"``.
    dtype: str
    #: The stored size in bytes.
    nbytes: int


class Neighbors(NamedTuple):
    """The nearest rows, the nearest first: one axis for one query, two for several."""

    ids: NDArray[np.int64]
    scores: NDArray[np.float64]


def open(
    model: str | os.PathLike[str],
    *,
    tensor: str = "token_embd.weight",
    fetch_table: bool = False,
) -> Model:
    """Opens a model.

    ``model`` is what the program takes: a path of a GGUF file, a ``.safetensors`` file or
    a checkpoint's folder, a name in a local store (``ollama:gemma3``), an address
    (``hf://org/repo/file``, ``https://...``), or ``toy``. ``tensor`` names another tensor
    with a row per token. ``fetch_table`` lets the whole table of a remote model be fetched,
    once, if a method needs all of it.

    Only the header is read. Files are read, not mapped: one that becomes shorter raises.
    """
    return Model(_native.Model(model, tensor, fetch_table))


class Model:
    """An open model. Several threads can use it, and processes get it by its name."""

    __slots__ = ("_model",)

    def __init__(self, model: _native.Model) -> None:
        self._model = model

    def __reduce__(self) -> tuple[Any, ...]:
        m = self._model
        return _reopen, (m.name, m.asked, m.fetch_table)

    def __repr__(self) -> str:
        rows, values = self.shape
        table = f"{self._model.tensor} [{rows}, {values}] {self._model.dtype}"
        return f"<embcli.Model {self.name!r}: {table}>"

    @property
    def name(self) -> str:
        """The name that opens the model again; of a file, the whole path."""
        return self._model.name

    @property
    def table(self) -> Table:
        """The name, shape, type and size of the table."""
        m = self._model
        return Table(m.tensor, m.shape, m.dtype, m.nbytes)

    @property
    def shape(self) -> tuple[int, int]:
        """The number of rows, and of values in each."""
        return self._model.shape

    @property
    def notes(self) -> list[str]:
        """What is unusual about the model, in words."""
        return self._model.notes

    def __len__(self) -> int:
        return self.shape[0]

    def __iter__(self) -> Iterator[NDArray[np.float32]]:
        for id in range(len(self)):
            yield self[id]

    def __contains__(self, token: object) -> bool:
        """Whether a token has this text, or a row this ID."""
        if isinstance(token, str):
            try:
                self.id(token)
            except KeyError:
                return False
            return True
        return isinstance(token, SupportsIndex) and 0 <= operator.index(token) < len(self)

    def __getitem__(self, key: Key) -> NDArray[np.float32]:
        """Rows as float32: one axis for an ID or a text, two for several of them."""
        ids, shape = self._ids(key)
        return self._rows(ids).reshape(*shape, self.shape[1])

    def id(self, text: str) -> int:
        """The ID of the row of the token with this text; ``KeyError`` if there is none."""
        return int(self._model.ids([text])[0])

    @overload
    def token(self, key: int | np.integer[Any]) -> str | None: ...
    @overload
    def token(
        self, key: slice | range | Sequence[int] | NDArray[np.integer[Any]]
    ) -> list[str | None]: ...
    def token(self, key: Key) -> str | None | list[str | None]:
        """The text of a row's token, or a list of texts; ``None`` for a row without one.

        Bytes that are not UTF-8 are replaced; :meth:`token_bytes` returns them.
        """
        ids, shape = self._ids(key)
        tokens = self._model.tokens(ids)
        return tokens if shape else tokens[0]

    def token_bytes(self, id: SupportsIndex) -> bytes | None:
        """The bytes of a row's token; ``None`` for a row without one."""
        return self._model.token_bytes(int(self._ids(id)[0][0]))

    def tokenize(
        self, text: str, *, add_special: bool = True, parse_special: bool = True
    ) -> list[int]:
        """The token IDs of a text, as llama.cpp encodes it.

        ``add_special`` adds the tokens that the model wants around a text;
        ``parse_special`` finds special tokens in the text.
        """
        return self._model.tokenize(text, add_special, parse_special)

    def neighbors(
        self,
        query: Key | ArrayLike,
        k: int = 10,
        *,
        metric: Metric = "cosine",
        threads: int | None = None,
        strict: bool = True,
    ) -> Neighbors:
        """The ``k`` nearest rows of tokens (IDs, texts, a slice), or of vectors of floats.

        Scores are exact: float64 sums over the float32 values. Equal scores are in the order
        of their IDs. A row is no neighbour of itself. There are fewer than ``k`` if the table
        has fewer rows with a direction.

        A row without a direction (all zeros, NaN) raises. With ``strict=False`` its IDs are -1
        and its scores NaN.
        """
        k = operator.index(k)
        if k < 1:
            raise ValueError(f"k is {k}: it must be at least 1")
        if threads is not None and threads < 1:
            raise ValueError(f"threads is {threads}: it must be at least 1")
        vectors = _vectors(query)
        if vectors is None:
            ids, shape = self._ids(cast(Key, query))
            found = self._model.neighbors_of_ids(ids, k, metric, threads, strict)
        else:
            if vectors.ndim == 0 or vectors.shape[-1] != self.shape[1]:
                raise ValueError(
                    f"these vectors have the shape {vectors.shape}; the rows have "
                    f"{self.shape[1]} values"
                )
            shape = vectors.shape[:-1]
            rows = np.ascontiguousarray(vectors, np.float32).reshape(-1, self.shape[1])
            found = self._model.neighbors_of_vectors(rows, k, metric, threads, strict)
        near, scores, n = found
        return Neighbors(near.reshape(*shape, n), scores.reshape(*shape, n))

    def stats(self, *, threads: int | None = None) -> dict[str, Any]:
        """The shape of the cloud of rows: the JSON of the program's ``stats``."""
        return cast("dict[str, Any]", json.loads(self._model.stats(threads)))

    def check(
        self, other: str | os.PathLike[str] | None = None, *, strict: bool = False
    ) -> dict[str, Any]:
        """What is wrong with the model: the JSON of the program's ``check``.

        ``other`` is another version of it to compare with.
        """
        return cast("dict[str, Any]", json.loads(self._model.check(other, strict)))

    def batches(self, key: slice = slice(None), *, size: int = 8192) -> _native.Batches:
        """Rows as a stream of Arrow batches, for any library with Arrow's PyCapsule interface.

        The columns are ``id``, ``token``, ``norm`` and ``embedding``. A batch is read when
        the stream comes to it. ``pyarrow.table(m.batches())`` is the whole table.
        """
        start, stop, step = key.indices(len(self))
        if step != 1:
            raise ValueError(f"batches have consecutive rows: a step of {step} is not possible")
        if size < 1:
            raise ValueError(f"size is {size}: it must be at least 1")
        return self._model.batches(start, stop, size)

    def frame(
        self, what: Key | Neighbors = slice(None), *, to: Literal["pandas", "polars"] = "pandas"
    ) -> Any:
        """A frame of pandas or polars.

        Of rows: ``id``, ``token``, ``norm``, ``embedding``. Of :class:`Neighbors`: ``query``
        (the position of the query), ``rank``, ``id``, ``token``, ``score``. A query without
        neighbours has no line.
        """
        if isinstance(what, Neighbors):
            ids = np.atleast_2d(what.ids)
            n, k = ids.shape
            found = ids.ravel() >= 0
            near = ids.ravel()[found]
            columns: dict[str, Any] = {
                "query": np.repeat(np.arange(n), k)[found],
                "rank": np.tile(np.arange(1, k + 1), n)[found],
                "id": near,
                "token": self.token(near),
                "score": np.atleast_2d(what.scores).ravel()[found],
            }
        else:
            numbers = self._ids(what)[0]
            rows = self._rows(numbers)
            columns = {
                "id": numbers.astype(np.int64),
                "token": self._model.tokens(numbers),
                "norm": _native.norms(rows),
                "embedding": list(rows) if to == "pandas" else rows,
            }
        if to == "pandas":
            return _library("pandas").DataFrame(columns)
        if to == "polars":
            return _library("polars").DataFrame(columns)
        raise ValueError(f'to is {to!r}: use "pandas" or "polars"')

    def _rows(self, ids: NDArray[np.uint64]) -> NDArray[np.float32]:
        """The rows of IDs. NumPy makes the array, and tells if memory is short."""
        rows = np.zeros((ids.size, self.shape[1]), np.float32)
        self._model.rows(ids, rows)
        return rows

    def _ids(self, key: Key) -> tuple[NDArray[np.uint64], tuple[int, ...]]:
        """The IDs of a key, flat, and the shape that they had."""
        if isinstance(key, str):
            return self._model.ids([key]), ()
        if isinstance(key, slice):
            key = range(*key.indices(len(self)))
        array = np.asarray(key)
        if array.dtype.kind in "UOT" and array.ndim == 1:
            # NumPy strips NULs at the end of a text; the list still has them.
            return self._model.ids(list(cast("Sequence[str]", key))), array.shape
        if array.dtype.kind == "b":
            if array.shape != (len(self),):
                raise IndexError(
                    f"a mask has one flag per row: shape {(len(self),)}, not {array.shape}"
                )
            array = np.flatnonzero(array)
        if array.size == 0:
            array = array.astype(np.int64)
        if array.dtype.kind not in "iu":
            raise TypeError(
                f"rows are chosen by IDs, texts or a slice, not by {type(key).__name__} of "
                f"{array.dtype}"
            )
        if array.dtype.kind == "i" and (array < 0).any():
            below = array[array < -len(self)]
            if below.size:
                raise IndexError(
                    f"token ID {below.flat[0]} is out of range: this table has {len(self)} rows"
                )
            array = np.where(array < 0, array + len(self), array)
        return np.ascontiguousarray(array, np.uint64).reshape(-1), array.shape


def _reopen(name: str, tensor: str, fetch_table: bool) -> Model:
    return open(name, tensor=tensor, fetch_table=fetch_table)


def _vectors(query: object) -> NDArray[np.floating[Any]] | None:
    """The query as an array, if it has vectors and not IDs or texts."""
    if isinstance(query, (str, slice, range, SupportsIndex)) and not isinstance(query, np.ndarray):
        return None
    array = np.asarray(query)
    return array if array.dtype.kind == "f" and (array.size or array.ndim > 1) else None


def _library(name: str) -> Any:
    try:
        return __import__(name)
    except ImportError as error:
        raise ImportError(f"frame(to={name!r}) needs {name}: pip install {name}") from error
