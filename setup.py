"""The compiled module and the tag of its wheel; everything else stands in pyproject.toml."""

import sysconfig

from setuptools import setup

# One binary serves every CPython from 3.10 on; a free-threaded CPython has no limited API to build against.
free_threaded = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))

setup(
    cffi_modules=["src/threadmill/_native/build.py:ffibuilder"],
    options={} if free_threaded else {"bdist_wheel": {"py_limited_api": "cp310"}},
)
