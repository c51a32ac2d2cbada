#pragma once
// All of fornax's public surface.

#include <fornax/tensor/checkpoint.hpp>
#include <fornax/tensor/tensor.hpp>
