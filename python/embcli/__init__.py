"""The token embedding table of a language model: read, measured, compared.

>>> import embcli
>>> m = embcli.open("toy")
>>> m.table.shape
(8192, 4)
>>> ids, scores = m.neighbors(" cat", k=2)
>>> [m.token(i) for i in ids]
[' dog', 'Oran']
"""

from ._model import Key, Model, Neighbors, Table, open
from ._native import Batches, __version__

__all__ = ["Batches", "Key", "Model", "Neighbors", "Table", "__version__", "open"]
