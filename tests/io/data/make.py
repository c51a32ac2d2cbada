"""Writes the files of this folder into it: python3 make.py, with numpy, safetensors and pillow installed."""

import pathlib

import numpy as np
from numpy.lib import format as npy
from PIL import Image
from safetensors import TensorSpec, serialize_file
from safetensors.numpy import save_file

here = pathlib.Path(__file__).parent
weight = np.arange(6, dtype=np.float32).reshape(2, 3) / 4
half = np.array([0.5, -3.0], dtype=np.float16)
mask = np.array([True, False, True])

save_file(
    {
        "weight": weight,
        "bias": np.array([1.5, -2.25]),
        "half": half,
        "steps": np.array(2**53 + 1),
        "i32": np.array([-7, 2147483647], dtype=np.int32),
        "i16": np.array([[-300], [300]], dtype=np.int16),
        "i8": np.array([-128, 127, 0], dtype=np.int8),
        "u8": np.array([0, 255], dtype=np.uint8),
        "mask": mask,
        "empty": np.zeros((0, 4), dtype=np.float32),
    },
    here / "numpy.safetensors",
    metadata={"format": "np", "who": 'safetensors "quoted" \u00fc'},
)
bfloat16 = np.array([0x3FC0, 0xC010], dtype=np.uint16)  # 1.5, -2.25
serialize_file({"b": TensorSpec(dtype="bfloat16", shape=[2], data_ptr=bfloat16.ctypes.data, data_len=4)}, here / "bf16.safetensors")

np.save(here / "f32_2x3.npy", weight)
np.save(here / "fortran_i16.npy", np.asfortranarray(np.arange(24, dtype=np.int16).reshape(2, 3, 4)))
np.save(here / "big_endian_f8.npy", np.array([[1.5, -2.0]], dtype=">f8"))
np.save(here / "scalar_i8.npy", np.array(-5))
np.save(here / "bool.npy", mask)
np.save(here / "f16.npy", half)
np.save(here / "u16.npy", np.array([1], dtype=np.uint16))
for version in (2, 3):
    with open(here / f"version{version}.npy", "wb") as file:
        npy.write_array(file, np.array([3, 1, 2], dtype=np.int32), version=(version, 0))
np.savez(here / "plain.npz", a=weight, b=mask)
np.savez_compressed(here / "packed.npz", zeros=np.zeros((50, 40), dtype=np.float32), b=np.arange(5))

rgb = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255]], [[1, 2, 3], [40, 50, 60], [255, 255, 255]]], dtype=np.uint8)
Image.fromarray(rgb).save(here / "rgb.png")
Image.fromarray(rgb[:, :, 0]).save(here / "grey.png")
Image.fromarray(rgb).convert("P").save(here / "palette.png")
Image.fromarray(np.dstack([rgb, np.array([[255, 255, 255], [0, 0, 0]], dtype=np.uint8)])).save(here / "alpha.png")
Image.fromarray(np.array([[0, 65535], [257, 25700]], dtype=np.uint16)).save(here / "grey16.png")
Image.new("RGB", (9, 5), (200, 100, 50)).save(here / "rgb.jpg", quality=95, subsampling=0)
Image.new("L", (3, 8), 100).save(here / "grey.jpg")
Image.new("L", (8, 8), 37).save(here / "progressive.jpg", progressive=True)
