"""Runs the notebooks of this folder: run.py [NOTEBOOK ...]. Needs nbclient and ipykernel.

A cell that raises ends it with exit code 1. The notebooks are not changed.
"""

import sys
from pathlib import Path

import nbclient
import nbformat

HERE = Path(__file__).parent

for path in sys.argv[1:] or sorted(HERE.glob("*.ipynb")):
    notebook = nbformat.read(path, as_version=4)
    nbclient.NotebookClient(notebook, timeout=300, resources={"metadata": {"path": "."}}).execute()
    print(f"{path}: {sum(cell.cell_type == 'code' for cell in notebook.cells)} cells ran")
