"""Values of large libraries in a kernel of their own environment: each is told, and none runs, reads or copies anything."""

from __future__ import annotations

from pathlib import Path

import pytest
from jupyter_client.manager import AsyncKernelManager

from jupyter_agent.kernels.remote import RemoteKernel
from jupyter_agent.kernels.transport import ZmqTransport
from tests.support.environments import create_environment, kernel_specs

LIBRARIES = "ipykernel jax xarray dask[array,dataframe] statsmodels geopandas scikit-learn pyarrow duckdb h5py zarr tensorflow-cpu ray"
MAKE = """
import dask, dask.array, dask.bag, dask.dataframe, duckdb, geopandas, h5py, jax, jax.numpy, numpy, pandas, pyarrow
import sklearn.linear_model, sklearn.pipeline, sklearn.preprocessing, statsmodels.api, xarray, zarr
import tensorflow, ray
from shapely.geometry import Point
ran = []
dask.config.set(scheduler=lambda *a, **k: ran.append(a))
on_device = jax.numpy.ones((2, 3))
labelled = xarray.DataArray(numpy.zeros((2, 3)), dims=('t', 'x'))
dataset = labelled.to_dataset(name='v')
blocks = dask.array.ones((4, 4))
job = dask.delayed(ran.append)(1)
parts = dask.dataframe.from_pandas(pandas.DataFrame({'a': [1, 2]}), npartitions=1)
bag = dask.bag.from_sequence([1, 2])
design = statsmodels.api.add_constant(numpy.arange(10.0))
results = statsmodels.api.OLS(design[:, 1] * 2 + 1, design).fit()
places = geopandas.GeoDataFrame({'n': [1]}, geometry=[Point(0, 0)])
pipe = sklearn.pipeline.make_pipeline(sklearn.preprocessing.StandardScaler(), sklearn.linear_model.LinearRegression())
pipe.fit([[1.0], [2.0]], [1, 2])
raw = sklearn.linear_model.LinearRegression()
table = pyarrow.table({'a': [1, None]})
batch = table.to_batches()[0]
chunks = table['a']
database = duckdb.connect()
relation = database.sql('select 1 as a')
file = h5py.File('x.h5', 'w')
stored = file.create_dataset('d', (3,))
grid = zarr.zeros((3, 3))
tensor = tensorflow.constant([[1.0, 2.0]])
weights = tensorflow.Variable([1, 2])
numbers = tensorflow.data.Dataset.range(3).map(lambda n: ran.append(n) or n)
ran.clear()
ray.init(num_cpus=1, include_dashboard=False, log_to_driver=False)
reference = ray.put(1)
None
"""
EXPECTED = {
    "on_device": ("array", "ArrayImpl 2 × 3 float32 on cpu:0"),
    "labelled": ("array", "DataArray (t: 2, x: 3) float64"),
    "dataset": ("object", "Dataset (t: 2, x: 3)"),
    "blocks": ("connection", "<dask.array.core.Array>"),
    "job": ("connection", "<dask.delayed.Delayed>"),
    "parts": ("connection", "<dask.dataframe.dask_expr._collection.DataFrame>"),
    "bag": ("connection", "<dask.bag.core.Bag>"),
    "results": ("object", "results of OLS"),
    "places": ("frame", "GeoDataFrame 1 × 2"),
    "pipe": ("object", "Pipeline(steps=list, 2 items, transform_input=None, memory=None), fitted"),
    "raw": ("object", "LinearRegression(fit_intercept=True, copy_X=True, tol=1e-06), not fitted"),
    "table": ("frame", "Table 2 × 1 (pyarrow)"),
    "batch": ("frame", "RecordBatch 2 × 1 (pyarrow)"),
    "chunks": ("series", "ChunkedArray 2 int64"),
    "database": ("connection", "<_duckdb.DuckDBPyConnection>"),
    "relation": ("connection", "<duckdb._relation.DuckDBPyRelation>"),
    "file": ("connection", "<h5py._hl.files.File>"),
    "stored": ("connection", "<h5py._hl.dataset.Dataset>"),
    "tensor": ("array", "EagerTensor 1 × 2 float32 on CPU:0"),
    "weights": ("array", "ResourceVariable 2 int32 on CPU:0"),
    "reference": ("connection", "<ray.ObjectRef>"),
    "grid": ("connection", "<zarr.core.array.Array>"),
}


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_V8_values_of_large_libraries_are_told_without_work(tmp_path: Path) -> None:
    python = create_environment(tmp_path, *LIBRARIES.split())
    specs = kernel_specs(tmp_path, str(python), "-m", "ipykernel_launcher")
    manager = AsyncKernelManager(kernel_name="other", kernel_spec_manager=specs)
    await manager.start_kernel(cwd=str(tmp_path))
    kernel = RemoteKernel(
        ZmqTransport(manager.client()), "k", interrupt=manager.interrupt_kernel, is_alive=manager.is_alive
    )
    result = await kernel.execute(MAKE, timeout=300)
    assert result.status == "ok", result.text
    state = await kernel.state(timeout=30)
    assert {name: (state.variables[name].kind, state.variables[name].summary) for name in EXPECTED} == EXPECTED
    inspected = {name: await kernel.inspect(name) for name in EXPECTED}
    assert {name: (variable.kind, variable.summary) for name, variable in inspected.items()} == EXPECTED
    assert (await kernel.execute("print(ran)", timeout=20)).text == "[]\n"
    await kernel.close()
    await manager.shutdown_kernel(now=True)
