#pragma once
// All of fornax's public surface.

#include <fornax/functional/conv.hpp>
#include <fornax/functional/fold.hpp>
#include <fornax/functional/pool.hpp>
#include <fornax/functional/resample.hpp>
#include <fornax/tensor/checkpoint.hpp>
#include <fornax/tensor/tensor.hpp>
