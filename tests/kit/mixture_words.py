"""The words of the mixture's calls, as text: numbers, dtypes, layouts, axes, what is wrong among them."""

import numpy as np

UFUNCS = {value.__name__: value for value in vars(np).values() if isinstance(value, np.ufunc)}

# Half of all calls are of these.
MOST_USED = """
    add subtract multiply divide maximum minimum sqrt square absolute negative less equal exp sin
""".split()  # noqa: SIM905

COMPARISONS = {"equal", "not_equal", "less", "less_equal", "greater", "greater_equal"}

# Around vectors, tiles and chunks; large ones are rare.
SIZES = [0, 1, 2, 3, 5, 8, 16, 17, 31, 64, 67, 100, 257, 1000, 1023, 1024, 1025, 1500, 2047, 2048, 2049]
LARGE = [4095, 4096, 4097, 8191, 8192, 8193, 12289, 70003]

# Of mixture_objects.make.
LAYOUTS = """
    strided gaps reversed turned outer_turned fortran fortran_strided permuted broadcast misaligned field
    swapped read_only
""".split()  # noqa: SIM905

CLASSES = ["Plain", "Length", "Handed", "Ignored", "np.matrix", "np.ma.MaskedArray", "np.recarray"]

NUMBERS = """
    0 1 -1 2 3 7 255 -129 300 65536 2**31 2**63 -2**63 2**64 2**200 -1 True False 0.0 -0.0 0.5 1e300 1e-310
    float('nan') float('inf') -float('inf') 1j (1-0j) complex('nan+infj')
    np.bool(True) np.int8(3) np.uint8(200) np.int16(-3) np.int32(7) np.int64(-1) np.uint64(2**63) np.intp(2)
    np.longlong(5) np.ulonglong(6) np.float16(1.5) np.float32(-2) np.float64('nan') np.longdouble(3)
    np.complex64(1+2j) np.complex128(-1j) np.clongdouble(2) np.timedelta64(3,'s') np.datetime64(9,'D')
    np.timedelta64('NaT') Half(2.5) Unit(3) Absolute(4) Color.RED decimal.Decimal('1.5')
    fractions.Fraction(1,3) None 'x' b'x' np.str_('y') np.array(3.0) np.array(2) np.array(True)
    np.array(4).view(Plain) np.array(2.0).view(Handed) np.array(7,'>i4') datetime.timedelta(1) Duck()
    Refuses() object() [1,2] [1.5] (2,) [] [[1],[2]] ['a'] range(3) memoryview(b'abcd') np.void(b'ab') ...
    len
""".split()  # noqa: SIM905

# What tm.scale calls a scalar.
SCALARS = [number for number in NUMBERS if number[0] not in "[(r.mol"]

DTYPES = """
    'f' 'd' 'e' 'g' 'F' 'D' 'i' 'l' 'q' 'b' 'B' '?' 'O' 'S3' 'm8[s]' 'M8[D]' 'm8' 'x' np.float32 np.int64
    np.floating np.inexact np.number np.integer np.generic float int bool complex object str None 3
    np.dtype('f4') np.dtype('>f8') np.dtype('d',metadata={'of':7}) np.dtypes.Float32DType
    np.dtypes.Float64DType np.dtypes.Int64DType np.dtypes.BoolDType np.dtypes.ObjectDType
    np.dtypes.DateTime64DType type(np.dtype('f8')) np.dtypes.StrDType np.dtypes.Float32DType() 'f4,i4' 'V4'
    '>i2' np.void
""".split()  # noqa: SIM905

AXES = """
    None None None 0 0 0 -1 -1 1 1 2 -2 (0,) (0,1) (-1,0) (1,) () (0,0) (0,-2) 5 -5 True False np.int64(0)
    np.int8(-1) np.intp(1) np.bool(True) 1.0 'x' [0] (True,) (0,None) np.array(0) np.array([0]) ... 2**70
""".split()  # noqa: SIM905

KEEPDIMS = ["True", "True", "False", "1", "np.True_", "np._NoValue", "None", "2.5"]

MASKS = ["True", "False", "np.True_", "1", "None", "[True]", "'x'", "np.array(True)", "np.False_"]

STRANGE = ["bogus=1", "axis=0", "axes=[(), (), ()]", "keepdims=True", "extobj=[]", "axis=None"]

# For reduceat, and for at.
INDICES = ["[0]", "[0, 1]", "[0, 2, 1]", "[]", "[0, 9999]", "[-1]", "np.array([0, 1])"]
PLACES = ["[0]", "[0, 1, 0]", "[]", "0", "...", "[0, 9999]", "slice(0, 3)", "-1", "'x'"]

REDUCERS = ["add", "add", "multiply", "minimum", "maximum", "logical_or", "logical_and", "bitwise_xor"]
