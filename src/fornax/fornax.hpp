#pragma once
// All of fornax's public surface.

#include <fornax/functional/functional.hpp>
#include <fornax/tensor/checkpoint.hpp>
#include <fornax/tensor/tensor.hpp>
#include <fornax/tensor/transforms/transforms.hpp>
