#pragma once
// The records of fornax: named arrays in files. (.npz, which needs zlib, is fornax/data/npz.hpp.)

#include <fornax/io/checkpoint.hpp>
#include <fornax/io/model.hpp>
#include <fornax/io/npy.hpp>
#include <fornax/io/safetensors.hpp>
#include <fornax/io/state_dict.hpp>
